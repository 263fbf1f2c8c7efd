// Bare-metal programs in partitions, on each engine of the machine: how they end, what they print, and that they stop at
// exactly the limit of instructions, whatever translated code there is. Needs `npm run build`.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Hypervisor } from '../../../../hypervisor/index.ts';
import { buildElf } from '../../oracle/elf.ts';
import { Assembler } from '../../oracle/generator/assembler.ts';
import * as e from '../../oracle/generator/encoding.ts';
import { engineSettings, engines } from '../testing/engines.ts';

const BASE = 0x8000_0000;
const TOHOST = BASE + 0x3000;
const DATA = BASE + 0x4000;
const STACK = BASE + 0xf_0000;
const IMAGE_BYTES = 0x5000;
const LIMIT = 100_000;

let hypervisor: Hypervisor;
const folder = mkdtempSync(join(tmpdir(), 'cofferdam-engines-'));
beforeAll(async () => {
  hypervisor = await Hypervisor.start();
});
afterAll(async () => {
  await hypervisor.close();
  rmSync(folder, { recursive: true, force: true });
});

/** An ELF file of what `write` assembles, with a signature of two words. */
function assemble(write: (asm: Assembler) => void): Uint8Array {
  const asm = new Assembler();
  write(asm);
  const image = new Uint8Array(IMAGE_BYTES);
  image.set(asm.code.subarray(0, TOHOST - BASE));
  return buildElf(image, { tohost: TOHOST, begin_signature: DATA, end_signature: DATA + 16 });
}

/** Prints each letter after a loop, then ends with a value. */
const printing = (text: string, value: number): Uint8Array =>
  assemble((asm) => {
    asm.loadAddress(30, TOHOST);
    asm.word(e.addi(5, 0, 0x101), 'addi');
    asm.word(e.slli(5, 5, 48), 'slli');
    for (const character of text) {
      asm.word(e.addi(6, 0, 500), 'addi');
      asm.word(e.addi(6, 6, -1), 'addi');
      asm.word(e.bne(6, 0, -4), 'bne');
      asm.word(e.typeI(0x13, 6)(7, 5, character.charCodeAt(0)), 'ori');
      asm.word(e.sd(7, 30, 0), 'sd');
    }
    asm.word(e.addi(6, 0, (value << 1) | 1), 'addi');
    asm.word(e.sd(6, 30, 0), 'sd');
    asm.word(e.jal(0, 0), 'jal');
  });

/** Counts in memory for ever: two instructions first, then three a round. */
const counting = assemble((asm) => {
  asm.loadAddress(10, DATA);
  asm.word(e.addi(5, 5, 1), 'addi');
  asm.word(e.sd(5, 10, 0), 'sd');
  asm.word(e.jal(0, -8), 'jal');
});

/** Calls itself 150 times for ever; 400 instructions on the way down each time, as many as are counted in memory. */
const calling = assemble((asm) => {
  asm.loadAddress(10, DATA);
  const start = asm.here;
  asm.loadAddress(2, STACK);
  asm.word(e.addi(11, 0, 150), 'addi');
  const self = asm.here;
  asm.word(e.addi(2, 2, -16), 'addi');
  asm.word(e.sd(1, 2, 0), 'sd');
  for (let count = 0; count < 200; count++) {
    asm.word(e.addi(5, 5, 1), 'addi');
    asm.word(e.sd(5, 10, 0), 'sd');
  }
  asm.word(e.addi(11, 11, -1), 'addi');
  asm.word(e.beq(11, 0, 8), 'beq');
  asm.word(e.jal(1, self - asm.here), 'jal');
  asm.word(e.jal(0, start - asm.here), 'jal');
});

describe.each(engines)('a bare-metal program on the %s', (engine) => {
  const { heat, units } = engineSettings[engine];
  const run = async (program: Uint8Array, maxInstructions?: bigint) => {
    const [elf, file] = [join(folder, `${engine}.elf`), join(folder, engine)];
    writeFileSync(elf, program);
    await using partition = await hypervisor.createPartition({
      guest: {
        kind: 'bare-metal',
        elf,
        engine: engine === 'interpreter' ? 'interpreter' : 'translator',
        translator: { heat, ...(units === undefined ? {} : { units }) },
        signature: { file, granularity: 8 },
        ...(maxInstructions === undefined ? {} : { maxInstructions }),
      },
      isolation: 'thread',
      memoryMib: 1,
    });
    await using console = await partition.attachConsole();
    partition.start();
    const exit = await partition.exited;
    await partition.dispose();
    await console.closed;
    const [count] = readFileSync(file, 'utf8').split('\n');
    return { kind: exit.kind, code: exit.code, text: console.text, count: Number(`0x${count}`) };
  };

  it('prints and passes', async () =>
    expect(await run(printing('Hi!\n', 0))).toMatchObject({ kind: 'power-off', code: 0, text: 'Hi!\n' }));

  it('prints and fails', async () =>
    expect(await run(printing('no\n', 7))).toMatchObject({ kind: 'guest-failure', code: 7, text: 'no\n' }));

  it.each([0, 1, 2])('stops at exactly the limit of %d instructions and more', async (more) => {
    const { kind, count } = await run(counting, BigInt(LIMIT + more));
    // The store is the second of three.
    expect([kind, count]).toEqual(['limit-reached', Math.floor((LIMIT + more - 2 + 1) / 3)]);
  });

  it('stops at exactly the limit deep in calls', async () => {
    const { kind, count } = await run(calling, BigInt(LIMIT));
    const [first, perStart, perCall] = [2, 3, 2 + 400 + 3];
    let [left, expected] = [LIMIT - first, 0];
    for (let calls = 0; left > 0; calls++) {
      if (calls % 150 === 0) left -= perStart;
      const stores = Math.floor(Math.max(0, Math.min(left - 2, 400)) / 2);
      expected += stores;
      left -= perCall;
    }
    expect([kind, count]).toEqual(['limit-reached', expected]);
  });
});
