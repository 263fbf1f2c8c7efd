// A step of the build of programs whose engine interprets (the root partition's, hypervisor/isolation/engine-flags.ts):
// private names become ordinary ones, which such an engine looks up faster. Sources keep them, and the compiler and
// everything that runs from sources hold to them.
import { type Plugin, RolldownMagicString } from 'rolldown';
import { type ESTree, parseSync, Visitor } from 'rolldown/utils';

export function ordinaryPrivateNames(): Plugin {
  return {
    name: 'ordinary-private-names',
    transform: {
      filter: { id: /\.ts$/, code: /#[a-z]/i },
      handler(code, id) {
        const text = withOrdinaryNames(code, id);
        return { code: text.toString(), map: text.generateMap({ hires: true }).toString() };
      },
    },
  };
}

/**
 * `this.#state` of a class Channel is `this.Channel_state` then: subclasses may have a `#state`, too, and any class a `state`.
 * @param id the file, for messages
 * @throws where an ordinary name would not do
 */
export function withOrdinaryNames(code: string, id: string): RolldownMagicString {
  const text = new RolldownMagicString(code);
  const classes: { name: string; declared: Set<string> }[] = [];
  const enter = (node: ESTree.Class): void => {
    const declared = new Set(node.body.body.flatMap(declaredName));
    if (node.id === null && declared.size > 0)
      throw new Error(`${id}: a class without a name has private names`);
    classes.push({ name: node.id?.name ?? '', declared });
  };
  const leave = (): void => {
    classes.pop();
  };
  const visitor = new Visitor({
    ClassDeclaration: enter,
    'ClassDeclaration:exit': leave,
    ClassExpression: enter,
    'ClassExpression:exit': leave,
    BinaryExpression: ({ start, end }) => {
      // Nothing else that begins so is one: #name in object.
      if (code[start] === '#') throw new Error(`${id}: ${code.slice(start, end)} has no ordinary form`);
    },
    PrivateIdentifier: ({ name, start, end }) => {
      const owner = classes.findLast(({ declared }) => declared.has(name));
      if (owner === undefined) throw new Error(`${id}: no class declares #${name}`);
      text.overwrite(start, end, `${owner.name}_${name}`);
    },
  });
  visitor.visit(parseSync(id, code).program);
  return text;
}

function declaredName(member: ESTree.ClassElement): string[] {
  return 'key' in member && member.key.type === 'PrivateIdentifier' ? [member.key.name] : [];
}
