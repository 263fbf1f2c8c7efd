// Accesses that share a check, across blocks and in loops: how many entries of the site TLB a program's units take, and that
// what they compute is right where a check must not be shared.
import { beforeEach, describe, expect, it } from 'vitest';
import { BareMachine } from '../machine/testing/bare-host.ts';
import type { Assembler } from '../oracle/generator/assembler.ts';
import * as e from '../oracle/generator/encoding.ts';
import { KEPT_GROUPS, PINNED_GROUPS } from './locals.ts';
import { DATA, loop, type Program, sameOnBoth } from './testing/programs.ts';

const NEXT_SITE = 0x102ac;
const [BASE_REGISTER, OTHER, INNER] = [10, 11, 6];

let machine: BareMachine;
beforeEach(async () => {
  machine = await BareMachine.create();
}, 120_000);

const sitesTaken = (): number => machine.view.getUint32(NEXT_SITE, true);

/** Site entries that the units of a program take, which computes the same on both engines. */
function sitesOf(program: Program): number {
  const before = sitesTaken();
  sameOnBoth(machine, program);
  return sitesTaken() - before;
}

const load = (asm: Assembler, to: number, offset: number): void =>
  asm.word(e.ld(to, BASE_REGISTER, offset), 'ld');
const store = (asm: Assembler, from: number, offset: number): void =>
  asm.word(e.sd(from, BASE_REGISTER, offset), 'sd');
/** An instruction that changes the base register, if only to what it was. */
const touch = (asm: Assembler): void => asm.word(e.addi(BASE_REGISTER, BASE_REGISTER, 0), 'addi');
const nothing = (asm: Assembler): void => asm.word(e.addi(0, 0, 0), 'nop');

/** The body when register x7, which counts up, is odd; else what comes after it at once. */
function whenOdd(asm: Assembler, body: () => void): void {
  asm.word(e.addi(7, 7, 1), 'addi');
  asm.word(e.andi(8, 7, 1), 'andi');
  const branch = asm.here;
  asm.word(0, 'beq');
  body();
  asm.patchWord(branch, e.beq(8, 0, asm.here - branch));
}

/** Rounds of an inner loop, in register x6. */
function innerLoop(asm: Assembler, body: () => void): void {
  asm.loadConstant(INNER, 3n);
  const top = asm.here;
  body();
  asm.word(e.addi(INNER, INNER, -1), 'addi');
  asm.word(e.bne(INNER, 0, top - asm.here), 'bne');
}

function begin(asm: Assembler): void {
  asm.loadAddress(BASE_REGISTER, DATA);
  asm.loadAddress(OTHER, DATA + 0x80);
}

describe('groups of accesses', () => {
  const throughBranches = (between: (asm: Assembler) => void) => (asm: Assembler) => {
    begin(asm);
    loop(asm, 50, () => {
      load(asm, 12, 0);
      whenOdd(asm, () => {
        between(asm);
        load(asm, 13, 8);
        asm.word(e.addi(13, 13, 1), 'addi');
      });
      between(asm);
      load(asm, 14, 16);
    });
  };

  it('go on in blocks that one way leads to, and where ways meet', () => {
    expect(sitesOf(throughBranches(touch)) - sitesOf(throughBranches(nothing))).toBe(2);
  });

  const intoLoop = (inLoop: (asm: Assembler) => void) => (asm: Assembler) => {
    begin(asm);
    loop(asm, 50, () => {
      load(asm, 12, 0);
      innerLoop(asm, () => {
        load(asm, 13, 0);
        inLoop(asm);
      });
    });
  };

  it('go on in a loop that leaves the base register alone', () => {
    expect(sitesOf(intoLoop(touch))).toBeGreaterThan(sitesOf(intoLoop(nothing)));
  });

  it('end where one of two ways changes the base register', () => {
    const { registers } = sameOnBoth(machine, (asm) => {
      begin(asm);
      asm.word(e.addi(13, 0, 1000), 'addi');
      asm.word(e.sd(13, OTHER, 0), 'sd');
      loop(asm, 50, () => {
        asm.loadAddress(BASE_REGISTER, DATA);
        load(asm, 12, 0);
        whenOdd(asm, () => asm.word(e.addi(BASE_REGISTER, OTHER, 0), 'addi'));
        load(asm, 13, 0);
        asm.word(e.add(14, 14, 13), 'add');
      });
    });
    expect(registers[14]).toBe(25_000n);
  });

  it('are not known on a way where only the other one checked', () => {
    const { registers } = sameOnBoth(machine, (asm) => {
      begin(asm);
      asm.word(e.addi(13, 0, 3), 'addi');
      store(asm, 13, 0);
      loop(asm, 50, () => {
        // Both ways load; which of them comes first in the unit is the translator's business.
        for (let turn = 0; turn < 2; turn++) {
          asm.loadAddress(BASE_REGISTER, DATA);
          asm.word(e.addi(7, 7, 1), 'addi');
          asm.word(e.andi(8, 7, 1 + turn), 'andi');
          const branch = asm.here;
          asm.word(0, 'beq');
          load(asm, 12, 0);
          asm.word(e.add(14, 14, 12), 'add');
          const jump = asm.here;
          asm.word(0, 'jal');
          asm.patchWord(branch, e.beq(8, 0, asm.here - branch));
          load(asm, 12, 0);
          asm.word(e.add(15, 15, 12), 'add');
          asm.patchWord(jump, e.jal(0, asm.here - jump));
        }
      });
    });
    expect(registers[14]! + registers[15]!).toBe(300n);
  });

  it('keep their pointers in loops with more checks than there are locals for them', () => {
    const checks = KEPT_GROUPS + 6;
    const { data } = sameOnBoth(machine, (asm) => {
      begin(asm);
      loop(asm, 20, () => {
        load(asm, 12, 0);
        innerLoop(asm, () => {
          load(asm, 13, 0);
          asm.word(e.addi(13, 13, 3), 'addi');
          asm.word(e.addi(15, BASE_REGISTER, 0), 'addi');
          for (let check = 0; check < checks; check++) {
            asm.word(e.addi(15, 15, 8), 'addi');
            asm.word(e.ld(16, 15, 0), 'ld');
          }
          store(asm, 13, 0);
        });
      });
    });
    expect(data.slice(0, checks + 1)).toEqual([180n, ...Array.from({ length: checks }, () => 0n)]);
  });

  it('are forgotten by a loop when there are more of them than locals of their own', () => {
    const groups = PINNED_GROUPS + 4;
    const { data, registers } = sameOnBoth(machine, (asm) => {
      for (let group = 0; group < groups; group++) asm.loadAddress(12 + group, DATA + 16 * group);
      loop(asm, 20, () => {
        for (let group = 0; group < groups; group++) asm.word(e.ld(9, 12 + group, 0), 'ld');
        innerLoop(asm, () => {
          // Words, whose locals come behind those of groups.
          for (const word of [1, 2, 3, 4]) asm.word(e.addiw(word, word, word), 'addiw');
          for (let group = 0; group < groups; group++) {
            asm.word(e.ld(8, 12 + group, 0), 'ld');
            asm.word(e.addi(8, 8, 1), 'addi');
            asm.word(e.sd(8, 12 + group, 0), 'sd');
          }
        });
      });
    });
    expect(data.filter((_, index) => index < 2 * groups && index % 2 === 0)).toEqual(
      Array.from({ length: groups }, () => 60n),
    );
    expect(registers.slice(1, 5)).toEqual([60n, 120n, 180n, 240n]);
  });
});
