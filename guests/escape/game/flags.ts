// The flags of the game: what they look like, where they are, and their hashes, which may be told.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Boundary } from '../boundary.ts';

export const flagNames = ['neighbour', 'hypervisor', 'file'] as const;
export type FlagName = (typeof flagNames)[number];
/** SHA-256 in hexadecimal: what a claim is judged by. */
export type FlagHashes = Readonly<Record<FlagName, string>>;

/** What was crossed by whoever holds a flag. */
export const flagBoundaries: Readonly<Record<FlagName, Boundary>> = {
  neighbour: 'guest and guest',
  hypervisor: 'guest and hypervisor',
  file: 'partition process and host',
};

const RANDOM_BYTES = 16;
const DIGITS = '0123456789abcdef';
const PREFIX = 'flag{';
export const FLAG_CHARACTERS = PREFIX.length + 2 * RANDOM_BYTES + 1;
export const flagPattern = (): RegExp => /flag\{[0-9a-f]{32}\}/g;

/** A new flag, as bytes: a string could not be wiped. */
export function newFlag(): Buffer {
  const flag = Buffer.alloc(FLAG_CHARACTERS);
  let at = flag.write(PREFIX);
  for (const byte of randomBytes(RANDOM_BYTES)) {
    flag[at++] = DIGITS.charCodeAt(byte >> 4);
    flag[at++] = DIGITS.charCodeAt(byte & 15);
  }
  flag.write('}', at);
  return flag;
}

const sha256 = (text: string | Uint8Array): Buffer => createHash('sha256').update(text).digest();

export const hashOf = (flag: string | Uint8Array): string => sha256(flag).toString('hex');

/** Which flag a claim is, if any. Takes the same time for every claim: all hashes are compared, each in constant time. */
export function flagClaimed(claim: string, hashes: FlagHashes): FlagName | undefined {
  const claimed = sha256(claim);
  const isFlag = flagNames.map((name) => timingSafeEqual(claimed, Buffer.from(hashes[name], 'hex')));
  return flagNames.find((_, index) => isFlag[index]);
}
