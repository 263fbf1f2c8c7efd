// Branches over a few instructions that only compute: what they compute is right in both cases, also where registers change
// their form, and what was skipped does not count; and which of them are done without branching.
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { BareMachine } from '../machine/testing/bare-host.ts';
import type { Assembler } from '../oracle/generator/assembler.ts';
import * as e from '../oracle/generator/encoding.ts';
import { LOCAL_SKIPS } from './locals.ts';
import { DATA, loop, type Program, type Result, sameOnBoth, skipFaults } from './testing/programs.ts';

const MINSTRET = 0xb02;
const [sub, xor, addw, divu] = [
  e.typeR(0x33, 0, 0x20),
  e.typeR(0x33, 4, 0),
  e.typeR(0x3b, 0, 0),
  e.typeR(0x33, 5, 1),
];
const [bge, bltu, bgeu] = [e.typeB(5), e.typeB(6), e.typeB(7)];
/** Where skipFaults counts. */
const FAULTS = 20;
/** Sums of what came out in each round. */
const [SUM, MIXED] = [26, 22];
/** Two pseudo-random numbers, one of which is narrow, and what is worked out with them. */
const [WIDE, NARROW, OTHER, ONE, TABLE] = [10, 11, 12, 13, 14];

let machine: BareMachine;
beforeEach(async () => {
  machine = await BareMachine.create();
}, 120_000);

type Branch = (rs1: number, rs2: number, offset: number) => number;
type Body = readonly number[];

/** A branch over a body. */
function skip(asm: Assembler, branch: Branch, rs1: number, rs2: number, body: Body): void {
  asm.word(branch(rs1, rs2, 4 + 4 * body.length), 'branch');
  for (const word of body) asm.word(word, 'skipped');
}

/** Rounds with other numbers each, and in the end how many instructions that took. */
const rounds =
  (body: (asm: Assembler) => void): Program =>
  (asm) => {
    skipFaults(asm);
    asm.word(e.csrrw(0, 0, MINSTRET), 'csrw minstret');
    asm.loadConstant(WIDE, 0x4f6c_dd1dn);
    asm.loadConstant(ONE, 1n);
    asm.loadAddress(TABLE, DATA);
    loop(asm, 300, () => {
      for (const [shift, back] of [
        [e.slli, 13],
        [e.srli, 7],
        [e.slli, 17],
      ] as const) {
        asm.word(shift(6, WIDE, back), 'shift');
        asm.word(xor(WIDE, WIDE, 6), 'xor');
      }
      asm.word(e.addiw(NARROW, WIDE, 0), 'sext.w');
      asm.word(e.andi(7, NARROW, 1), 'andi');
      body(asm);
      asm.word(e.add(SUM, SUM, OTHER), 'add');
      asm.word(e.add(MIXED, MIXED, NARROW), 'xor');
    });
    asm.word(e.csrrs(23, 0, MINSTRET), 'csrr minstret');
    asm.word(e.csrrs(24, 0, MINSTRET), 'csrr minstret');
  };

/** Runs a program on both engines; how many modules that were published select by a skip. */
function selecting(program: Program): { modules: number; result: Result } {
  const publish = vi.spyOn(machine.publisher, 'publish');
  const result = sameOnBoth(machine, program);
  // The numbers are not all alike, or none of this would show anything.
  expect(result.registers[MIXED]).not.toBe(0n);
  const selects = Buffer.from([0x20, LOCAL_SKIPS, 0x1b]);
  const modules = publish.mock.calls.filter(([bytes]) => Buffer.from(bytes).includes(selects)).length;
  return { modules, result };
}

const folded: readonly [name: string, body: Body][] = [
  ['a copy', [e.addi(OTHER, WIDE, 0)]],
  ['a copy of a word', [e.addi(OTHER, NARROW, 0)]],
  ['a constant', [e.addi(OTHER, 0, 5)]],
  ['a word that stays one', [e.addiw(NARROW, NARROW, 3)]],
  ['a word that becomes wide', [xor(NARROW, WIDE, NARROW)]],
  ['a wide number that becomes a word', [addw(WIDE, WIDE, NARROW)]],
  ['an idiom of two', [e.slli(OTHER, WIDE, 48), e.srli(OTHER, OTHER, 48)]],
  ['two registers', [e.add(OTHER, OTHER, WIDE), e.addi(NARROW, NARROW, 1)]],
  ['the branch’s own register', [sub(7, 0, 7)]],
  ['three, of which one reads another', [e.lui(OTHER, 0x12345), sub(OTHER, OTHER, WIDE), e.auipc(NARROW, 1)]],
  ['nothing', [e.addi(0, 0, 0)]],
];

