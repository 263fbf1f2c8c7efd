// A step of the build of programs whose engine interprets (the root partition's, hypervisor/isolation/engine-flags.ts):
// private names become ordinary ones, which such an engine looks up faster. Sources keep them, and the compiler and
// everything that runs from sources hold to them.
import { type Plugin, RolldownMagicString } from 'rolldown';
import { type ESTree, parseSync, Visitor } from 'rolldown/utils';

export function ordinaryPrivateNames(): Plugin {
  const classNames = new Set<string>();
  return {
    name: 'ordinary-private-names',
    transform: {
      filter: { id: /\.ts$/, code: /#[a-z]/i },
      handler(code, id) {
        const text = withOrdinaryNames(code, id, classNames);
        return { code: text.toString(), map: text.generateMap({ hires: true }).toString() };
      },
    },
  };
}

/**
 * `this.#state` of a class Channel is `this.Channel_state` then: subclasses may have a `#state`, too, and any class a `state`.
 * @param id the file, for messages
 * @param classNames classes with private names that the program has already; those of the file are added
 * @throws where an ordinary name would not do, or would mean something else
 */
export function withOrdinaryNames(
  code: string,
  id: string,
  classNames = new Set<string>(),
): RolldownMagicString {
  const refuse = (what: string): never => {
    throw new Error(`${id}: ${what}`);
  };
  const text = new RolldownMagicString(code);
  const classes: { name: string; declared: Set<string> }[] = [];
  const enter = (node: ESTree.Class): void => {
    const declared = new Set(node.body.body.flatMap(declaredName));
    const name = node.id?.name ?? '';
    if (declared.size > 0) {
      if (name === '') refuse('a class without a name has private names');
      if (classNames.has(name)) refuse(`a second class ${name} has private names`);
      if (node.superClass !== null && node.superClass.type !== 'Identifier')
        refuse(`${name} has private names, and a base that has no name`);
      classNames.add(name);
    }
    classes.push({ name, declared });
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
      if (code[start] === '#') refuse(`${code.slice(start, end)} has no ordinary form`);
    },
    PrivateIdentifier: ({ name, start, end }) => {
      const owner =
        classes.findLast(({ declared }) => declared.has(name)) ?? refuse(`no class declares #${name}`);
      const ordinary = `${owner.name}_${name}`;
      if (code.includes(ordinary)) refuse(`${ordinary} means something already`);
      text.overwrite(start, end, ordinary);
    },
  });
  visitor.visit(parseSync(id, code).program);
  return text;
}

function declaredName(member: ESTree.ClassElement): string[] {
  return 'key' in member && member.key.type === 'PrivateIdentifier' ? [member.key.name] : [];
}
