// The compiled kernels as a program for machines under test (kernels.hex; make-fixture.ts writes it).
import { createHash } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CODE_BASE } from '../generator/memory-layout.ts';
import type { Program } from '../generator/program.ts';

const here = import.meta.dirname;
export const FIXTURE = join(here, 'kernels.hex');

/** Changes whenever the fixture is to be made anew. */
export function sourcesDigest(): string {
  const hash = createHash('sha256');
  for (const name of globSync(['*.c', '*.h', '*.ld', 'make-fixture.ts'], { cwd: here }).sort())
    hash.update(`${name}\n`).update(readFileSync(join(here, name)));
  return hash.digest('hex');
}

export interface Kernels {
  /** Ends where it spins after the last kernel. */
  program: Program;
  /** Digest of the sources that it was compiled from. */
  sources: string;
  symbols: Record<'done' | 'end' | 'tohost' | 'begin_signature' | 'end_signature', number>;
  /** Name and checksum of each kernel in the order of memory at begin_signature. */
  checksums: readonly (readonly [name: string, checksum: bigint])[];
}

/** Reads the fixture. */
export function readKernels(): Kernels {
  const rows = readFileSync(FIXTURE, 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(' '));
  const named = (kind: string): string[][] =>
    rows.filter(([first]) => first === kind).map((row) => row.slice(1));
  const symbols = Object.fromEntries(
    named('symbol').map(([name, address]) => [name!, Number(`0x${address}`)]),
  ) as Kernels['symbols'];
  const code = Buffer.from(rows.flatMap((row) => (row.length === 1 ? row : [])).join(''), 'hex');
  const image = new Uint8Array(symbols.end - CODE_BASE);
  image.set(code);
  return {
    program: { seed: 0n, image, entry: CODE_BASE, start: CODE_BASE, end: symbols.done, names: [] },
    sources: named('sources')[0]![0]!,
    symbols,
    checksums: named('checksum').map(([name, value]) => [name!, BigInt(`0x${value}`)]),
  };
}
