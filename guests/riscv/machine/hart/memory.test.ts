// Loads, stores, translation, PMP, atomics and self-modifying code (RISC-V Unprivileged 20240411, chapters 4, 6, 13;
// Privileged 20241101, §3.7, §12.3 to §12.5).
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as a from '../testing/assembler.ts';
import { BareMachine } from '../testing/bare-host.ts';
import { engines } from '../testing/engines.ts';

const START = 0x80000000n;
/** Traps end here, in a loop. */
const HANDLER = 0x80002000n;
const TABLES = 0x80040000n;
const DATA = 0x80010000n;
const [U, S, M] = [0, 1, 3];
const [A0, A1, A2] = [10, 11, 12];
const csr = {
  mstatus: 0x300,
  mtvec: 0x305,
  mepc: 0x341,
  mcause: 0x342,
  mtval: 0x343,
  satp: 0x180,
  pmpcfg0: 0x3a0,
};
const PMPADDR0 = 0x3b0;
const [V, R, W, X, USER, ACCESSED, DIRTY] = [1n, 2n, 4n, 8n, 16n, 64n, 128n];
const SUM = 1n << 18n;
const MXR = 1n << 19n;
const MPRV = 1n << 17n;
const [FETCH_PAGE, LOAD_PAGE, STORE_PAGE] = [12n, 13n, 15n];
const [FETCH_ACCESS, LOAD_ACCESS, STORE_ACCESS] = [1n, 5n, 7n];

let machine: BareMachine;

function start(mode: number, words: number[]): void {
  machine.reset(START, { mode });
  machine.setCsr(csr.mtvec, HANDLER);
  machine.loadWords(HANDLER, [a.jal(0, 0)]);
  machine.loadWords(START, words);
}

/** Builds page tables: Sv39 (3 levels) or Sv48 (4), the leaf for `va` at `level`. */
function map(va: bigint, pte: bigint, { levels = 3, level = 0 } = {}): void {
  let table = TABLES;
  for (let i = levels - 1; i > level; i--) {
    const at = table + 8n * ((va >> BigInt(12 + 9 * i)) & 511n);
    let entry = machine.read(at, 8);
    if (entry === 0n) {
      nextTable += 0x1000n;
      entry = ((nextTable >> 12n) << 10n) | V;
      machine.write64(at, entry);
    }
    table = (entry >> 10n) << 12n;
  }
  leaf = table + 8n * ((va >> BigInt(12 + 9 * level)) & 511n);
  machine.write64(leaf, pte);
}
let nextTable = TABLES;
let leaf = 0n;

const pteOf = (gpa: bigint, bits: bigint): bigint => ((gpa >> 12n) << 10n) | bits;

/** Clears the tables, maps the code page one to one for `mode`, and turns translation on. */
function startPaged(mode: number, words: number[], { levels = 3, status = 0n } = {}): void {
  machine.loadBytes(TABLES, new Uint8Array(0x10000));
  nextTable = TABLES;
  map(START, pteOf(START, V | R | X | ACCESSED | (mode === U ? USER : 0n)), { levels });
  start(mode, words);
  machine.setCsr(csr.mstatus, status);
  machine.setCsr(csr.satp, (levels === 3 ? 8n << 60n : 9n << 60n) | (TABLES >> 12n));
}

