// How much time passes between the moment when a timer is due and its handler's first instruction, under code of many shapes
// (RISC-V Privileged 20241101, §3.1.9; Sstc). Guest time is host time, which the hart looks at between slices: here it
// passes with instructions, at speeds from that of the slowest code to that of the fastest, so that the bound is exact.
import { beforeAll, describe, expect, it } from 'vitest';
import { Assembler } from '../../oracle/generator/assembler.ts';
import * as e from '../../oracle/generator/encoding.ts';
import { Random } from '../../oracle/generator/random.ts';
import { BareMachine } from '../testing/bare-host.ts';

const BASE = 0x8000_0000;
const HANDLER = BASE + 0x40;
const PROGRAM = BASE + 0x100;
const DATA = BASE + 0x20000;
const STACK = BASE + 0xf0000;
/** 100 µs. */
const MOST_TICKS = 1000;
const TRIES = 6;
const csr = { mstatus: 0x300, mie: 0x304, mtvec: 0x305, menvcfg: 0x30a, minstret: 0xb02, stimecmp: 0x14d };
const [MIE, STIE, STCE] = [8n, 0x20n, 1n << 63n];
/** devices/clint/device.ts. */
const MTIMECMP = 0x4011000;
const [MSIP, MSIE, MTIE] = [3, 8n, 0x80n];
/** lui's operand for the CLINT, whose first word raises a software interrupt. */
const CLINT = 0x2000;
/** state.ts, slices.ts. */
const [SLICE_LENGTH, LONGEST_SLICE] = [0x10a1c, 49_152];
/** What the handler leaves behind: instructions retired before its first one. */
const SEEN = 31;
const NEVER = (1n << 64n) - 1n;

/** Straight code of so many instructions. */
function straight(asm: Assembler, count: number): void {
  for (let index = 0; index < count; index++)
    asm.word(e.addi(6 + (index % 4), 6 + ((index + 1) % 4), 1), 'addi');
}

function endless(asm: Assembler, body: () => void): void {
  const top = asm.here;
  body();
  asm.word(e.jal(0, top - asm.here), 'jal');
}

/** Calls itself `depth` times, with straight code before each call and behind it. */
function recursion(asm: Assembler, depth: number, before: number, behind: number): void {
  const jump = asm.here;
  asm.word(0, 'jal');
  const self = asm.here;
  asm.word(e.addi(2, 2, -16), 'addi');
  asm.word(e.sd(1, 2, 0), 'sd');
  straight(asm, before);
  asm.word(e.addi(10, 10, -1), 'addi');
  const out = asm.here;
  asm.word(0, 'beq');
  asm.word(e.jal(1, self - asm.here), 'jal');
  asm.patchWord(out, e.beq(10, 0, asm.here - out));
  straight(asm, behind);
  asm.word(e.ld(1, 2, 0), 'ld');
  asm.word(e.addi(2, 2, 16), 'addi');
  asm.word(e.jalr(0, 1, 0), 'ret');
  asm.patchWord(jump, e.jal(0, asm.here - jump));
  endless(asm, () => {
    asm.loadConstant(10, BigInt(depth));
    asm.word(e.jal(1, self - asm.here), 'jal');
  });
}

/** Pieces of code in pages of their own, each of which ends in a jump to the next. */
function chain(asm: Assembler, pieces: number, length: number, indirect: boolean): void {
  const first = asm.here;
  for (let piece = 0; piece < pieces; piece++) {
    straight(asm, length);
    const next = piece === pieces - 1 ? first : BASE + 0x1000 * (piece + 1);
    if (indirect) {
      asm.loadAddress(5, next);
      asm.word(e.jalr(0, 5, 0), 'jalr');
    } else asm.word(e.jal(0, next - asm.here), 'jal');
    if (next !== first) asm.moveTo(next);
  }
}

