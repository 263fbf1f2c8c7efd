// The translator at work on programs that the interpreter runs, too: the same registers, memory and instruction counts.
// Random programs on both engines: guests/riscv/oracle.
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { unitTexts } from '../../../hypervisor/code-publishing/unit-text.ts';
import { BareMachine } from '../machine/testing/bare-host.ts';
import { Assembler } from '../oracle/generator/assembler.ts';
import * as e from '../oracle/generator/encoding.ts';
import { LOCAL_ENTRY } from './locals.ts';
import {
  BASE,
  DATA,
  FROM_THE_START,
  loop,
  NEVER,
  type Program,
  type Result,
  run as runProgram,
  sameOnBoth,
  skipFaults,
  unitsMade as unitsMadeBy,
} from './testing/programs.ts';

const [UNITS_GONE, NEXT_SITE, SITES_FILLED] = [0x102c0, 0x102ac, 0x109c8];
/** memory/layout.ts. */
const [DECODE_MAP, DECODED_PAGES] = [0x100000, 0x300000];
const [SITES, SITE_BYTES, SITE_LIMIT, SITE_LOG_ENTRIES] = [0x3400000, 32, 0x40000, 0x8000];
const [sub, mul] = [e.typeR(0x33, 0, 0x20), e.typeR(0x33, 0, 1)];
const [slti, xor] = [e.typeI(0x13, 2), e.typeR(0x33, 4, 0)];

let machine: BareMachine;
beforeEach(async () => {
  machine = await BareMachine.create();
}, 120_000);

const run = (program: Program, heat: number): Result => runProgram(machine, program, heat);
const expectSame = (program: Program, leastUnits?: number): Result =>
  sameOnBoth(machine, program, leastUnits);

