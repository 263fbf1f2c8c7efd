// One source file, as far as the attack-surface listing looks into it: its declarations, what they refer to in the same
// file, and the text that a hash is made of. TypeScript and AssemblyScript alike.
import { join } from 'node:path';
import { parseSync } from 'rolldown/utils';

/** A node of the syntax tree (ESTree with the parser's TypeScript nodes), looked at by name. */
export interface SyntaxNode {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [field: string]: unknown;
}

interface Declaration {
  node: SyntaxNode;
  isExported: boolean;
}

const isNode = (value: unknown): value is SyntaxNode =>
  typeof value === 'object' && value !== null && typeof (value as SyntaxNode).type === 'string';

/** Calls `visit` for the node and everything in it; what `visit` answers with false is not entered. */
export function walk(
  node: SyntaxNode,
  visit: (node: SyntaxNode, parent?: SyntaxNode) => unknown,
  parent?: SyntaxNode,
): void {
  if (visit(node, parent) === false) return;
  for (const value of Object.values(node)) {
    if (Array.isArray(value)) for (const item of value) if (isNode(item)) walk(item, visit, node);
    if (isNode(value)) walk(value, visit, node);
  }
}

/** Every node in `node` of a type, in order. */
export function nodesOf(node: SyntaxNode, type: string): SyntaxNode[] {
  const found: SyntaxNode[] = [];
  walk(node, (each) => {
    if (each.type === type) found.push(each);
  });
  return found;
}

export const child = (node: SyntaxNode, field: string): SyntaxNode => node[field] as SyntaxNode;
export const children = (node: SyntaxNode, field: string): SyntaxNode[] =>
  ((node[field] ?? []) as (SyntaxNode | null)[]).filter((each) => each !== null);
/** The name of an identifier, of a private one with its `#`, or the value of a string; else undefined. */
export function nameOf(node: SyntaxNode | undefined | null): string | undefined {
  if (node?.type === 'Identifier') return node['name'] as string;
  if (node?.type === 'PrivateIdentifier') return `#${node['name']}`;
  return node?.type === 'Literal' && typeof node['value'] === 'string' ? node['value'] : undefined;
}

/** Names that a node refers to: not keys of objects, not members but those of `this`. */
function referencesIn(node: SyntaxNode): Set<string> {
  const names = new Set<string>();
  walk(node, (each, parent) => {
    const name = nameOf(each);
    if (name === undefined || each.type === 'Literal') return;
    const isMember =
      parent?.type === 'MemberExpression' && parent['property'] === each && !parent['computed'];
    const isOwn = isMember && child(parent, 'object').type === 'ThisExpression';
    const isKey = parent?.type === 'Property' && parent['key'] === each && parent['shorthand'] !== true;
    if ((!isMember && !isKey) || isOwn) names.add(isOwn ? `this.${name}` : name);
  });
  return names;
}

export class SourceFile {
  readonly path: string;
  readonly program: SyntaxNode;
  readonly declarations = new Map<string, Declaration>();
  /** Local name → where it comes from, a path from the project's top. */
  readonly imports = new Map<string, { file: string; name: string }>();
  readonly text: string;
  readonly #comments: readonly { start: number; end: number }[];

  /** @param path from the project's top @throws when it does not parse */
  constructor(path: string, text: string) {
    this.path = path;
    this.text = text;
    const { program, comments, errors } = parseSync(path, this.text);
    if (errors.length > 0) throw new Error(`${path}: ${errors[0]?.message}`);
    this.program = program as unknown as SyntaxNode;
    this.#comments = comments;
    for (const statement of children(this.program, 'body')) this.#note(statement);
  }

  #note(statement: SyntaxNode): void {
    if (statement.type === 'ImportDeclaration') {
      const from = nameOf(child(statement, 'source')) ?? '';
      if (!from.startsWith('.')) return;
      for (const specifier of children(statement, 'specifiers')) {
        const local = nameOf(child(specifier, 'local')) ?? '';
        this.imports.set(local, {
          file: join(this.path, '..', from),
          name: nameOf(specifier['imported'] as SyntaxNode) ?? local,
        });
      }
      return;
    }
    const isExported = statement.type === 'ExportNamedDeclaration';
    const node = isExported ? (statement['declaration'] as SyntaxNode | null) : statement;
    if (node === null) return;
    const named = node.type === 'VariableDeclaration' ? children(node, 'declarations') : [node];
    for (const each of named) {
      const name = nameOf(each['id'] as SyntaxNode | null);
      if (name !== undefined) this.declarations.set(name, { node: each, isExported });
    }
  }

  /** The declaration of `name`, or of a class's member as `Class.member`. @throws when there is none */
  find(name: string): SyntaxNode {
    const [outer = '', member] = name.split('.');
    const found = this.declarations.get(outer)?.node;
    if (found === undefined) throw new Error(`${this.path} declares no ${outer}`);
    return member === undefined ? found : this.#member(found, member);
  }

  isExported(name: string): boolean {
    return this.declarations.get(name.split('.')[0] as string)?.isExported ?? false;
  }

  #member(owner: SyntaxNode, name: string): SyntaxNode {
    const members = children((owner['body'] ?? owner) as SyntaxNode, 'body');
    const found = members.find((each) => nameOf(each['key'] as SyntaxNode) === name);
    if (found === undefined) throw new Error(`${this.path} has no ${name} in ${nameOf(child(owner, 'id'))}`);
    return found;
  }

  /** A node's source without comments and without how it is laid out. */
  textOf(node: { start: number; end: number }): string {
    let text = '';
    let at = node.start;
    for (const comment of this.#comments) {
      if (comment.start < at || comment.end > node.end) continue;
      text += `${this.text.slice(at, comment.start)} `;
      at = comment.end;
    }
    return (text + this.text.slice(at, node.end)).replaceAll(/\s+/g, ' ').trim();
  }

  /**
   * What a declaration is made of: itself and every declaration of the same file that it leads to, in the order of the
   * file; of a class's member, the members that it leads to. And the names that it takes from other files.
   */
  closureOf(name: string): { texts: string[]; imported: string[] } {
    const [owner] = name.split('.');
    const taken = new Set<SyntaxNode>();
    const imported = new Set<string>();
    const take = (node: SyntaxNode): void => {
      if (taken.has(node)) return;
      taken.add(node);
      for (const reference of referencesIn(node)) {
        if (this.imports.has(reference)) imported.add(reference);
        const next = this.#resolve(reference, name.includes('.') ? owner : undefined);
        if (next !== undefined) take(next);
      }
    };
    take(this.find(name));
    const inOrder = [...taken].sort((a, b) => a.start - b.start);
    return { texts: inOrder.map((node) => this.textOf(node)), imported: [...imported].sort() };
  }

  #resolve(reference: string, owner: string | undefined): SyntaxNode | undefined {
    if (!reference.startsWith('this.')) {
      return reference === owner ? undefined : this.declarations.get(reference)?.node;
    }
    if (owner === undefined) return undefined;
    try {
      return this.find(`${owner}.${reference.slice('this.'.length)}`);
    } catch {
      // Inherited: the class that it comes from is named in its own right where it matters.
      return undefined;
    }
  }
}