const programs: readonly (readonly [name: string, write: (asm: Assembler) => void])[] = [
  ['a jump to itself', (asm) => asm.word(e.jal(0, 0), 'jal')],
  ['a short loop', (asm) => endless(asm, () => straight(asm, 3))],
  ['a loop of 600 instructions', (asm) => endless(asm, () => straight(asm, 600))],
  ['a loop of 12,000 instructions in many pages', (asm) => endless(asm, () => straight(asm, 12_000))],
  [
    'a loop that copies',
    (asm) => {
      asm.loadAddress(10, DATA);
      endless(asm, () => {
        asm.word(e.ld(11, 10, 0), 'ld');
        asm.word(e.sd(11, 10, 8), 'sd');
        asm.word(e.lw(12, 10, 16), 'lw');
        asm.word(e.sw(12, 10, 24), 'sw');
      });
    },
  ],
  [
    'a loop that waits for a word of memory',
    (asm) => {
      asm.loadAddress(10, DATA);
      endless(asm, () => {
        asm.word(e.lw(11, 10, 0), 'lw');
        asm.word(e.beq(11, 0, -4), 'beq');
      });
    },
  ],
  [
    'loops in loops',
    (asm) =>
      endless(asm, () => {
        asm.word(e.addi(10, 0, 7), 'addi');
        const inner = asm.here;
        straight(asm, 2);
        asm.word(e.addi(10, 10, -1), 'addi');
        asm.word(e.bne(10, 0, inner - asm.here), 'bne');
      }),
  ],
  ['calls 100 deep', (asm) => recursion(asm, 100, 2, 2)],
  ['calls 1000 deep', (asm) => recursion(asm, 1000, 10, 10)],
  ['calls 190 deep with long code on the way down', (asm) => recursion(asm, 190, 540, 0)],
  ['calls 190 deep with long code on the way back', (asm) => recursion(asm, 190, 0, 540)],
  ['jumps from page to page', (asm) => chain(asm, 8, 20, false)],
  ['indirect jumps from page to page', (asm) => chain(asm, 8, 20, true)],
  ['long code with a jump in each page', (asm) => chain(asm, 8, 900, false)],
  [
    'CSR instructions',
    (asm) =>
      endless(asm, () => {
        asm.word(e.csrrw(10, 11, 0x340), 'csrrw mscratch');
        asm.word(e.csrrs(11, 0, 0x300), 'csrrs mstatus');
        asm.word(e.csrrs(12, 0, 0x344), 'csrrs mip');
      }),
  ],
  [
    'atomic and float instructions',
    (asm) => {
      asm.loadAddress(10, DATA);
      endless(asm, () => {
        asm.word(e.typeR(0x2f, 3, 0)(11, 10, 6), 'amoadd.d');
        asm.word(e.typeR(0x53, 7, 0x0d)(1, 2, 3), 'fdiv.d');
        asm.word(e.typeR(0x53, 7, 0x2d)(2, 1, 0), 'fsqrt.d');
      });
    },
  ],
  [
    'fences and code that is written',
    (asm) =>
      endless(asm, () => {
        asm.loadAddress(10, PROGRAM + 0x800);
        asm.word(e.sw(6, 10, 0), 'sw');
        asm.word(e.FENCE_I, 'fence.i');
        straight(asm, 2);
      }),
  ],
];

let machine: BareMachine;
/** Instructions that pass in a tick. */
let perTick = 1;

function start(write: (asm: Assembler) => void): void {
  const asm = new Assembler();
  asm.moveTo(HANDLER);
  asm.word(e.csrrs(SEEN, 0, csr.minstret), 'csrrs minstret');
  asm.word(e.jal(0, 0), 'jal');
  asm.moveTo(PROGRAM);
  write(asm);
  machine.loadBytes(BigInt(BASE), asm.code);
  machine.reset(BigInt(PROGRAM), { mode: 3 });
  machine.setX(2, BigInt(STACK));
  machine.setCsr(csr.mtvec, BigInt(HANDLER));
  machine.setCsr(csr.menvcfg, STCE);
  machine.setCsr(csr.stimecmp, NEVER);
  machine.setCsr(csr.mie, STIE);
  machine.setCsr(csr.mstatus, MIE | 0x6000n);
}

/** Ticks between the moment when the timer is due and its handler. */
function latency(delay: number): number {
  const due = (machine.retired + BigInt(delay)) / BigInt(perTick);
  machine.setCsr(csr.stimecmp, due);
  machine.setX(SEEN, 0n);
  machine.run(delay + 3 * MOST_TICKS * perTick);
  expect(machine.pc).toBe(BigInt(HANDLER + 4));
  return Number(machine.x(SEEN) / BigInt(perTick) - due);
}