describe('the translator', () => {
  it('runs loops in loops with memory in them', () => {
    expectSame((asm) => {
      asm.loadAddress(10, DATA);
      loop(asm, 200, () => {
        asm.word(e.addi(6, 0, 10), 'addi');
        const inner = asm.here;
        asm.word(e.ld(7, 10, 0), 'ld');
        asm.word(e.add(7, 7, 5), 'add');
        asm.word(mul(8, 7, 6), 'mul');
        asm.word(e.sd(7, 10, 0), 'sd');
        asm.word(e.sd(8, 10, 8), 'sd');
        asm.word(e.addi(6, 6, -1), 'addi');
        asm.word(e.bne(6, 0, inner - asm.here), 'bne');
      });
    });
  });

  it('runs recursive calls deeper than it nests them', () => {
    const { registers } = expectSame((asm) => {
      // a0 = sum(1..a0) by recursion, 200 deep, forty times over.
      asm.loadAddress(2, BASE + 0x10000);
      const jump = asm.here;
      asm.word(0, 'jal');
      const sum = asm.here;
      asm.word(e.bne(10, 0, 8), 'bne');
      asm.word(e.jalr(0, 1, 0), 'ret');
      asm.word(e.addi(2, 2, -16), 'addi');
      asm.word(e.sd(1, 2, 0), 'sd');
      asm.word(e.sd(10, 2, 8), 'sd');
      asm.word(e.addi(10, 10, -1), 'addi');
      asm.word(e.jal(1, sum - asm.here), 'jal');
      asm.word(e.ld(7, 2, 8), 'ld');
      asm.word(e.ld(1, 2, 0), 'ld');
      asm.word(e.add(10, 10, 7), 'add');
      asm.word(e.addi(2, 2, 16), 'addi');
      asm.word(e.jalr(0, 1, 0), 'ret');
      asm.patchWord(jump, e.jal(0, asm.here - jump));
      loop(asm, 40, () => {
        asm.word(e.addi(10, 0, 200), 'addi');
        asm.word(e.jal(1, sum - asm.here), 'jal');
      });
    });
    expect(registers[10]).toBe(20_100n);
  });

  /** A loop of three blocks that is entered in two; every third time it begins in the second. */
  const enteredTwice =
    (inFirst: (asm: Assembler, first: number) => void) =>
    (asm: Assembler): void =>
      loop(asm, 500, () => {
        asm.word(e.addi(6, 0, 9), 'addi');
        asm.word(e.addi(9, 9, 1), 'addi');
        asm.word(slti(8, 9, 3), 'slti');
        const skip = asm.here;
        asm.word(0, 'bne');
        asm.word(e.addi(9, 0, 0), 'addi');
        const enterSecond = asm.here;
        asm.word(0, 'jal');
        asm.patchWord(skip, e.bne(8, 0, asm.here - skip));
        const first = asm.here;
        asm.word(e.addi(7, 7, 1), 'addi');
        inFirst(asm, first);
        asm.patchWord(enterSecond, e.jal(0, asm.here - enterSecond));
        const second = asm.here;
        asm.word(e.addi(10, 10, 3), 'addi');
        asm.word(e.addi(6, 6, -1), 'addi');
        asm.word(e.andi(8, 6, 2), 'andi');
        const out = asm.here;
        asm.word(0, 'beq');
        asm.word(e.bne(8, 0, second - asm.here), 'bne');
        asm.word(e.jal(0, first - asm.here), 'jal');
        asm.patchWord(out, e.beq(6, 0, asm.here - out));
      });

  /** The modules of a program's units. */
  const modulesOf = (program: Program): Buffer[] => {
    const publish = vi.spyOn(machine.publisher, 'publish');
    expectSame(program);
    return publish.mock.calls.map(([bytes]) => Buffer.from(bytes));
  };
  /** Where a module's unit goes on elsewhere. */
  const waysOut = (module: Buffer): number =>
    unitTexts(module, String)
      .flatMap(({ lines }) => lines.flatMap(({ instructions }) => instructions))
      .filter((instruction) => instruction.startsWith('return_call')).length;
  const setsEntry = Buffer.from([0x21, LOCAL_ENTRY]);

  it('peels a loop that is entered in two places, where all ways round lead through one', () => {
    // Without a dispatch, and without peeling, the second way in would lead out of the unit, as the end of the program does.
    const modules = modulesOf(enteredTwice(() => {}));
    expect(modules.some((module) => module.includes(setsEntry))).toBe(false);
    expect(waysOut(modules[0]!)).toBe(1);
  });

  it('runs loops that are entered in two places, with a loop in each, by a dispatch', () => {
    const modules = modulesOf(
      enteredTwice((asm, first) => {
        asm.word(e.andi(11, 7, 3), 'andi');
        asm.word(e.bne(11, 0, first - asm.here), 'bne');
      }),
    );
    expect(modules.some((module) => module.includes(setsEntry))).toBe(true);
  });

  it('gives back words sign-extended at a fault, whatever was done with them', () => {
    const [srai, addw] = [e.typeI(0x13, 5), e.typeR(0x3b, 0, 0)];
    const { registers } = expectSame((asm) => {
      skipFaults(asm);
      asm.loadConstant(6, 0x7654_3210n);
      asm.word(e.slli(6, 6, 32), 'slli');
      asm.loadConstant(7, -0x123_4568n);
      asm.word(e.add(6, 6, 7), 'add');
      asm.loadConstant(7, -2n);
      loop(asm, 300, () => {
        asm.word(addw(8, 6, 5), 'addw');
        asm.word(e.or(9, 8, 7), 'or of words');
        asm.word(e.and(10, 8, 6), 'and of a word and more');
        for (const [rd, left, right] of [
          [11, 32, 32],
          [12, 48, 48],
          [13, 56, 56],
          [14, 32, 29],
          [15, 40, 40],
        ] as const) {
          asm.word(e.slli(rd, 6, left), 'slli');
          asm.word(e.srli(rd, rd, right), 'srli');
          asm.word(e.slli(rd + 11, 6, left), 'slli');
          asm.word(srai(rd + 11, rd + 11, right | 0x400), 'srai');
        }
        asm.word(e.ld(16, 0, 0), 'ld that faults');
        asm.word(srai(17, 8, 0x400 | 40), 'srai of a word');
        asm.word(e.andi(18, 6, 0x7f0), 'andi');
        asm.word(e.addi(19, 8, 0), 'mv');
      });
    });
    expect(registers[14]).toBe(0xfedc_ba98n << 3n);
    expect(registers[23]).toBe(BigInt.asUintN(64, -0x4568n));
  });

  it('gives back exact state at a fault in the middle of a loop', () => {
    expectSame((asm) => {
      skipFaults(asm);
      asm.loadAddress(10, DATA);
      loop(asm, 300, () => {
        asm.word(e.addi(7, 7, 1), 'addi');
        asm.word(e.andi(8, 5, 15), 'andi');
        asm.word(slti(8, 8, 1), 'slti');
        asm.word(e.slli(8, 8, 40), 'slli');
        asm.word(e.add(9, 10, 8), 'add');
        asm.word(e.sd(7, 9, 0), 'sd');
        asm.word(e.addi(11, 11, 3), 'addi');
        asm.word(sub(12, 11, 7), 'sub');
      });
    });
  });

  it('leaves float instructions with a reserved rounding mode illegal', () => {
    const { registers } = expectSame((asm) => {
      skipFaults(asm);
      asm.loadConstant(6, 0x2000n);
      asm.word(e.csrrs(0, 6, 0x300), 'csrrs mstatus');
      loop(asm, 100, () => {
        asm.word(e.addi(7, 7, 1), 'addi');
        asm.word(0x1a31_f147, 'fmsub.d with rounding mode 7');
        asm.word((0x1a31_f147 & ~0x7000) | 0x5000, 'fmsub.d with rounding mode 5');
        asm.word((0x1a31_f147 & ~0x7000) | 0x6000, 'fmsub.d with rounding mode 6');
        asm.word(e.addi(8, 8, 1), 'addi');
      });
    });
    expect(registers[20]).toBe(200n);
  });

  it('lets SC fault when its reservation holds and the page may not be written', () => {
    const { registers } = expectSame((asm) => {
      skipFaults(asm);
      // pmpcfg0: locked, NAPOT, readable alone: the page at DATA.
      asm.loadConstant(6, BigInt(DATA / 4 + 0x1ff));
      asm.word(e.csrrw(0, 6, 0x3b0), 'csrrw pmpaddr0');
      asm.loadConstant(6, 0x99n);
      asm.word(e.csrrw(0, 6, 0x3a0), 'csrrw pmpcfg0');
      asm.loadAddress(10, DATA);
      loop(asm, 100, () => {
        asm.word(e.addi(11, 0, 7), 'addi');
        asm.word(0x1005_262f, 'lr.w x12, (x10)');
        asm.word(0x18b5_26af, 'sc.w x13, x11, (x10)');
        asm.word(e.addi(14, 14, 1), 'addi');
      });
    });
    expect(registers[20]).toBe(100n);
  });

  it('checks an access anew when a CSR instruction has changed its base register', () => {
    const { data } = expectSame((asm) => {
      asm.loadAddress(10, DATA);
      asm.loadAddress(6, DATA + 0x100);
      asm.word(e.csrrw(0, 6, 0x340), 'csrrw mscratch');
      loop(asm, 100, () => {
        asm.word(e.ld(7, 10, 0), 'ld');
        asm.word(e.addi(7, 7, 1), 'addi');
        asm.word(e.sd(7, 10, 0), 'sd');
        asm.word(e.csrrw(10, 10, 0x340), 'csrrw mscratch');
        asm.word(e.ld(8, 10, 0), 'ld');
        asm.word(e.addi(8, 8, 3), 'addi');
        asm.word(e.sd(8, 10, 0), 'sd');
      });
    });
    expect([data[0], data[32]]).toEqual([200n, 200n]);
  });

  it('does CSR instructions whose registers nothing else in the block names', () => {
    const { registers } = expectSame((asm) => {
      asm.loadConstant(12, 0x222n);
      loop(asm, 100, () => {
        asm.word(e.addi(7, 7, 1), 'addi');
        asm.word(e.csrrw(12, 12, 0x303), 'csrrw mideleg');
        asm.word(e.csrrs(13, 0, 0x303), 'csrrs mideleg');
        asm.word(e.csrrw(14, 13, 0x340), 'csrrw mscratch');
        asm.word(e.csrrs(15, 0, 0xb02), 'csrrs minstret');
        asm.word(e.csrrs(16, 0, 0xb02), 'csrrs minstret');
        asm.word(sub(15, 16, 15), 'sub');
        asm.word(e.addi(16, 0, 0), 'addi');
      });
    });
    expect(registers.slice(12, 16)).toEqual([0x222n, 0n, 0x222n, 1n]);
  });

  it('takes a trap out of a unit that others wait for, into code at the address where these go on', () => {
    // The call at `calls` waits for a return to the instruction behind it; what is called makes an environment call
    // whose handler, in another mode, begins at that very instruction.
    const { registers } = expectSame((asm) => {
      const jump = asm.here;
      asm.word(0, 'jal');
      const called = asm.here;
      asm.word(e.addi(9, 9, 1), 'addi');
      asm.word(e.ECALL, 'ecall');
      asm.word(e.jalr(0, 1, 0), 'ret');
      asm.patchWord(jump, e.jal(0, asm.here - jump));
      asm.loadConstant(5, 100n);
      const [top, handler] = [asm.here, asm.here + 4 * 16];
      asm.loadAddress(6, handler);
      asm.word(e.csrrw(0, 6, 0x305), 'csrrw mtvec');
      while (asm.here < handler - 4) asm.word(e.addi(0, 0, 0), 'nop');
      asm.word(e.jal(1, called - asm.here), 'jal');
      asm.word(e.addi(11, 11, 1), 'addi');
      asm.word(e.csrrs(12, 0, 0x342), 'csrrs mcause');
      asm.word(e.addi(5, 5, -1), 'addi');
      asm.word(e.bne(5, 0, top - asm.here), 'bne');
    });
    expect(registers[11]).toBe(100n);
    expect(registers[12]).toBe(11n);
  });

  it('makes a unit anew whose accesses lie in two pages again and again', () => {
    const { units, data } = expectSame((asm) => {
      asm.loadAddress(10, DATA + 0x1000 - 16);
      asm.loadAddress(11, DATA);
      loop(asm, 200, () => {
        for (let at = 0; at < 32; at += 8) asm.word(e.sd(5, 10, at), 'sd');
        asm.word(e.ld(6, 10, 24), 'ld');
        asm.word(e.add(7, 7, 6), 'add');
        asm.word(e.sd(7, 11, 0), 'sd');
      });
    });
    expect(data[0]).toBe(20_100n);
    // The loop's, perhaps begun in its middle, and those made anew: not one for each round.
    expect(units).toBeLessThan(20);
  });

  it('finds a word anew that only the outer loop names when the inner one goes on there', () => {
    // The way from the inner loop to the outer one's head is a branch of the inner loop.
    const { registers } = expectSame((asm) => {
      asm.word(e.addi(6, 0, 400), 'addi');
      const outer = asm.here;
      asm.word(e.addiw(18, 18, -23), 'addiw');
      // Both ways lead to the inner loop.
      asm.word(e.bne(6, 12, 4), 'bne');
      const inner = asm.here;
      asm.word(e.addi(6, 6, -1), 'addi');
      const exit = asm.here;
      asm.word(0, 'beq');
      asm.word(e.andi(7, 6, 3), 'andi');
      asm.word(e.beq(7, 0, outer - asm.here), 'beq');
      asm.word(e.jal(0, inner - asm.here), 'jal');
      asm.patchWord(exit, e.beq(6, 0, asm.here - exit));
    });
    expect(registers[18]).toBe(BigInt.asUintN(64, -2300n));
  });

  /** A loop whose accesses need a site each. */
  const manySites = (asm: Assembler): void => {
    for (let register = 10; register < 18; register++) asm.loadAddress(register, DATA + 32 * (register - 10));
    loop(asm, 100, () => {
      for (let register = 10; register < 18; register++) {
        asm.word(e.ld(7, register, 0), 'ld');
        asm.word(e.add(7, 7, 5), 'add');
        asm.word(e.sd(7, register, 8), 'sd');
        asm.word(e.sd(6, register, 0), 'sd');
        asm.word(e.addi(6, 7, register), 'addi');
      }
    });
  };

  it.each([
    ['the end of the site TLB', SITE_LIMIT - 5],
    ['the end of the numbers of sites', 2 ** 32 - 5],
  ])('has sites on both sides of %s', (_what, next) => {
    machine.view.setUint32(NEXT_SITE, next, true);
    expectSame(manySites);
    expect(machine.view.getUint32(NEXT_SITE, true) - next).not.toBe(0);
  });

  it('takes away the oldest units when others need their sites', () => {
    expectSame(manySites);
    expect(machine.view.getUint32(UNITS_GONE, true)).toBe(0);
    const next = machine.view.getUint32(NEXT_SITE, true) + SITE_LIMIT - 20;
    machine.view.setUint32(NEXT_SITE, next, true);
    expectSame(manySites);
    expect(machine.view.getUint32(UNITS_GONE, true)).toBeGreaterThan(0);
    expectSame(manySites);
  });

  it.each([0, 1, 2])('forgets all of the site TLB when its log is full but for %s', (room) => {
    // One access stays in its page, the other one changes pages, so that its site is filled again and again.
    const asm = new Assembler();
    asm.loadAddress(10, DATA);
    asm.loadAddress(11, DATA + 0x1000);
    asm.loadAddress(12, 0x1000);
    const top = asm.here;
    asm.word(e.ld(7, 10, 0), 'ld');
    asm.word(e.ld(8, 11, 0), 'ld');
    asm.word(xor(11, 11, 12), 'xor');
    asm.word(e.beq(9, 0, top - asm.here), 'beq');
    asm.word(e.SFENCE_VMA_ALL, 'sfence.vma');
    asm.word(e.jal(0, 0), 'jal');
    machine.translateFrom(FROM_THE_START);
    machine.loadBytes(BigInt(BASE), asm.code.subarray(0, asm.here - BASE));
    machine.reset(BigInt(BASE), { mode: 3 });
    machine.setX(9, 0n);
    const filled = (): number[] =>
      Array.from(
        { length: machine.view.getUint32(NEXT_SITE, true) },
        (_, site) => SITES + site * SITE_BYTES,
      ).filter((site) => machine.view.getUint32(site + 8, true) !== 0);
    for (let runs = 0; runs < 50; runs++) machine.run(100);
    expect(filled().length).toBeGreaterThan(1);
    machine.view.setUint32(SITES_FILLED, SITE_LOG_ENTRIES - room, true);
    for (let runs = 0; runs < 50; runs++) machine.run(100);
    machine.setX(9, 1n);
    machine.run(20);
    // Links that were made since then are in the log.
    expect(filled().length).toBeLessThanOrEqual(machine.view.getUint32(SITES_FILLED, true));
  });

  it('writes no module beyond the room for it, however much code a block comes to', () => {
    // Every fused operation may leave the unit in two places, each of which stores all registers.
    const fmadd = 0x2031_00c3;
    const longBlock = (asm: Assembler): void => {
      asm.loadConstant(6, 0x2000n);
      asm.word(e.csrrs(0, 6, 0x300), 'csrrs mstatus');
      loop(asm, 50, () => {
        for (let register = 1; register < 32; register++)
          if (register !== 5) asm.word(e.addi(register, register, 1), 'addi');
        for (let count = 0; count < 560; count++) asm.word(fmadd, 'fmadd.s');
      });
    };
    const map = (): Uint8Array => new Uint8Array(machine.memory.buffer).slice(DECODE_MAP, DECODED_PAGES);
    run(longBlock, NEVER);
    const before = map();
    const { units } = expectSame(longBlock, 0);
    expect(Buffer.compare(map(), before)).toBe(0);
    expect(units).toBeGreaterThan(0);
  });

  it('follows as many branches in a row as a region may have', () => {
    const { units } = expectSame((asm) => {
      loop(asm, 300, () => {
        asm.word(e.addi(6, 6, 1), 'addi');
        for (let count = 0; count < 400; count++) asm.word(e.bne(0, 0, BASE + 0x1100 - asm.here), 'bne');
      });
    });
    expect(units).toBeGreaterThan(0);
  });

  it('links by any register, also where nothing reads it', () => {
    expectSame((asm) => {
      asm.loadAddress(10, DATA);
      loop(asm, 100, () => {
        for (let jumps = 0; jumps < 2; jumps++) {
          asm.word(e.jal(12, 8), 'jal x12');
          asm.word(e.addi(6, 6, 100), 'addi');
          asm.word(e.ld(7, 10, 0), 'ld');
        }
      });
    });
  });

  it('sees code that was rewritten after fence.i, in a loop that calls it', () => {
    const { registers } = expectSame((asm) => {
      const jump = asm.here;
      asm.word(0, 'jal');
      const patched = asm.here;
      asm.word(e.addi(12, 12, 1), 'addi');
      asm.word(e.jalr(0, 1, 0), 'ret');
      asm.patchWord(jump, e.jal(0, asm.here - jump));
      asm.loadAddress(10, patched);
      loop(asm, 100, () => {
        // addi x12, x12, (x5 & 7): the immediate is in bits 31 to 20.
        asm.word(e.andi(6, 5, 7), 'andi');
        asm.word(e.slli(6, 6, 20), 'slli');
        asm.loadConstant(7, 0x0006_0613n);
        asm.word(e.or(6, 6, 7), 'or');
        asm.word(e.sw(6, 10, 0), 'sw');
        asm.word(e.FENCE_I, 'fence.i');
        for (let calls = 0; calls < 4; calls++) asm.word(e.jal(1, patched - asm.here), 'jal');
      });
    });
    const sums = Array.from({ length: 100 }, (_, index) => 4 * ((100 - index) & 7));
    expect(registers[12]).toBe(BigInt(sums.reduce((sum, each) => sum + each, 0)));
  });

  it('takes an interrupt out of an endless loop', () => {
    machine.translateFrom(FROM_THE_START);
    machine.loadWords(BigInt(BASE), [e.addi(5, 5, 1), e.jal(0, -4)]);
    machine.loadWords(BigInt(BASE + 0x100), [e.addi(6, 0, 1), e.jal(0, 0)]);
    machine.reset(BigInt(BASE), { mode: 3 });
    machine.setCsr(0x305, BigInt(BASE + 0x100));
    machine.setCsr(0x304, 8n);
    machine.setCsr(0x300, 8n);
    for (let runs = 0; runs < 20; runs++) machine.run(1000);
    expect(unitsMadeBy(machine)).toBeGreaterThan(0);
    expect(machine.x(6)).toBe(0n);
    machine.exports.setInterruptPending(3, 1);
    machine.run(1000);
    expect(machine.x(6)).toBe(1n);
  });
});
