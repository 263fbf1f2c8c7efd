// Instruction vectors written by hand: bits as the GNU assembler gives them, results from the manual's definitions
// (RISC-V Unprivileged 20240411, chapters 4, 12 and 26). None of it comes from guests/riscv/isa.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { disassemble } from '../../isa/disassemble.ts';
import { BareMachine } from '../testing/bare-host.ts';
import { engines } from '../testing/engines.ts';

const START = 0x80000000n;
const ONES = 0xffffffffffffffffn;
const MIN = 0x8000000000000000n;
const MAX = 0x7fffffffffffffffn;
const WFI = 0x10500073;

/** Bits, text, a0, a1, and what a2 is afterwards. */
const vectors: [number, string, bigint, bigint, bigint][] = [
  [0x00b50633, 'add a2,a0,a1', ONES, 2n, 1n],
  [0x40b50633, 'sub a2,a0,a1', 1n, 2n, ONES],
  [0x00b51633, 'sll a2,a0,a1', 3n, 0x7fn, MIN],
  [0x00b52633, 'slt a2,a0,a1', MIN, MAX, 1n],
  [0x00b53633, 'sltu a2,a0,a1', MIN, MAX, 0n],
  [0x00b54633, 'xor a2,a0,a1', 0xff00n, 0x0ff0n, 0xf0f0n],
  [0x00b55633, 'srl a2,a0,a1', MIN, 64n + 63n, 1n],
  [0x40b55633, 'sra a2,a0,a1', MIN, 63n, ONES],
  [0x00b56633, 'or a2,a0,a1', 0xff00n, 0x0ff0n, 0xfff0n],
  [0x00b57633, 'and a2,a0,a1', 0xff00n, 0x0ff0n, 0x0f00n],
  [0x00b5063b, 'addw a2,a0,a1', 0x1_7fffffffn, 1n, 0xffffffff80000000n],
  [0x40b5063b, 'subw a2,a0,a1', 0n, 1n, ONES],
  [0x00b5163b, 'sllw a2,a0,a1', 1n, 32n + 31n, 0xffffffff80000000n],
  [0x00b5563b, 'srlw a2,a0,a1', 0xffffffff80000000n, 32n, 0xffffffff80000000n],
  [0x00b5563b, 'srlw a2,a0,a1', 0xffffffff80000000n, 31n, 1n],
  [0x40b5563b, 'sraw a2,a0,a1', 0x80000000n, 31n, ONES],
  [0x02b50633, 'mul a2,a0,a1', MIN, 3n, MIN],
  [0x02b51633, 'mulh a2,a0,a1', MIN, MIN, 0x4000000000000000n],
  [0x02b51633, 'mulh a2,a0,a1', ONES, 5n, ONES],
  [0x02b52633, 'mulhsu a2,a0,a1', ONES, ONES, ONES],
  [0x02b52633, 'mulhsu a2,a0,a1', 2n, ONES, 1n],
  [0x02b53633, 'mulhu a2,a0,a1', ONES, ONES, 0xfffffffffffffffen],
  [0x02b54633, 'div a2,a0,a1', 7n, 0n, ONES],
  [0x02b54633, 'div a2,a0,a1', MIN, ONES, MIN],
  [0x02b54633, 'div a2,a0,a1', BigInt.asUintN(64, -7n), 2n, BigInt.asUintN(64, -3n)],
  [0x02b55633, 'divu a2,a0,a1', 7n, 0n, ONES],
  [0x02b55633, 'divu a2,a0,a1', ONES, 2n, MAX],
  [0x02b56633, 'rem a2,a0,a1', 7n, 0n, 7n],
  [0x02b56633, 'rem a2,a0,a1', MIN, ONES, 0n],
  [0x02b56633, 'rem a2,a0,a1', BigInt.asUintN(64, -7n), 2n, ONES],
  [0x02b57633, 'remu a2,a0,a1', 7n, 0n, 7n],
  [0x02b57633, 'remu a2,a0,a1', ONES, 10n, 5n],
  [0x02b5063b, 'mulw a2,a0,a1', 0x40000000n, 2n, 0xffffffff80000000n],
  [0x02b5463b, 'divw a2,a0,a1', 0x80000000n, 0xffffffffn, 0xffffffff80000000n],
  [0x02b5463b, 'divw a2,a0,a1', 0x1_00000007n, 0n, ONES],
  [0x02b5563b, 'divuw a2,a0,a1', 0xffffffffn, 1n, ONES],
  [0x02b5663b, 'remw a2,a0,a1', 0x80000000n, 0xffffffffn, 0n],
  [0x02b5663b, 'remw a2,a0,a1', 0x80000000n, 0n, 0xffffffff80000000n],
  [0x02b5763b, 'remuw a2,a0,a1', 0x80000000n, 0n, 0xffffffff80000000n],
  [0x80050613, 'addi a2,a0,-2048', 0n, 0n, 0xfffffffffffff800n],
  [0xfff52613, 'slti a2,a0,-1', BigInt.asUintN(64, -2n), 0n, 1n],
  [0xfff53613, 'sltiu a2,a0,-1', ONES, 0n, 0n],
  [0xfff53613, 'sltiu a2,a0,-1', 5n, 0n, 1n],
  [0xfff54613, 'xori a2,a0,-1', 0xf0n, 0n, 0xffffffffffffff0fn],
  [0x55556613, 'ori a2,a0,1365', 0xaa0n, 0n, 0xff5n],
  [0xf0057613, 'andi a2,a0,-256', ONES, 0n, 0xffffffffffffff00n],
  [0x03f51613, 'slli a2,a0,0x3f', 1n, 0n, MIN],
  [0x03f55613, 'srli a2,a0,0x3f', MIN, 0n, 1n],
  [0x43f55613, 'srai a2,a0,0x3f', MIN, 0n, ONES],
  [0xfff5061b, 'addiw a2,a0,-1', 0x1_00000000n, 0n, ONES],
  [0x01f5161b, 'slliw a2,a0,0x1f', 3n, 0n, 0xffffffff80000000n],
  [0x01f5561b, 'srliw a2,a0,0x1f', 0x1_80000000n, 0n, 1n],
  [0x41f5561b, 'sraiw a2,a0,0x1f', 0x80000000n, 0n, ONES],
  [0x80000637, 'lui a2,0x80000', 0n, 0n, 0xffffffff80000000n],
];

