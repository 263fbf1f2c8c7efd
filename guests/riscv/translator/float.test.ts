// Each float instruction, translated and interpreted, on operands whose results are exact, rounded and out of bounds, with
// "inexact" clear and raised before: the same results and flags. The interpreter's are checked by machine/float's tests.
import { beforeAll, expect, it } from 'vitest';
import { rows } from '../isa/tables.ts';
import { BareMachine } from '../machine/testing/bare-host.ts';
import { Assembler } from '../oracle/generator/assembler.ts';
import * as e from '../oracle/generator/encoding.ts';
import { Random } from '../oracle/generator/random.ts';
import { specialFloat } from '../oracle/generator/special-values.ts';

const BASE = 0x8000_0000;
const OPERANDS = BASE + 0x1_0000;
const RESULTS = BASE + 0x4_0000;
const CASES = 1200;
const INEXACT = 1;
const UNITS_MADE = 0x102a4;
const [FROM_THE_START, NEVER] = [1, 0];
const fsd = e.typeS(0x27, 3);

let machine: BareMachine;
beforeAll(async () => {
  machine = await BareMachine.create();
}, 120_000);

const bitsOf = (value: number): bigint => {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  return view.getBigUint64(0);
};
const boxed = (value: number): bigint => {
  const view = new DataView(new ArrayBuffer(4));
  view.setFloat32(0, value);
  return 0xffff_ffff_0000_0000n | BigInt(view.getUint32(0));
};

/** A number that often makes results exact: few significant bits, or another operand's neighbour. */
function plain(random: Random, others: readonly number[]): number {
  const few = (random.below(1 << random.below(30)) - (1 << random.below(20))) * 2 ** (random.below(24) - 12);
  if (others.length > 0 && random.below(4) === 0) return -(others[0] as number);
  if (random.below(4) === 0)
    return few * (1 + random.below(4096) * 2 ** -52) * 2 ** (random.below(1900) - 950);
  if (random.below(12) === 0) return random.below(2) === 0 ? 0 : -0;
  return random.below(3) === 0 ? few / 3 : few;
}

function operands(random: Random, width: 's' | 'd' | 'x'): bigint[] {
  const numbers: number[] = [];
  return [0, 1, 2].map(() => {
    if (random.below(6) === 0) return specialFloat(random);
    const number = plain(random, numbers);
    numbers.push(number);
    if (width === 'x')
      return BigInt.asUintN(64, BigInt(Math.trunc(number % 2 ** 64)) << BigInt(random.below(40)));
    return width === 'd' ? bitsOf(number) : boxed(number);
  });
}

/** Runs `word`, whose operands are register 1, 2 and 3 and whose result is register 4, on every case. */
function run(word: number, heat: number): { results: bigint[]; units: number } {
  const asm = new Assembler();
  asm.loadConstant(6, 0x2000n);
  asm.word(e.csrrs(0, 6, 0x300), 'csrrs mstatus');
  asm.loadAddress(10, OPERANDS);
  asm.loadAddress(11, RESULTS);
  asm.loadConstant(5, BigInt(CASES));
  const top = asm.here;
  asm.word(e.andi(7, 5, INEXACT), 'andi');
  asm.word(e.csrrw(0, 7, 0x001), 'csrrw fflags');
  for (const [register, at] of [
    [1, 0],
    [2, 8],
    [3, 16],
  ] as const) {
    asm.word(e.fld(register, 10, at), 'fld');
    asm.word(e.ld(register, 10, at), 'ld');
  }
  asm.word(word, 'the instruction');
  asm.word(fsd(4, 11, 0), 'fsd');
  asm.word(e.sd(4, 11, 8), 'sd');
  asm.word(e.csrrs(7, 0, 0x001), 'csrrs fflags');
  asm.word(e.sd(7, 11, 16), 'sd');
  asm.word(e.addi(10, 10, 24), 'addi');
  asm.word(e.addi(11, 11, 24), 'addi');
  asm.word(e.addi(5, 5, -1), 'addi');
  asm.word(e.bne(5, 0, top - asm.here), 'bne');
  const end = BigInt(asm.here);
  asm.word(e.jal(0, 0), 'jal');
  machine.translateFrom(heat);
  machine.loadBytes(BigInt(BASE), asm.code.subarray(0, asm.here - BASE));
  machine.reset(BigInt(BASE), { mode: 3 });
  const units = machine.view.getUint32(UNITS_MADE, true);
  for (let runs = 0; machine.pc !== end && runs < 1000; runs++) machine.run(5000);
  expect(machine.pc).toBe(end);
  const results = Array.from({ length: CASES * 3 }, (_, at) => machine.read(BigInt(RESULTS + 8 * at), 8));
  return { results, units: machine.view.getUint32(UNITS_MADE, true) - units };
}

const MODES = { 'to nearest': 0, 'to zero': 1, down: 2, 'to nearest, dynamic': 7 };
const floatRows = rows.flatMap((row) => {
  if (row.semantics.kind !== 'float') return [];
  const { operands: types, rounds } = row.semantics;
  const [first] = types;
  const width: 's' | 'd' | 'x' =
    first === 'x' ? 'x' : first === 'f64' || row.name.endsWith('x.d') ? 'd' : 's';
  const registers =
    (4 << 7) | (1 << 15) | (types.length > 1 ? 2 << 20 : 0) | (types.length > 2 ? 3 << 27 : 0);
  return Object.entries(rounds ? MODES : { '': (row.match >>> 12) & 7 }).map(([mode, number]) => ({
    name: `${row.name} ${mode}`,
    width,
    word: ((row.match & ~0x7000) | registers | (number << 12)) >>> 0,
  }));
});

it.each(floatRows)('does $name as the interpreter does', ({ word, width }) => {
  const random = new Random(BigInt(word));
  const table = new BigUint64Array(CASES * 3);
  for (let at = 0; at < table.length; at += 3) table.set(operands(random, width), at);
  machine.loadBytes(BigInt(OPERANDS), new Uint8Array(table.buffer));
  const interpreted = run(word, NEVER);
  const translated = run(word, FROM_THE_START);
  expect(interpreted.units).toBe(0);
  expect(translated.units).toBeGreaterThan(0);
  for (let at = 0; at < table.length; at += 3)
    expect([table.slice(at, at + 3), translated.results.slice(at, at + 3)]).toEqual([
      table.slice(at, at + 3),
      interpreted.results.slice(at, at + 3),
    ]);
});
