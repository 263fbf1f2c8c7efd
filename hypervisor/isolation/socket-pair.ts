// Connected pairs of Unix sockets, socketpair(2) through the engine's foreign function interface. A pair is how a
// partition process and the root partition process are joined without either of them naming or opening anything.
import ffi from 'node:ffi';

const AF_UNIX = 1;
const SOCK_STREAM = 1;
const SOCK_CLOEXEC = 0o2000000;

type SocketPairFunction = (domain: number, type: number, protocol: number, fds: bigint) => number;
let libcSocketPair: SocketPairFunction | undefined;

/** The pair cannot be made: no descriptors are left, or the system is not Linux. */
export class SocketPairError extends Error {
  readonly code = 'SOCKET_PAIR_FAILED';
}

/**
 * Two connected stream sockets, close-on-exec, blocking until a `net.Socket` or a spawn takes them. The caller owns
 * both descriptors. @throws SocketPairError
 */
export function socketPair(): [number, number] {
  if (process.platform !== 'linux') throw new SocketPairError(`no socket pairs on ${process.platform}`);
  libcSocketPair ??= ffi.dlopen(null, {
    socketpair: { arguments: ['i32', 'i32', 'i32', 'pointer'], return: 'i32' },
  }).functions.socketpair as SocketPairFunction;
  const fds = new Int32Array(new ArrayBuffer(8));
  const status = libcSocketPair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ffi.getRawPointer(fds.buffer));
  if (status !== 0) throw new SocketPairError('socketpair failed: too many open files?');
  return [fds[0] as number, fds[1] as number];
}