describe('branches over what only computes', () => {
  it.each(folded)('selects for %s', (_, body) => {
    const { modules, result } = selecting(rounds((asm) => skip(asm, e.beq, 7, 0, body)));
    expect(modules).toBeGreaterThan(body[0] === e.addi(0, 0, 0) ? -1 : 0);
    expect(result.registers[24]).toBe(result.registers[23]! + 1n);
  });

  it.each([
    ['beq', e.beq],
    ['bne', e.bne],
    ['blt', e.blt],
    ['bge', bge],
    ['bltu', bltu],
    ['bgeu', bgeu],
  ] as const)('does so by %s, of wide numbers and of words', (_, branch) => {
    const { modules } = selecting(
      rounds((asm) => {
        asm.word(e.slli(8, WIDE, 1), 'slli');
        skip(asm, branch, WIDE, 8, [e.addi(OTHER, OTHER, 1)]);
        asm.word(e.addiw(9, WIDE, 77), 'addiw');
        skip(asm, branch, NARROW, 9, [addw(OTHER, OTHER, NARROW)]);
        skip(asm, branch, NARROW, ONE, [addw(OTHER, OTHER, NARROW)]);
      }),
    );
    expect(modules).toBeGreaterThan(0);
  });

  it('does so one after the other, with memory in between', () => {
    const { modules } = selecting(
      rounds((asm) => {
        asm.word(e.ld(OTHER, TABLE, 0), 'ld');
        skip(asm, e.bne, 7, 0, [e.addi(OTHER, OTHER, 9)]);
        asm.word(e.sd(OTHER, TABLE, 0), 'sd');
        skip(asm, e.beq, 7, 0, [e.addi(NARROW, WIDE, 0)]);
        asm.word(e.sd(NARROW, TABLE, 8), 'sd');
      }),
    );
    expect(modules).toBeGreaterThan(0);
  });

  it('checks an access anew when a skip may have changed its base register', () => {
    selecting(
      rounds((asm) => {
        asm.word(e.addi(8, TABLE, 0), 'mv');
        asm.word(e.sd(WIDE, 8, 0), 'sd');
        skip(asm, e.beq, 7, 0, [e.addi(8, 8, 256)]);
        asm.word(e.sd(NARROW, 8, 8), 'sd');
        asm.word(e.ld(OTHER, 8, 0), 'ld');
      }),
    );
  });

  it('gives back exact state at a fault behind one', () => {
    const { modules, result } = selecting(
      rounds((asm) => {
        skip(asm, e.beq, 7, 0, [e.addi(OTHER, OTHER, 3), e.addi(NARROW, WIDE, 0)]);
        asm.word(e.slli(8, 7, 40), 'slli');
        asm.word(e.add(8, TABLE, 8), 'add');
        asm.word(e.sd(OTHER, 8, 0), 'sd');
        asm.word(e.addi(OTHER, OTHER, 1), 'addi');
      }),
    );
    expect(modules).toBeGreaterThan(0);
    expect(Number(result.registers[FAULTS])).toBeGreaterThan(100);
  });

  const branching: readonly [name: string, body: Body][] = [
    ['loads', [e.ld(OTHER, TABLE, 0)]],
    ['stores', [e.sd(OTHER, TABLE, 0)]],
    ['divides', [divu(OTHER, WIDE, NARROW)]],
    ['is long', [1, 2, 3, 4].map((by) => e.addi(OTHER, OTHER, by))],
    ['sets three registers', [e.addi(OTHER, OTHER, 1), e.addi(15, 15, 1), e.addi(16, 16, 1)]],
  ];
  it.each(branching)('branches over what %s', (_, body) => {
    expect(selecting(rounds((asm) => skip(asm, e.beq, 7, 0, body))).modules).toBe(0);
  });

  it('takes nothing for an idiom of what is skipped and what is not', () => {
    const { modules } = selecting(
      rounds((asm) => {
        asm.word(e.addi(OTHER, WIDE, 0), 'mv');
        skip(asm, e.beq, 7, 0, [e.slli(OTHER, OTHER, 48)]);
        asm.word(e.srli(OTHER, OTHER, 48), 'srli');
      }),
    );
    expect(modules).toBeGreaterThan(0);
  });

  it.each([
    ['the first instruction', 8],
    ['the second', 12],
  ])('branches over what another way leads into, at %s', (_, offset) => {
    const { modules } = selecting(
      rounds((asm) => {
        asm.word(e.andi(8, NARROW, 2), 'andi');
        asm.word(e.beq(8, 0, offset), 'beq into it');
        skip(asm, e.beq, 7, 0, [e.addi(OTHER, OTHER, 1), e.addi(OTHER, OTHER, 2)]);
      }),
    );
    expect(modules).toBe(0);
  });
});
