// What a guest's code can reach of the hypervisor: imports, exports that are used, hypercalls, registers, VMBus control
// messages, rings and slots in its memory, code that it publishes.
import { child, children, nameOf, nodesOf, type SyntaxNode } from '../source-file.ts';
import type { FoundSurface, SurfaceGroup } from '../surface.ts';
import { callsOf, identifiersIn, objectProperties, switchCases } from './syntax-queries.ts';

const ADMISSION = 'hypervisor/partition/admission.ts';
const RUN_LOOP = 'hypervisor/virtual-processor/run-loop.ts';
const DISPATCHER = 'hypervisor/hypercall/dispatcher.ts';
const REGISTERS = 'hypervisor/hypercall/register-calls.ts';
const boundary = 'guest → hypervisor';

/** What admission lets through, and what a guest is given: both, so that neither grows alone. */
const imports: SurfaceGroup = {
  name: 'imports',
  find(tree) {
    const admission = tree.file(ADMISSION);
    const runLoop = tree.file(RUN_LOOP);
    const given = new Map<string, string[]>();
    const note = (id: string, text: string): unknown => given.set(id, [...(given.get(id) ?? []), text]);
    for (const { name, node } of objectProperties(admission.find('hvImports'))) {
      note(`import.hv.${name}`, admission.textOf(node));
    }
    for (const call of callsOf(runLoop.find('runToEnd'), 'instantiate')) {
      for (const { name, node } of objectProperties(call)) note(`import.hv.${name}`, runLoop.textOf(node));
    }
    for (const call of callsOf(runLoop.find('instantiate'), 'assign')) {
      for (const argument of children(call, 'arguments')) {
        if (argument.type !== 'ObjectExpression') continue;
        for (const { name, node } of objectProperties(argument)) {
          // `hv` and `env` themselves are objects made the same way.
          if (callsOf(node, 'assign').length === 0) note(`import.env.${name}`, runLoop.textOf(node));
        }
      }
    }
    for (const member of nodesOf(runLoop.find('runToEnd'), 'MemberExpression')) {
      if (nameOf(child(member, 'object')) !== 'exports') continue;
      note(`export.${nameOf(child(member, 'property'))}`, runLoop.textOf(member));
    }
    return [...given].map(([id, texts]) => ({ id, boundary, file: ADMISSION, texts }));
  },
};

const hypercalls: SurfaceGroup = {
  name: 'hypercalls',
  find(tree) {
    const file = tree.file(DISPATCHER);
    const cases = ['dispatch', 'dispatchFast'].flatMap((name) => switchCases(file.find(name)));
    return nodesOf(file.find('callForms'), 'ArrayExpression').flatMap((row) => {
      const name = nameOf(children(row, 'elements')[0]);
      if (name === undefined) return [];
      const handled = cases.filter(({ test }) => nameOf(test) === name).flatMap(({ body }) => body);
      const texts = [file.textOf(row), ...handled.map((node) => file.textOf(node))];
      return [{ id: `hypercall.${name}`, boundary, file: DISPATCHER, texts }];
    });
  },
};

const registers: SurfaceGroup = {
  name: 'registers',
  find(tree) {
    const file = tree.file(REGISTERS);
    const named = (id: string, functions: string[]): FoundSurface[] =>
      functions.flatMap((name) =>
        identifiersIn(file.find(name), /^HV_REGISTER_/).map((register) => ({
          id: `${id}.${register}`,
          boundary: boundary as typeof boundary,
          file: REGISTERS,
          texts: [file.textOf(file.find(name))],
        })),
      );
    return [
      ...named('register.get', ['getRegister', 'getSynicRegister']),
      ...named('register.set', ['setRegister']),
    ];
  },
};

const vmbusControl: SurfaceGroup = {
  name: 'vmbus-control',
  find(tree) {
    const path = 'hypervisor/vmbus/vmbus-server.ts';
    const file = tree.file(path);
    return nodesOf(file.find('controlBytes'), 'ArrayExpression').flatMap((row) => {
      const name = nameOf(children(row, 'elements')[0]);
      return name === undefined
        ? []
        : [{ id: `vmbus.${name}`, boundary, file: path, texts: [file.textOf(row)] }];
    });
  },
};

/** Where the host reads what the guest wrote without being told in a call: each fetch is an entry. */
const fetchers: readonly { file: string; name: string }[] = [
  { file: 'hypervisor/vmbus/channel-ring.ts', name: 'Ring' },
  { file: 'hypervisor/vmbus/channel-ring.ts', name: 'RingReader' },
  { file: 'hypervisor/vmbus/channel-ring.ts', name: 'RingWriter' },
  { file: 'hypervisor/synic/synic.ts', name: 'Synic' },
];

const sharedMemory: SurfaceGroup = {
  name: 'shared-memory',
  find(tree) {
    return fetchers.flatMap(({ file: path, name }) => {
      const file = tree.file(path);
      const fetches = guestFetches(file.find(name)).map((node) => file.textOf(node));
      return [...new Set(fetches)].map((text) => ({
        id: `fetch.${name}: ${text}`,
        boundary: boundary as typeof boundary,
        file: path,
        texts: [file.textOf(file.find(name))],
      }));
    });
  },
};

/** Reads of `words` and `bytes` that are views of guest memory, and atomic operations on them. */
function guestFetches(node: SyntaxNode): SyntaxNode[] {
  const isGuest = (value: SyntaxNode): boolean =>
    ['words', 'bytes', 'guest'].includes(nameOf(value) ?? '') ||
    (value.type === 'MemberExpression' &&
      ['words', 'bytes'].includes(nameOf(child(value, 'property')) ?? ''));
  const stored = new Set(nodesOf(node, 'AssignmentExpression').map((each) => child(each, 'left')));
  const elements = nodesOf(node, 'MemberExpression').filter(
    (each) => each['computed'] === true && isGuest(child(each, 'object')) && !stored.has(each),
  );
  const atomics = ['load', 'or'].flatMap((name) => callsOf(node, name));
  const copies = ['subarray', 'slice'].flatMap((name) =>
    callsOf(node, name).filter((call) => isGuest(child(child(call, 'callee'), 'object'))),
  );
  return [...elements, ...atomics.filter((call) => children(call, 'arguments').some(isGuest)), ...copies];
}

const publishing: SurfaceGroup = {
  name: 'publishing',
  find(tree) {
    const module = 'hypervisor/code-publishing/check-module.ts';
    const opcodes = 'hypervisor/code-publishing/opcodes.ts';
    const checked = tree.file(module);
    const sections = objectProperties(checked.find('SECTIONS')).map(({ name, node }) => ({
      id: `publish.section.${name}`,
      boundary: boundary as typeof boundary,
      file: module,
      texts: [checked.textOf(node)],
    }));
    const file = tree.file(opcodes);
    const rows = nodesOf(file.find('rows'), 'ArrayExpression').filter(
      (row) => nameOf(children(row, 'elements')[0]) !== undefined,
    );
    return [
      ...sections,
      ...rows.map((row) => {
        const [what, codes] = children(row, 'elements');
        const id = `publish.opcodes.${nameOf(what)} ${codes === undefined ? '' : file.textOf(codes)}`;
        return { id, boundary: boundary as typeof boundary, file: opcodes, texts: [file.textOf(row)] };
      }),
    ];
  },
};

export const guestInterface: readonly SurfaceGroup[] = [
  imports,
  hypercalls,
  registers,
  vmbusControl,
  sharedMemory,
  publishing,
];
