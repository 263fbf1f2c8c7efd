// What the engine's own switches do, in engines that are started with them.
import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { partitionEngineFlags, rootEngineFlags } from './engine-flags.ts';

/** Frees memory that it has filled, allocates as much anew, and counts what is not zero in it. */
const STALE = `
  for (let i = 0; i < 500; i++) Buffer.alloc(4000).fill(7);
  let stale = 0;
  for (let i = 0; i < 2000; i++) stale += Buffer.allocUnsafeSlow(4000).filter((byte) => byte !== 0).length;
  console.log(stale);`;

const staleBytes = (flags: string[]): number =>
  Number(execFileSync(process.execPath, [...flags, '-e', STALE], { encoding: 'utf8' }));

describe.each([
  ['a partition process', partitionEngineFlags({ memoryPages: 64 })],
  ['the root partition process', rootEngineFlags()],
])('the engine of %s', (_what, flags) => {
  it('gives out no memory with old contents, not to itself either', () => {
    expect(staleBytes(flags)).toBe(0);
    // Otherwise nothing is shown.
    expect(staleBytes(flags.filter((flag) => flag !== '--zero-fill-buffers'))).toBeGreaterThan(0);
  });
});
