// How many instructions the whole machine lets pass between the moment when its CLINT's timer is due and the interrupt's
// handler: devices are looked at between slices, too (hart/slices.ts; in time: hart/interrupt-latency.test.ts).
// The program waits for each deadline with interrupts off, counts from there, lets them in, and goes on with a loop.
// Needs `npm run build`.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Hypervisor } from '../../../hypervisor/index.ts';
import { buildElf } from '../oracle/elf.ts';
import { Assembler } from '../oracle/generator/assembler.ts';
import { CSR } from '../oracle/generator/csr-names.ts';
import * as e from '../oracle/generator/encoding.ts';

const BASE = 0x8000_0000;
const HANDLER = BASE + 0x400;
const TOHOST = BASE + 0x1000;
const RESULTS = BASE + 0x2000;
const IMAGE_BYTES = 0x3000;
/** lui's operand for the CLINT's mtimecmp. */
const MTIMECMP = 0x2004;
const INTERRUPTS = 120;
/** Where code is as fast as can be: the longest slice, and the way to the next place where one can end. */
const MOST_OF_FAST_CODE = 49_152 + 4096;
/** 100 µs of an interpreter that does 205 million in a second; a loop that asks for the time does far fewer. */
const MOST_OF_SLOW_CODE = 20_480;
const [FAST, SLOW] = [e.addi(6, 6, 1), e.csrrs(6, 0, CSR.time)];
const [DEADLINE, CLINT, LEFT, COUNT, RESULT, NOW] = [20, 21, 22, 23, 24, 25];

/**
 * A program that leaves behind, for each interrupt, how many instructions it came after its time; it waits in a loop with the
 * instruction `inLoop`.
 */
function program(inLoop: number): Uint8Array {
  const asm = new Assembler();
  asm.loadAddress(NOW, HANDLER);
  asm.word(e.csrrw(0, NOW, CSR.mtvec), 'csrrw mtvec');
  asm.word(e.addi(NOW, 0, 0x80), 'addi');
  asm.word(e.csrrw(0, NOW, CSR.mie), 'csrrw mie');
  asm.word(e.lui(CLINT, MTIMECMP), 'lui');
  asm.loadAddress(RESULT, RESULTS);
  asm.word(e.addi(LEFT, 0, INTERRUPTS), 'addi');
  const next = asm.here;
  asm.word(e.csrrs(DEADLINE, 0, CSR.time), 'csrrs time');
  // 50 µs and a little more each time.
  asm.word(e.slli(NOW, LEFT, 1), 'slli');
  asm.word(e.add(DEADLINE, DEADLINE, NOW), 'add');
  asm.word(e.addi(DEADLINE, DEADLINE, 500), 'addi');
  asm.word(e.sd(DEADLINE, CLINT, 0), 'sd');
  const wait = asm.here;
  asm.word(e.csrrs(NOW, 0, CSR.time), 'csrrs time');
  asm.word(e.typeB(6)(NOW, DEADLINE, wait - asm.here), 'bltu');
  asm.word(e.csrrs(COUNT, 0, CSR.minstret), 'csrrs minstret');
  asm.word(e.csrrsi(0, 8, CSR.mstatus), 'csrrsi mstatus');
  const spin = asm.here;
  asm.word(inLoop, 'in the loop');
  asm.word(e.jal(0, spin - asm.here), 'jal');
  asm.moveTo(HANDLER);
  asm.word(e.csrrs(NOW, 0, CSR.minstret), 'csrrs minstret');
  asm.word(e.typeR(0x33, 0, 0x20)(NOW, NOW, COUNT), 'sub');
  asm.word(e.sd(NOW, RESULT, 0), 'sd');
  asm.word(e.addi(RESULT, RESULT, 8), 'addi');
  asm.word(e.addi(NOW, 0, -1), 'addi');
  asm.word(e.sd(NOW, CLINT, 0), 'sd');
  asm.word(e.addi(LEFT, LEFT, -1), 'addi');
  asm.word(e.bne(LEFT, 0, next - asm.here), 'bne');
  asm.word(e.addi(6, 0, 1), 'addi');
  asm.loadAddress(7, TOHOST);
  asm.word(e.sd(6, 7, 0), 'sd');
  asm.word(e.jal(0, 0), 'jal');
  const image = new Uint8Array(IMAGE_BYTES);
  image.set(asm.code.subarray(0, TOHOST - BASE));
  const symbols = {
    tohost: TOHOST,
    begin_signature: RESULTS,
    end_signature: RESULTS + 8 * INTERRUPTS,
  };
  return buildElf(image, symbols);
}

let hypervisor: Hypervisor;
const folder = mkdtempSync(join(tmpdir(), 'cofferdam-latency-'));
beforeAll(async () => {
  hypervisor = await Hypervisor.start();
});
afterAll(async () => {
  await hypervisor.close();
  rmSync(folder, { recursive: true, force: true });
});

describe("the machine's timer", () => {
  it.each([
    ['interpreter', 'fast', FAST, MOST_OF_FAST_CODE],
    ['interpreter', 'slow', SLOW, MOST_OF_SLOW_CODE],
    ['translator', 'fast', FAST, MOST_OF_FAST_CODE],
    ['translator', 'slow', SLOW, MOST_OF_SLOW_CODE],
  ] as const)('interrupts the %s in a %s loop', async (engine, speed, inLoop, most) => {
    const [elf, file] = [join(folder, 'program.elf'), join(folder, `${engine}-${speed}`)];
    const translator = engine === 'translator' ? { heat: 1 } : {};
    writeFileSync(elf, program(inLoop));
    const guest = {
      kind: 'bare-metal',
      elf,
      engine,
      translator,
      signature: { file, granularity: 8 },
    } as const;
    await using partition = await hypervisor.createPartition({ guest, isolation: 'thread', memoryMib: 1 });
    partition.start();
    expect(await partition.exited).toMatchObject({ kind: 'power-off', code: 0 });
    await partition.dispose();
    const latencies = readFileSync(file, 'utf8')
      .trim()
      .split('\n')
      .map((line) => Number(`0x${line}`));
    expect(latencies.length).toBe(INTERRUPTS);
    // Interrupts that find the hart in the loop, not only those that were waiting to be let in.
    expect(latencies.filter((count) => count > 10).length).toBeGreaterThan(INTERRUPTS / 10);
    expect(Math.max(...latencies)).toBeLessThanOrEqual(most);
  });
});
