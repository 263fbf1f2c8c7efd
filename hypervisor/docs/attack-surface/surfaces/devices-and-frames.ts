// What travels over the sockets between a partition and the root partition: frames, and the channel messages in them.
import { child, nameOf, nodesOf, type SyntaxNode } from '../source-file.ts';
import type { SourceTree } from '../source-tree.ts';
import type { Boundary, FoundSurface, SurfaceGroup } from '../surface.ts';
import { callsOf, identifiersIn, switchCases } from './syntax-queries.ts';

const ABI_CHANNELS = 'hypervisor/abi/channels';
/** What the names of constants that are no messages end in or hold. */
const NO_MESSAGE = /_BYTES$|_STATUS_|_FLAG_|_SERVICE_/;

/** The messages of each channel that its device's decoder knows; where it knows none by name, its requests. */
const channelMessages: SurfaceGroup = {
  name: 'channel-messages',
  find(tree) {
    return tree.sources(`${ABI_CHANNELS}/*.ts`).flatMap((path) => {
      const channel = path.slice(ABI_CHANNELS.length + 1, -'.ts'.length);
      const file = tree.file(path);
      const constants = [...file.declarations.keys()];
      if (constants.every((name) => /_SERVICE_/.test(name))) return [];
      const decoder = `root-partition/${channel}/requests.ts`;
      const messages = constants.filter((name) => !NO_MESSAGE.test(name));
      const known = tree.exists(decoder) ? identifiersIn(tree.file(decoder).program, /^[A-Z]/) : [];
      const inbound = messages.filter((name) => known.includes(name) || !tree.exists(decoder));
      return (messages.length === 0 ? ['request'] : inbound).map((name) => ({
        id: `channel.${channel}.${name}`,
        boundary: 'guest → root partition' as const,
        file: tree.exists(decoder) ? decoder : path,
        texts: file.declarations.has(name) ? [file.textOf(file.find(name))] : [file.textOf(file.program)],
      }));
    });
  },
};

/** The devices that can be made. */
const devices: SurfaceGroup = {
  name: 'devices',
  find(tree) {
    const path = 'root-partition/make-device.ts';
    return ['makeDevice', 'makeVolume'].flatMap((name) =>
      caseEntries(tree, { path, name, id: `device.${name}`, boundary: 'guest → root partition' }),
    );
  },
};

const frames: SurfaceGroup = {
  name: 'frames',
  find(tree) {
    return [
      ...caseEntries(tree, {
        path: 'root-partition/connection.ts',
        name: 'Connection.#onFrame',
        id: 'frame.to-root',
        boundary: 'partition process → root partition',
      }),
      ...caseEntries(tree, {
        path: 'hypervisor/vmbus/incoming-frames.ts',
        name: 'IncomingFrames.#take',
        id: 'frame.to-partition',
        boundary: 'root partition → partition process',
      }),
    ];
  },
};

/** Who is at the other end of a stream; of those that are not here, the least trusted one that there could be. */
const peers: Record<string, Boundary> = {
  'hypervisor/isolation/partition-process.ts': 'hypervisor → partition process',
  'hypervisor/platform/frame-socket.ts': 'root partition → partition process',
  'hypervisor/isolation/console-connection.ts': 'root partition → hypervisor',
  'root-partition/console/reader.ts': 'hypervisor → root partition',
  'root-partition/file-descriptors.ts': 'hypervisor → root partition',
};

/** Every place where bytes or descriptors arrive on an inherited descriptor. */
const streams: SurfaceGroup = {
  name: 'streams',
  find: (tree) => {
    const paths = ['hypervisor/**/*.ts', 'root-partition/**/*.ts'].flatMap((pattern) =>
      tree.sources(pattern),
    );
    const sockets = socketClasses(paths.map((path) => tree.file(path).program));
    return paths.flatMap((path) => {
      const file = tree.file(path);
      const isReceiving =
        nodesOf(file.program, 'NewExpression').some((node) => sockets.has(lastName(child(node, 'callee')))) ||
        callsOf(file.program, 'dlopen').some((call) => identifiersIn(call, /^(recvmsg|ppoll)$/).length > 0);
      if (!isReceiving) return [];
      const isRoot = path.startsWith('root-partition/');
      const boundary = peers[path] ?? `partition process → ${isRoot ? 'root partition' : 'hypervisor'}`;
      return [{ id: `stream.${path}`, boundary, file: path, texts: [file.textOf(file.program)] }];
    });
  },
};

/** The names of the engine's socket and of classes that are that and more. */
function socketClasses(programs: readonly SyntaxNode[]): Set<string> {
  const classes = programs.flatMap((program) =>
    ['ClassDeclaration', 'ClassExpression'].flatMap((type) => nodesOf(program, type)),
  );
  const sockets = new Set(['Socket']);
  for (let before = 0; before < sockets.size; ) {
    before = sockets.size;
    for (const { id, superClass } of classes as { id?: SyntaxNode | null; superClass?: SyntaxNode | null }[])
      if (id && superClass && sockets.has(lastName(superClass))) sockets.add(lastName(id));
  }
  return sockets;
}

/** `Socket` of `Socket` and of `net.Socket`. */
function lastName(node: SyntaxNode): string {
  return nameOf(node.type === 'MemberExpression' ? child(node, 'property') : node) ?? '';
}

interface CaseSource {
  path: string;
  name: string;
  id: string;
  boundary: Boundary;
}

/** An entry for each case of the switch in a function. */
export function caseEntries(tree: SourceTree, { path, name, id, boundary }: CaseSource): FoundSurface[] {
  const file = tree.file(path);
  return switchCases(file.find(name)).map(({ test, body }) => ({
    id: `${id}.${nameOf(test) ?? file.textOf(test)}`,
    boundary,
    file: path,
    texts: [file.textOf(test), ...body.map((node) => file.textOf(node))],
  }));
}

export const devicesAndFrames: readonly SurfaceGroup[] = [channelMessages, devices, frames, streams];
