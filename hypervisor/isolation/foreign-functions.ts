// The one use of node:ffi: libc's syscall(2). Numbers come from seccomp/system-calls.ts.
// node:ffi is experimental in Node 26; the engine is pinned, and this file is all that would have to follow it.
import { createRequire } from 'node:module';
import { type Architecture, type SystemCallName, systemCallNumber } from './seccomp/system-calls.ts';

interface ForeignFunctions {
  dlopen(
    path: string | null,
    signatures: Record<string, { arguments: string[]; return: string }>,
  ): Record<string, (...values: bigint[]) => bigint> & {
    functions?: Record<string, (...values: bigint[]) => bigint>;
  };
  getRawPointer(bytes: Uint8Array): bigint;
}

/** The machine's architecture where Cofferdam knows its system calls, else undefined. */
export const architecture: Architecture | undefined =
  process.platform === 'linux' && (process.arch === 'x64' || process.arch === 'arm64')
    ? process.arch
    : undefined;

export class SystemCallError extends Error {
  readonly code = 'SYSTEM_CALL_FAILED';
}

let ffi: ForeignFunctions | undefined;
let syscall: ((...values: bigint[]) => bigint) | undefined;

function load(): void {
  if (syscall !== undefined) return;
  if (architecture === undefined) throw new SystemCallError(`no system calls known for ${process.platform}`);
  ffi = createRequire(import.meta.url)('node:ffi') as ForeignFunctions;
  const word = 'i64';
  const library = ffi.dlopen(null, {
    syscall: { arguments: [word, word, word, word, word, word], return: word },
  });
  const functions = library.functions ?? library;
  syscall = functions['syscall'];
}

/** Anything that a system call takes: a number, or bytes whose address it takes. */
export type SystemCallArgument = number | bigint | Uint8Array;

/**
 * Makes a system call with at most five arguments and returns its result, -1 on failure as libc does. Bytes stay alive
 * for the call; a call that keeps an address afterwards must not be made through this.
 */
export function systemCall(name: SystemCallName, ...values: SystemCallArgument[]): number {
  load();
  const number = systemCallNumber(name, architecture as Architecture);
  if (number === undefined) return -1;
  const words = [0, 1, 2, 3, 4].map((index) => toWord(values[index] ?? 0));
  return Number((syscall as (...v: bigint[]) => bigint)(BigInt(number), ...words));
}

/** systemCall, throwing where it fails. */
export function mustSystemCall(name: SystemCallName, ...values: SystemCallArgument[]): number {
  const result = systemCall(name, ...values);
  if (result < 0) throw new SystemCallError(`${name} failed`);
  return result;
}

function toWord(value: SystemCallArgument): bigint {
  if (value instanceof Uint8Array) return (ffi as ForeignFunctions).getRawPointer(value);
  return BigInt(value);
}

/** The address of `bytes`, for structures that hold pointers. Valid while `bytes` is alive and not moved. */
export function addressOf(bytes: Uint8Array): bigint {
  load();
  return (ffi as ForeignFunctions).getRawPointer(bytes);
}

/** Whether foreign functions can be used in this process at all. */
export function hasForeignFunctions(): boolean {
  try {
    load();
    return true;
  } catch {
    return false;
  }
}
