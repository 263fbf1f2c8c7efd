// What an attacker who owns a partition process would try first: each probe is arbitrary JavaScript with the engine's
// full powers, standing for an escape from the WebAssembly sandbox. A probe returns where it succeeded and throws
// where something stopped it. Used by jail.test.ts; the list is the product's own claim, so it is in the tree.
import { spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import {
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { connect, createServer } from 'node:net';
import { systemCall } from '../foreign-functions.ts';

/** What the probes aim at; the test makes all of it. */
export interface ProbeTargets {
  /** A file outside the grants, world readable. */
  secretFile: string;
  /** A folder that everybody may write to. */
  scratchFolder: string;
  parentPid: number;
  /** Another partition's process. */
  siblingPid: number;
  /** A listening TCP port on the loopback. */
  port: number;
}

export type Probe = (targets: ProbeTargets) => unknown;

const PR_SET_DUMPABLE = 4;
const PTRACE_SEIZE = 0x4206;
const SIGNAL_0 = 0;

function must(result: number): number {
  if (result < 0) throw new Error('the system call was refused');
  return result;
}

/** Opens another process's memory and reads the first page that its map names. */
function readMemoryOf(pid: number): void {
  const [range] = readFileSync(`/proc/${pid}/maps`, 'utf8').split(' ');
  const at = BigInt(`0x${range?.split('-')[0]}`);
  const fd = openSync(`/proc/${pid}/mem`, 'r');
  if (readSync(fd, Buffer.alloc(16), 0, 16, at) !== 16) throw new Error('nothing read');
}

function whenSettled(start: (settle: (error?: Error) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => start((error) => (error ? reject(error) : resolve())));
}

function runs(program: string, arguments_: string[]): void {
  const { error, status } = spawnSync(program, arguments_);
  if (error !== undefined || status !== 0) throw error ?? new Error(`status ${status}`);
}

/** Name → probe. Every one must fail in the jail and succeed without it. */
export const probes: Record<string, Probe> = {
  'read a file': ({ secretFile }) => readFileSync(secretFile),
  'read /etc/passwd': () => readFileSync('/etc/passwd'),
  'list the root folder': () => readdirSync('/'),
  'read its own environment': () => readFileSync('/proc/self/environ'),
  'write a file': ({ scratchFolder }) => {
    const file = `${scratchFolder}/written-by-probe`;
    writeFileSync(file, 'x');
    unlinkSync(file);
  },
  'connect over TCP': ({ port }) =>
    whenSettled((settle) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.destroy();
        settle();
      });
      socket.on('error', settle);
    }),
  'bind a UDP socket': () =>
    whenSettled((settle) => {
      const socket = createSocket('udp4');
      socket.on('error', settle);
      socket.bind(0, '127.0.0.1', () => {
        socket.close();
        settle();
      });
    }),
  'listen on a Unix socket': ({ scratchFolder }) =>
    whenSettled((settle) => {
      const path = `${scratchFolder}/probe.sock`;
      if (existsSync(path)) unlinkSync(path);
      const server = createServer();
      server.on('error', settle);
      server.listen(path, () => server.close(() => settle()));
    }),
  'open a raw socket descriptor': () => must(systemCall('socket', 1, 1, 0)),
  'start a shell': () => runs('/bin/sh', ['-c', 'true']),
  'start the engine again': () => runs(process.execPath, ['--version']),
  'let others trace it': () => must(systemCall('prctl', PR_SET_DUMPABLE, 1, 0, 0, 0)),
  'signal the hypervisor': ({ parentPid }) => process.kill(parentPid, SIGNAL_0),
  'signal another partition': ({ siblingPid }) => process.kill(siblingPid, SIGNAL_0),
  'trace another partition': ({ siblingPid }) => must(systemCall('ptrace', PTRACE_SEIZE, siblingPid, 0, 0)),
  "read another partition's memory": ({ siblingPid }) => readMemoryOf(siblingPid),
  "read the hypervisor's memory": ({ parentPid }) => readMemoryOf(parentPid),
};