/** As the machine does: the CLINT is looked at between slices. */
function runWithClint(instructions: number): void {
  const end = machine.retired + BigInt(instructions);
  while (machine.retired < end) {
    machine.exports.clintPoll();
    machine.exports.hartSlice(Number(end - machine.retired));
  }
}

/** As latency(), for a deadline of the CLINT's. */
function clintLatency(delay: number): number {
  const due = (machine.retired + BigInt(delay)) / BigInt(perTick);
  machine.setCsr(csr.mie, MTIE);
  machine.view.setBigUint64(MTIMECMP, due, true);
  machine.setX(SEEN, 0n);
  runWithClint(delay + 3 * MOST_TICKS * perTick);
  machine.view.setBigUint64(MTIMECMP, NEVER, true);
  machine.exports.clintPoll();
  expect(machine.pc).toBe(BigInt(HANDLER + 4));
  return Number(machine.x(SEEN) / BigInt(perTick) - due);
}

describe.each([
  ['interpreter', 0, undefined],
  ['translator', 1, undefined],
  // Translating again and again what has just gone takes long: here it has to be hotter.
  ['evicting', 3000, 2],
] as const)('a timer of the %s', (engine, heat, units) => {
  beforeAll(async () => {
    machine = await BareMachine.create({ engine });
    machine.translateFrom(heat, units);
    Object.defineProperty(machine, 'time', { get: () => machine.retired / BigInt(perTick) });
  }, 120_000);

  it(`interrupts within ${MOST_TICKS / 10} µs again when code has become slower`, () => {
    const [, write] = programs[1]!;
    perTick = 200;
    start(write);
    for (let runs = 0; runs < 10; runs++) machine.run(50_000);
    perTick = 10;
    machine.run(100_000);
    expect(latency(30_000)).toBeLessThanOrEqual(MOST_TICKS);
  });

  it('comes back after a slice that ended early, for devices to be looked at', () => {
    start((asm) => {
      asm.word(e.lui(10, CLINT), 'lui');
      asm.word(e.addi(11, 0, 1), 'addi');
      asm.word(e.sw(11, 10, 0), 'sw');
      asm.word(e.jal(0, 0), 'jal');
    });
    machine.setCsr(csr.mie, MSIE);
    expect(machine.exports.hartSlice(60_000)).toBeLessThan(10);
    expect(machine.pc).toBe(BigInt(PROGRAM + 12));
    expect(machine.exports.hartSlice(60_000)).toBeGreaterThanOrEqual(512);
    expect(machine.pc).toBe(BigInt(HANDLER + 4));
    machine.exports.setInterruptPending(MSIP, 0);
  });

  it('has no slice that is longer than the longest, whatever it ran beyond its length', () => {
    const [, write] = programs[2]!;
    for (perTick = 76; perTick < 92; perTick++) {
      start(write);
      for (let runs = 0; runs < 40; runs++) {
        machine.run(60_000);
        expect(machine.view.getInt32(SLICE_LENGTH, true)).toBeLessThanOrEqual(LONGEST_SLICE);
      }
    }
  });

  describe.each([10, 30, 200])('at %i instructions a tick', (speed) => {
    it.each(programs)(`interrupts %s within ${MOST_TICKS / 10} µs`, (_name, write) => {
      perTick = speed;
      const random = new Random(17n);
      const latencies = Array.from({ length: TRIES }, () => {
        start(write);
        const inUnits = machine.instructionsInUnits;
        for (let runs = 0; runs < 3; runs++) machine.run(20_000 + random.below(3000));
        expect(machine.instructionsInUnits > inUnits).toBe(engine !== 'interpreter');
        const first = latency(random.below(50_000));
        start(write);
        runWithClint(60_000);
        return [first, clintLatency(random.below(50_000))];
      }).flat();
      expect(Math.min(...latencies)).toBeGreaterThanOrEqual(0);
      expect(Math.max(...latencies)).toBeLessThanOrEqual(MOST_TICKS);
    });
  });
});