/** Compressed ones; here the register that changes (a2, or sp) is 0x1000 before. */
const shortVectors: [number, string, bigint, bigint, bigint][] = [
  [0x1601, 'c.addi a2,-32', 0n, 0n, 0xfe0n],
  [0x267d, 'c.addiw a2,31', 0n, 0n, 0x101fn],
  [0x5601, 'c.li a2,-32', 0n, 0n, BigInt.asUintN(64, -32n)],
  [0x7601, 'c.lui a2,0xfffe0', 0n, 0n, 0xfffffffffffe0000n],
  [0x7101, 'c.addi16sp sp,-512', 0n, 0n, 0xe00n],
  [0x1ff0, 'c.addi4spn a2,sp,1020', 0n, 0n, 0x13fcn],
  [0x167e, 'c.slli a2,0x3f', 0n, 0n, 0n],
  [0x927d, 'c.srli a2,0x3f', 0n, 0n, 0n],
  [0x9605, 'c.srai a2,0x21', 0n, 0n, 0n],
  [0x9a01, 'c.andi a2,-32', 0n, 0n, 0x1000n],
  [0x862e, 'c.mv a2,a1', 0n, MAX, MAX],
  [0x962e, 'c.add a2,a1', 0n, 0x234n, 0x1234n],
  [0x8e0d, 'c.sub a2,a1', 0n, 0x1001n, ONES],
  [0x8e2d, 'c.xor a2,a1', 0n, 0x1001n, 1n],
  [0x8e4d, 'c.or a2,a1', 0n, 1n, 0x1001n],
  [0x8e6d, 'c.and a2,a1', 0n, 0x1001n, 0x1000n],
  [0x9e0d, 'c.subw a2,a1', 0n, 0x80001000n, 0xffffffff80000000n],
  [0x9e2d, 'c.addw a2,a1', 0n, 0x7fffffffn, 0xffffffff80000fffn],
];

let machine: BareMachine;
beforeAll(async () => {
  machine = await BareMachine.create();
}, 120_000);

describe('instruction vectors', () => {
  it.each(vectors)('%s %s with %s and %s gives %s', (bits, text, a, b, expected) => {
    machine.reset(START);
    machine.loadWords(START, [bits]);
    machine.setX(10, a);
    machine.setX(11, b);
    machine.step();
    expect(machine.x(12)).toBe(expected);
    expect(machine.pc).toBe(START + 4n);
    expect(disassemble(bits, START)).toBe(text);
  });

  it.each(shortVectors)('%s %s with %s and %s gives %s', (bits, text, a, b, expected) => {
    machine.reset(START);
    machine.loadParcels(START, [bits, 1]);
    machine.setX(2, 0x1000n);
    machine.setX(10, a);
    machine.setX(11, b);
    machine.setX(12, 0x1000n);
    machine.step();
    expect(machine.x(text.includes('addi16sp') ? 2 : 12)).toBe(expected);
    expect(machine.pc).toBe(START + 2n);
    expect(disassemble(bits, START)).toBe(text);
  });

  describe.each(engines)('as %s', (engine) => {
    beforeAll(() => machine.setEngine(engine));
    afterAll(() => machine.setEngine('interpreter'));
    const inUnits = (count: number): bigint => (engine === 'interpreter' ? 0n : BigInt(count));

    it('gives the same results in bulk, where instructions may be decoded together with others', () => {
      const before = machine.instructionsInUnits;
      for (const [bits, text, a, b, expected] of vectors) {
        machine.reset(START);
        machine.loadWords(START, [bits, WFI]);
        machine.setX(10, a);
        machine.setX(11, b);
        expect(machine.run(3)).toBe('waiting');
        expect(machine.x(12), text).toBe(expected);
      }
      expect(machine.instructionsInUnits - before).toBe(inUnits(vectors.length));
    });

    it('gives the same results of compressed instructions in bulk', () => {
      const before = machine.instructionsInUnits;
      for (const [bits, text, a, b, expected] of shortVectors) {
        machine.reset(START);
        machine.loadParcels(START, [bits, WFI & 0xffff, WFI >>> 16]);
        machine.setX(2, 0x1000n);
        machine.setX(10, a);
        machine.setX(11, b);
        machine.setX(12, 0x1000n);
        expect(machine.run(3)).toBe('waiting');
        expect(machine.x(text.includes('addi16sp') ? 2 : 12), text).toBe(expected);
      }
      expect(machine.instructionsInUnits - before).toBe(inUnits(shortVectors.length));
    });
  });

  it('reads every reserved compressed parcel as illegal', () => {
    // All zeros, c.addi4spn 0, c.lui 0, c.addi16sp 0, c.jr x0, c.lwsp to x0, c.ldsp to x0, reserved c.subw slots.
    for (const parcel of [0x0000, 0x0010, 0x6601, 0x6101, 0x8002, 0x4002, 0x6002, 0x9c41, 0x9c61, 0x8000]) {
      machine.reset(START);
      machine.loadParcels(START, [parcel, 1]);
      expect(machine.step().trap, parcel.toString(16)).toEqual({ cause: 2n, value: BigInt(parcel) });
    }
  });
});
