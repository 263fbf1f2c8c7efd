// Questions that several kinds of surface ask of a syntax tree.
import { child, children, nameOf, nodesOf, type SyntaxNode, walk } from '../source-file.ts';

/** The cases of every `switch` in a node, without defaults: a test, and what is done. Cases that fall through share it. */
export function switchCases(node: SyntaxNode): { test: SyntaxNode; body: SyntaxNode[] }[] {
  return nodesOf(node, 'SwitchStatement').flatMap((statement) => {
    const all = children(statement, 'cases');
    return all.flatMap((each, index) => {
      const test = each['test'] as SyntaxNode | null;
      const body = all.slice(index).find((later) => children(later, 'consequent').length > 0);
      return test === null ? [] : [{ test, body: body === undefined ? [] : children(body, 'consequent') }];
    });
  });
}

/** Identifiers in a node whose names match, each once. */
export function identifiersIn(node: SyntaxNode, pattern: RegExp): string[] {
  const names = new Set<string>();
  walk(node, (each) => {
    const name = each.type === 'Identifier' ? nameOf(each) : undefined;
    if (name !== undefined && pattern.test(name)) names.add(name);
  });
  return [...names];
}

/** Calls of a function or method in a node. */
export function callsOf(node: SyntaxNode, name: string): SyntaxNode[] {
  return nodesOf(node, 'CallExpression').filter((call) => {
    const callee = child(call, 'callee');
    return nameOf(callee.type === 'MemberExpression' ? child(callee, 'property') : callee) === name;
  });
}

/** The properties of the object that an initialiser is, whatever is wrapped around it. */
export function objectProperties(node: SyntaxNode): { name: string; node: SyntaxNode }[] {
  const object = nodesOf(node, 'ObjectExpression')[0];
  return (object === undefined ? [] : children(object, 'properties')).flatMap((property) => {
    const name = property.type === 'Property' ? nameOf(child(property, 'key')) : undefined;
    return name === undefined ? [] : [{ name, node: property }];
  });
}

/** The members of a union of object types, by the literal in their field `type`. */
export function unionMembers(node: SyntaxNode): { name: string; node: SyntaxNode }[] {
  const union = child(node, 'typeAnnotation');
  return (union.type === 'TSUnionType' ? children(union, 'types') : [union]).flatMap((member) => {
    const field = children(member, 'members').find((each) => nameOf(each['key'] as SyntaxNode) === 'type');
    const literal = field === undefined ? undefined : nodesOf(field, 'TSLiteralType')[0];
    const name = literal === undefined ? undefined : nameOf(child(literal, 'literal'));
    return name === undefined ? [] : [{ name, node: member }];
  });
}

/**
 * What a function compares one of the named variables with: in a `switch`, by ==, < and >=. That is how a device finds the
 * register that an offset is.
 */
export function selectorsIn(node: SyntaxNode, variables: readonly string[], textOf: TextOf): string[] {
  const found: string[] = [];
  const mentions = (part: SyntaxNode): boolean =>
    nodesOf(part, 'Identifier').some((each) => variables.includes(nameOf(each) ?? ''));
  walk(node, (each) => {
    if (each.type === 'SwitchStatement' && mentions(child(each, 'discriminant'))) {
      found.push(...switchCases(each).map(({ test }) => textOf(test)));
    }
    if (each.type !== 'BinaryExpression' || !/^(===?|<|>=)$/.test(each['operator'] as string)) return;
    const [left, right] = [child(each, 'left'), child(each, 'right')];
    if (!mentions(left)) return;
    const operator = (each['operator'] as string).replace(/^===?$/, '');
    found.push(`${operator}${textOf(right)}`);
  });
  return [...new Set(found)];
}

export type TextOf = (node: { start: number; end: number }) => string;