describe.each(engines)('as %s', (engine) => {
  beforeAll(async () => {
    machine = await BareMachine.create({ engine });
  }, 120_000);
  afterAll(() => expect(machine.instructionsInUnits > 0n).toBe(engine !== 'interpreter'));

  describe('loads and stores', () => {
    it.each([
      ['lb', a.lb, 0xffffffffffffff88n],
      ['lbu', a.lbu, 0x88n],
      ['lh', a.lh, 0xffffffffffff9988n],
      ['lhu', a.lhu, 0x9988n],
      ['lw', a.lw, 0xffffffffbbaa9988n],
      ['lwu', a.lwu, 0xbbaa9988n],
      ['ld', a.ld, 0xffeeddccbbaa9988n],
    ] as const)('%s extends what it reads, aligned, misaligned and across pages', (_name, load, expected) => {
      for (const at of [DATA, DATA + 1n, DATA + 7n, DATA + 0xfffn, DATA + 0xffdn, DATA + 0xff9n]) {
        start(M, [load(A0, A1, -16)]);
        machine.write64(at, 0xffeeddccbbaa9988n);
        machine.setX(A1, at + 16n);
        machine.run(1);
        expect(machine.x(A0)).toBe(expected);
      }
    });

    it.each([
      ['sb', a.sb, 1],
      ['sh', a.sh, 2],
      ['sw', a.sw, 4],
      ['sd', a.sd, 8],
    ] as const)(
      '%s writes its bytes and no others, aligned, misaligned and across pages',
      (_name, store, width) => {
        for (const at of [DATA, DATA + 3n, DATA + 0xfffn, DATA + 0xffan]) {
          start(M, [store(A0, A1, 0)]);
          machine.loadBytes(at - 1n, new Uint8Array(10).fill(0xee));
          machine.setX(A0, 0x8877665544332211n);
          machine.setX(A1, at);
          machine.run(1);
          const bytes = [...Array(10).keys()].map((i) => Number(machine.read(at - 1n + BigInt(i), 1)));
          const expected = bytes.map((_, i) => (i >= 1 && i <= width ? 0x11 * i : 0xee));
          expect(bytes).toEqual(expected);
        }
      },
    );

    it('store nothing when the second page of a crossing store faults', () => {
      startPaged(S, [a.sd(A0, A1, 0)]);
      map(0x5000n, pteOf(DATA, V | R | W | ACCESSED | DIRTY));
      machine.write64(DATA + 0xff8n, 0n);
      machine.setX(A0, -1n);
      machine.setX(A1, 0x5ffcn);
      expect(machine.step().trap).toEqual({ cause: STORE_PAGE, value: 0x6000n });
      expect(machine.read(DATA + 0xff8n, 8)).toBe(0n);
    });

    it('fault where nothing is', () => {
      start(M, [a.ld(A0, A1, 0)]);
      machine.setX(A1, 0x40000000000n);
      expect(machine.step().trap).toEqual({ cause: LOAD_ACCESS, value: 0x40000000000n });
      start(M, [a.sd(A0, A1, 0)]);
      machine.setX(A1, START + (1n << 20n) - 4n);
      expect(machine.step().trap?.cause).toBe(STORE_ACCESS);
    });

    it('fault before the destination changes, and with the address though the destination is x0', () => {
      start(M, [a.ld(A1, A1, 0)]);
      machine.setX(A1, 0x10n);
      machine.step();
      expect(machine.x(A1)).toBe(0x10n);
      start(M, [a.lw(0, A1, 0)]);
      machine.setX(A1, 0x10n);
      expect(machine.step().trap).toEqual({ cause: LOAD_ACCESS, value: 0x10n });
    });
  });

  describe('translation', () => {
    const all = V | R | W | X | ACCESSED | DIRTY;
    /** Leaf bits, mode, mstatus, and which of load, store and fetch work. */
    const cases: [string, bigint, number, bigint, [boolean, boolean, boolean]][] = [
      ['S on a supervisor page', all, S, 0n, [true, true, true]],
      ['S on a user page', all | USER, S, 0n, [false, false, false]],
      ['S on a user page with SUM', all | USER, S, SUM, [true, true, false]],
      ['U on a user page', all | USER, U, 0n, [true, true, true]],
      ['U on a supervisor page', all, U, SUM, [false, false, false]],
      ['S on a read-only page', V | R | ACCESSED, S, 0n, [true, false, false]],
      ['S on an execute-only page', V | X | ACCESSED, S, 0n, [false, false, true]],
      ['S on an execute-only page with MXR', V | X | ACCESSED, S, MXR, [true, false, true]],
      ['S on a write-only page, which is reserved', V | W | ACCESSED | DIRTY, S, 0n, [false, false, false]],
      ['S on an invalid page', all & ~V, S, 0n, [false, false, false]],
      ['S on a leaf with a reserved bit', all | (1n << 60n), S, 0n, [false, false, false]],
      ['S on a pointer at the last level', V, S, 0n, [false, false, false]],
    ];

    for (const levels of [3, 4])
      it.each(cases)(`Sv${levels === 3 ? 39 : 48}: %s`, (_name, bits, mode, status, allowed) => {
        const va = levels === 3 ? 0x3f_12345000n : 0x7f12_12345000n;
        const words = [a.ld(A0, A1, 8), a.sd(A0, A1, 16), a.jalr(0, A1, 0)];
        const faults = [LOAD_PAGE, STORE_PAGE, FETCH_PAGE];
        for (const [i, word] of words.entries()) {
          startPaged(mode, [word, a.jal(0, 0)], { levels, status });
          map(va, pteOf(DATA, bits), { levels });
          machine.loadWords(DATA, [a.jal(0, 0), 0, 0xdead, 0]);
          machine.setX(A1, va);
          machine.run(2);
          const trapped = machine.mode === M;
          expect(trapped, `access ${i}`).toBe(!allowed[i]);
          if (trapped) {
            expect(machine.csr(csr.mcause)).toBe(faults[i]);
            expect(machine.csr(csr.mtval)).toBe(va + [8n, 16n, 0n][i]!);
          } else if (i === 0) expect(machine.x(A0)).toBe(0xdeadn);
        }
      });

    it('sets A on a read and D on a write, and nothing on a refused access', () => {
      startPaged(S, [a.ld(A0, A1, 0), a.sd(A0, A1, 0)]);
      map(0x5000n, pteOf(DATA, V | R | W));
      machine.setX(A1, 0x5000n);
      machine.step();
      expect(machine.read(leaf, 8) & (ACCESSED | DIRTY)).toBe(ACCESSED);
      machine.step();
      expect(machine.read(leaf, 8) & (ACCESSED | DIRTY)).toBe(ACCESSED | DIRTY);
      startPaged(S, [a.sd(A0, A1, 0)]);
      map(0x5000n, pteOf(DATA, V | R));
      machine.step();
      expect(machine.read(leaf, 8) & (ACCESSED | DIRTY)).toBe(0n);
    });

    it('marks a page dirty whose read entry was cached clean', () => {
      startPaged(S, [a.ld(A0, A1, 0), a.sd(A0, A1, 0), a.jal(0, 0)]);
      map(0x5000n, pteOf(DATA, V | R | W));
      machine.setX(A1, 0x5000n);
      machine.run(5);
      expect(machine.read(leaf, 8) & DIRTY).toBe(DIRTY);
    });

    it('refuses addresses whose upper bits are not a sign extension', () => {
      startPaged(S, [a.ld(A0, A1, 0)]);
      map(0x5000n, pteOf(DATA, V | R | ACCESSED));
      machine.setX(A1, 0x5000n | (1n << 39n));
      expect(machine.step().trap).toEqual({ cause: LOAD_PAGE, value: 0x5000n | (1n << 39n) });
    });

    it('maps superpages, and refuses misaligned ones', () => {
      startPaged(S, [a.ld(A0, A1, 0)]);
      map(0x40000000n, pteOf(START, V | R | ACCESSED), { level: 1 });
      machine.write64(DATA + 0x18n, 0x1234n);
      machine.setX(A1, 0x40010018n);
      machine.step();
      expect(machine.x(A0)).toBe(0x1234n);
      startPaged(S, [a.ld(A0, A1, 0)]);
      map(0x40000000n, pteOf(DATA, V | R | ACCESSED), { level: 1 });
      expect(machine.step().trap?.cause).toBe(LOAD_PAGE);
    });

    it('sees a changed leaf after sfence.vma for its address, also inside a superpage', () => {
      for (const level of [0, 1]) {
        startPaged(S, [a.ld(A0, A1, 0), a.sfenceVma(A2, 0), a.ld(A0, A1, 0), a.jal(0, 0)]);
        map(0x40000000n, pteOf(START, V | R | ACCESSED), { level });
        machine.setX(A1, 0x40000018n);
        machine.setX(A2, 0x40000000n + (level ? 0x3000n : 0n));
        machine.run(1);
        machine.write64(leaf, 0n);
        machine.run(3);
        expect(machine.csr(csr.mcause)).toBe(LOAD_PAGE);
        expect(machine.csr(csr.mepc)).toBe(START + 8n);
      }
    });

    it('judges by MPP under MPRV, for data only', () => {
      startPaged(M, [a.ld(A0, A1, 0)], { status: MPRV | (1n << 11n) });
      map(0x5000n, pteOf(DATA, V | R | ACCESSED));
      machine.write64(DATA, 77n);
      machine.setX(A1, 0x5000n);
      machine.step();
      expect(machine.x(A0)).toBe(77n);
      expect(machine.pc).toBe(START + 4n);
    });

    it('reports a fetch fault in the second half of an instruction at that half', () => {
      startPaged(S, []);
      map(0x5000n, pteOf(DATA, V | X | ACCESSED));
      machine.loadParcels(DATA + 0xffen, [0x0513]);
      machine.pc = 0x5ffen;
      machine.run(1);
      expect([machine.csr(csr.mepc), machine.csr(csr.mtval)]).toEqual([0x5ffen, 0x6000n]);
    });
  });

  describe('PMP', () => {
    /** Entries from 0: configuration byte and address register. */
    const protect = (...entries: [number, bigint][]): void => {
      for (const [i, [, address]] of entries.entries()) machine.setCsr(PMPADDR0 + i, address);
      machine.setCsr(
        csr.pmpcfg0,
        entries.reduce((sum, [bits], i) => sum | (BigInt(bits) << BigInt(8 * i)), 0n),
      );
    };
    const [PR, PW, PX, TOR, NA4, NAPOT, LOCK] = [1, 2, 4, 8, 16, 24, 128];
    const everything: [number, bigint] = [NAPOT | PR | PW | PX, (1n << 54n) - 1n];

    it.each([
      ['lets S read what an entry allows', [[NAPOT | PR, (DATA >> 2n) | 0x1ffn], everything], S, true, false],
      [
        'refuses S what the first matching entry refuses',
        [[NAPOT, (DATA >> 2n) | 0x1ffn], everything],
        S,
        false,
        false,
      ],
      [
        'matches from the entry below in top-of-range',
        [[0, DATA >> 2n], [TOR | PR, (DATA >> 2n) + 2n], everything],
        S,
        true,
        false,
      ],
      [
        'refuses an access that an entry covers in part',
        [[NA4 | PR | PW, DATA >> 2n], everything],
        S,
        false,
        false,
      ],
      ['refuses S what no entry matches', [[NAPOT | PR | PX, (START >> 2n) | 0x1ffn]], S, false, false],
      ['lets M do what no entry matches', [[NAPOT | PR | PX, (START >> 2n) | 0x1ffn]], M, true, true],
      ['binds M to locked entries', [[NAPOT | PR | LOCK, (DATA >> 2n) | 0x1ffn]], M, true, false],
      ['does not bind M to unlocked entries', [[NAPOT, (DATA >> 2n) | 0x1ffn]], M, true, true],
    ] as [string, [number, bigint][], number, boolean, boolean][])(
      '%s',
      (_name, entries, mode, reads, writes) => {
        for (const [word, allowed, cause] of [
          [a.ld(A0, A1, 0), reads, LOAD_ACCESS],
          [a.sd(A0, A1, 0), writes, STORE_ACCESS],
        ] as const) {
          start(mode, [word]);
          protect(...entries);
          machine.setX(A1, DATA);
          const { trap } = machine.step();
          expect(trap).toEqual(allowed ? null : { cause, value: DATA });
        }
      },
    );

    it('refuses fetches without X', () => {
      start(S, [a.NOP]);
      protect([NAPOT | PR | PW, (1n << 54n) - 1n]);
      machine.run(1);
      expect([machine.csr(csr.mcause), machine.csr(csr.mtval)]).toEqual([FETCH_ACCESS, START]);
    });

    it('protects the neighbours of an allowed word although the page was just used', () => {
      start(S, [a.lw(A0, A1, 0), a.lw(A0, A1, 4)]);
      protect([NA4 | PR, DATA >> 2n], [NAPOT | PR | PX, (START >> 2n) | 0x1ffn]);
      machine.setX(A1, DATA);
      machine.run(2);
      expect([machine.csr(csr.mcause), machine.csr(csr.mtval)]).toEqual([LOAD_ACCESS, DATA + 4n]);
    });

    it('checks the page tables themselves', () => {
      startPaged(S, [a.ld(A0, A1, 0)]);
      map(0x5000n, pteOf(DATA, V | R | ACCESSED));
      protect([NAPOT, (nextTable >> 2n) | 0x1ffn], everything);
      machine.setX(A1, 0x5000n);
      expect(machine.step().trap?.cause).toBe(LOAD_ACCESS);
    });

    it('keeps locked entries until reset', () => {
      start(M, []);
      protect([TOR | LOCK | PR, DATA >> 2n]);
      machine.setCsr(PMPADDR0, 0n);
      machine.setCsr(csr.pmpcfg0, 0n);
      expect([machine.csr(PMPADDR0), machine.csr(csr.pmpcfg0)]).toEqual([
        DATA >> 2n,
        BigInt(TOR | LOCK | PR),
      ]);
      machine.reset(START);
      expect(machine.csr(csr.pmpcfg0)).toBe(0x1fn);
    });
  });

  describe('atomics', () => {
    it('sc stores after lr, once', () => {
      start(M, [a.lrD(A0, A1), a.scD(A2, A1, A0), a.scD(13, A1, A0)]);
      machine.write64(DATA, 5n);
      machine.setX(A1, DATA);
      machine.run(3);
      expect([machine.x(A0), machine.x(A2), machine.x(13)]).toEqual([5n, 0n, 1n]);
    });

    it('sc fails at another address, and after the value changed', () => {
      start(M, [a.lrW(A0, A1), a.scW(A2, 13, A0)]);
      machine.setX(A1, DATA);
      machine.setX(13, DATA + 8n);
      machine.run(2);
      expect(machine.x(A2)).toBe(1n);
      start(M, [a.lrW(A0, A1), a.sw(A1, A1, 0), a.scW(A2, A1, 0)]);
      machine.write64(DATA, 5n);
      machine.setX(A1, DATA);
      machine.run(3);
      expect(machine.x(A2)).toBe(1n);
      expect(machine.read(DATA, 4)).toBe(DATA & 0xffffffffn);
    });

    it('sc fails after a trap', () => {
      start(M, [a.lrW(A0, A1), a.ECALL, a.scW(A2, A1, 0)]);
      machine.loadWords(HANDLER, [a.csrrs(5, csr.mepc, 0), a.addi(5, 5, 4), a.csrrw(0, csr.mepc, 5), a.MRET]);
      machine.setX(A1, DATA);
      machine.run(7);
      expect(machine.x(A2)).toBe(1n);
    });

    it('amo returns the old value sign-extended and wraps in its width', () => {
      start(M, [a.amoaddW(A0, A1, A2), a.amomaxuW(13, A1, 14)]);
      machine.write64(DATA, 0xaaaaaaaa_ffffffffn);
      machine.setX(A1, DATA);
      machine.setX(A2, 3n);
      machine.setX(14, 0xffffffff_80000000n);
      machine.run(2);
      expect([machine.x(A0), machine.x(13)]).toEqual([0xffffffffffffffffn, 2n]);
      expect(machine.read(DATA, 8)).toBe(0xaaaaaaaa_80000000n);
    });

    it('faults on misaligned addresses and, for amo, as a store where reading would be allowed', () => {
      start(M, [a.amoaddD(A0, A1, A2)]);
      machine.setX(A1, DATA + 4n);
      expect(machine.step().trap).toEqual({ cause: 6n, value: DATA + 4n });
      start(M, [a.lrD(A0, A1)]);
      machine.setX(A1, DATA + 4n);
      expect(machine.step().trap).toEqual({ cause: 4n, value: DATA + 4n });
      startPaged(S, [a.amoaddD(A0, A1, A2)]);
      map(0x5000n, pteOf(DATA, V | R | ACCESSED));
      machine.setX(A1, 0x5000n);
      expect(machine.step().trap).toEqual({ cause: STORE_PAGE, value: 0x5000n });
    });
  });

  describe('code that changes', () => {
    it('runs what was stored, with fence.i and without', () => {
      for (const fence of [a.FENCE_I, a.NOP]) {
        // Runs the instruction at +16 once, replaces it, and runs it again.
        start(M, [
          a.jal(0, 16),
          a.sw(A0, A1, 16),
          fence,
          a.addi(A2, 0, 0),
          a.addi(A2, A2, 1),
          a.bne(A2, 13, -16),
          a.jal(0, 0),
        ]);
        machine.setX(A0, BigInt(a.addi(A2, A2, 100)));
        machine.setX(A1, START);
        machine.setX(13, 100n);
        machine.run(20);
        expect(machine.x(A2)).toBe(100n);
        expect(machine.pc).toBe(START + 24n);
      }
    });

    it('notices stores through another mapping of the same page', () => {
      startPaged(S, [
        a.jal(0, 12),
        a.sw(A0, A1, 12),
        a.addi(A2, 0, 0),
        a.addi(A2, A2, 1),
        a.bne(A2, 13, -12),
        a.jal(0, 0),
      ]);
      map(0x7000n, pteOf(START, V | R | W | ACCESSED | DIRTY));
      machine.setX(A0, BigInt(a.addi(A2, A2, 100)));
      machine.setX(A1, 0x7000n);
      machine.setX(13, 100n);
      machine.run(20);
      expect(machine.x(A2)).toBe(100n);
    });

    it('notices a store to the second parcel of an instruction', () => {
      start(M, [
        a.jal(0, 12),
        a.sh(A0, A1, 14),
        a.addi(A2, 0, 0),
        a.addi(A2, A2, 1),
        a.bne(A2, 13, -12),
        a.jal(0, 0),
      ]);
      machine.setX(A0, BigInt(a.addi(A2, A2, 100) >>> 16));
      machine.setX(A1, START);
      machine.setX(13, 100n);
      machine.run(20);
      expect(machine.x(A2)).toBe(100n);
    });

    it('notices a changed second half of an instruction that crosses into the next page', () => {
      start(M, []);
      const at = START + 0xffen;
      const put = (word: number): void => machine.loadParcels(at, [word & 0xffff, word >>> 16]);
      machine.loadWords(at + 4n, [a.jal(0, 0)]);
      for (const value of [1, 2, 3]) {
        put(a.addi(A0, 0, value));
        machine.pc = at;
        machine.run(2);
        expect(machine.x(A0)).toBe(BigInt(value));
      }
    });

    it('survives more code pages than there are decoded pages', async () => {
      const large = await BareMachine.create({ ramBytes: 16 << 20 });
      // Each page increments a0 and jumps to the next one; the last one stops.
      const pages = 3500;
      for (let i = 0; i < pages; i++)
        large.loadWords(START + BigInt(i << 12), [a.addi(A0, A0, 1), i + 1 < pages ? a.jal(0, 4092) : a.WFI]);
      for (let round = 1; round <= 2; round++) {
        large.reset(START, { a0: 0n });
        expect(large.run(10_000)).toBe('waiting');
        expect(large.x(A0)).toBe(BigInt(pages));
      }
    });
  });
});
