// Several address spaces (RISC-V Privileged 20241101, §12.1.11, §12.2.1): what one maps is never seen in another, fences
// drop what they name, and code that waits for a call's return does not go on where its page has become another.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as a from '../testing/assembler.ts';
import { BareMachine } from '../testing/bare-host.ts';
import { engines } from '../testing/engines.ts';

const CODE = 0x80000000n;
/** Where CODE is mapped for mode S, for all spaces. */
const HIGH = 0xffffffc000000000n;
const HANDLER = 0x80002000n;
const TABLES = 0x80040000n;
const PAGES = 0x80020000n;
/** Virtual address of the page that each space has for itself. */
const OWN = 0x40000000n;
/** Of a page of page tables, mapped in every space. */
const TABLE_WINDOW = HIGH + 0x100000n;
const [A0, A1, A2, A3, A4, A5, S1, S2, RA, T0] = [10, 11, 12, 13, 14, 15, 9, 18, 1, 5];
const [V, R, W, X, USER, GLOBAL, ACCESSED, DIRTY] = [1n, 2n, 4n, 8n, 16n, 32n, 64n, 128n];
const DATA_PTE = V | R | W | ACCESSED | DIRTY;
const SUM = 1n << 18n;
const [SATP, SSTATUS, STVEC, SEPC] = [0x180, 0x100, 0x105, 0x141];
const [MSTATUS, MEDELEG, MTVEC, MEPC, MCAUSE] = [0x300, 0x302, 0x305, 0x341, 0x342];
const [ECALL_FROM_USER, LOAD_PAGE] = [8n, 13n];
const ROUNDS = 120;

let machine: BareMachine;
let tables = 0n;

interface Space {
  root: bigint;
  satp: bigint;
  /** Guest physical address of the entry that maps OWN. */
  leaf: bigint;
}

function map(root: bigint, va: bigint, pte: bigint): bigint {
  let table = root;
  for (const level of [2n, 1n]) {
    const at = table + 8n * ((va >> (12n + 9n * level)) & 511n);
    if (machine.read(at, 8) === 0n) {
      machine.write64(at, ((tables >> 12n) << 10n) | V);
      tables += 0x1000n;
    }
    table = (machine.read(at, 8) >> 10n) << 12n;
  }
  const leaf = table + 8n * ((va >> 12n) & 511n);
  machine.write64(leaf, pte);
  return leaf;
}

const pteOf = (gpa: bigint, bits: bigint): bigint => ((gpa >> 12n) << 10n) | bits;
const pageOf = (space: number): bigint => PAGES + BigInt(space) * 0x1000n;

/** A space with the code at HIGH and a page of its own at OWN. */
function makeSpace(number: number, own: bigint, isGlobal = true): Space {
  const root = tables;
  tables += 0x1000n;
  const everywhere = isGlobal ? GLOBAL : 0n;
  for (const page of [0n, 0x1000n])
    map(root, HIGH + page, pteOf(CODE + page, V | R | X | ACCESSED | everywhere));
  const leaf = map(root, OWN, own);
  return { root, satp: (8n << 60n) | (BigInt(number + 1) << 44n) | (root >> 12n), leaf };
}

/** Clears all tables and pages; `code` is what begins at HIGH. */
function prepare(code: number[]): void {
  machine.loadBytes(PAGES, new Uint8Array(0x20000));
  machine.loadBytes(TABLES, new Uint8Array(0x80000));
  tables = TABLES;
  machine.reset(HIGH, { mode: 1 });
  machine.setCsr(MTVEC, HANDLER);
  machine.loadBytes(CODE, new Uint8Array(0x2000));
  machine.loadWords(HANDLER, [a.jal(0, 0)]);
  machine.loadWords(CODE, code);
}

function runToHandler(): bigint {
  for (let runs = 0; machine.pc !== HANDLER && runs < 1000; runs++) machine.run(1000);
  expect(machine.pc).toBe(HANDLER);
  return machine.csr(MCAUSE);
}

const back = (words: number): number => -4 * words;

describe.each(engines)('address spaces as %s', (engine) => {
  beforeAll(async () => {
    machine = await BareMachine.create({ engine });
  }, 120_000);
  afterAll(() => expect(machine.instructionsInUnits > 0n).toBe(engine !== 'interpreter'));

  it.each([
    ['more than are kept', 12, 0n, true],
    ["data that is mode U's, with SUM", 2, USER, true],
    ["data that is mode S's", 2, 0n, true],
    ['code that is not global', 2, USER, false],
  ] as const)('are kept apart without fences: %s', (_name, count, user, isGlobal) => {
    // A table of satp values at A0's page, which is every space's own page's neighbour in none: registers hold them.
    prepare([
      a.ld(A2, A1, 0),
      a.csrrw(0, SATP, A2),
      a.ld(A3, A0, 0),
      a.add(S1, S1, A3),
      a.sd(S1, A0, 8),
      a.addi(A1, A1, 8),
      a.bne(A1, A4, back(6)),
      a.addi(A1, A5, 0),
      a.addi(S2, S2, -1),
      a.bne(S2, 0, back(9)),
      a.ECALL,
    ]);
    const spaces = Array.from({ length: count }, (_, space) =>
      makeSpace(space, pteOf(pageOf(space), DATA_PTE | user), isGlobal),
    );
    const list = pageOf(count);
    const window = HIGH + 0x2000n;
    spaces.forEach(({ root, satp }, space) => {
      map(root, window, pteOf(list, DATA_PTE | (isGlobal ? GLOBAL : 0n)));
      machine.write64(list + 8n * BigInt(space), satp);
      machine.write64(pageOf(space), BigInt(1 + space));
    });
    machine.setCsr(MSTATUS, user === 0n ? 0n : SUM);
    machine.setCsr(SATP, spaces[0]!.satp);
    machine.setX(A0, OWN);
    for (const register of [A1, A5]) machine.setX(register, window);
    machine.setX(A4, window + 8n * BigInt(count));
    machine.setX(S2, BigInt(ROUNDS));
    runToHandler();
    const perRound = (BigInt(count) * BigInt(count + 1)) / 2n;
    expect(machine.x(S1)).toBe(perRound * BigInt(ROUNDS));
    const sums = spaces.map((_, space) => machine.read(pageOf(space) + 8n, 8));
    const before = perRound * BigInt(ROUNDS - 1);
    expect(sums).toEqual(spaces.map((_, space) => before + (BigInt(space + 1) * BigInt(space + 2)) / 2n));
  });

  it.each([
    ['an address', a.sfenceVma(A0, 0), 0n],
    ['an address and an ASID', a.sfenceVma(A0, A5), 0n],
    ['an ASID', a.sfenceVma(0, A5), 0n],
    ['all', a.sfenceVma(0, 0), 0n],
    ["an address of mode U's", a.sfenceVma(A0, 0), USER],
    ["an address of mode U's and an ASID", a.sfenceVma(A0, A5), USER],
    ["an ASID, mode U's", a.sfenceVma(0, A5), USER],
  ] as const)('forget a mapping at a fence for %s', (_name, fence, user) => {
    // The entry for OWN becomes that of the other page, and back, each round; what is read follows. It is read twice, since
    // the first time it is the interpreter that fills the TLB.
    prepare([
      a.ld(A3, A0, 0),
      a.add(S1, S1, A3),
      a.addi(A4, A0, 0),
      a.ld(A3, A4, 0),
      a.add(S1, S1, A3),
      a.ld(A3, A1, 0),
      a.sd(A2, A1, 0),
      a.addi(A2, A3, 0),
      fence,
      a.addi(S2, S2, -1),
      a.bne(S2, 0, back(10)),
      a.ECALL,
    ]);
    const space = makeSpace(3, pteOf(pageOf(0), DATA_PTE | user));
    map(space.root, TABLE_WINDOW, pteOf(space.leaf & ~0xfffn, DATA_PTE | GLOBAL));
    machine.write64(pageOf(0), 1n);
    machine.write64(pageOf(1), 1000n);
    machine.setCsr(MSTATUS, user === 0n ? 0n : SUM);
    machine.setCsr(SATP, space.satp);
    machine.setX(A0, OWN);
    machine.setX(A1, TABLE_WINDOW + (space.leaf & 0xfffn));
    machine.setX(A2, pteOf(pageOf(1), DATA_PTE | user));
    machine.setX(A5, 4n);
    machine.setX(S2, BigInt(ROUNDS));
    runToHandler();
    expect(machine.x(S1)).toBe(BigInt(ROUNDS) * 1001n);
  });

  // At OWN, code that calls, and counts in a step that tells its pages from each other.
  const caller = (step: number, called: number[]): number[] => [
    a.jal(RA, 4 * 5),
    a.addi(S1, S1, step),
    a.addi(S2, S2, -1),
    a.bne(S2, 0, back(3)),
    a.ECALL,
    ...called,
    a.jalr(0, RA, 0),
  ];

  it("do not let a program's caller go on in another program", () => {
    // What each program calls makes a system call, behind which the other one goes on.
    prepare([
      a.bne(S2, 0, 8),
      a.EBREAK,
      a.csrrs(T0, SEPC, 0),
      a.addi(T0, T0, 4),
      a.csrrw(0, SEPC, T0),
      a.addi(T0, A2, 0),
      a.addi(A2, A3, 0),
      a.addi(A3, T0, 0),
      a.csrrw(0, SATP, A2),
      a.SRET,
    ]);
    const spaces = [0, 1].map((space) => makeSpace(space, pteOf(pageOf(space), V | R | X | USER | ACCESSED)));
    machine.loadWords(pageOf(0), caller(1, [a.ECALL]));
    machine.loadWords(pageOf(1), caller(100, [a.ECALL]));
    machine.reset(OWN, { mode: 0 });
    machine.setCsr(MTVEC, HANDLER);
    machine.setCsr(MEDELEG, 1n << ECALL_FROM_USER);
    machine.setCsr(STVEC, HIGH);
    machine.setCsr(SATP, spaces[0]!.satp);
    machine.setX(A2, spaces[0]!.satp);
    machine.setX(A3, spaces[1]!.satp);
    machine.setX(S2, BigInt(ROUNDS));
    runToHandler();
    expect(machine.x(S1)).toBe(BigInt(ROUNDS / 2) * 101n);
  });

  it('do not let a caller go on whose page the called code has changed for another', () => {
    // What is called, at HIGH, exchanges the entry for OWN.
    prepare([
      a.ld(A3, A1, 0),
      a.sd(A2, A1, 0),
      a.addi(A2, A3, 0),
      a.sfenceVma(A0, 0),
      a.addi(A5, A5, 1),
      a.jalr(0, T0, 0),
    ]);
    const space = makeSpace(0, pteOf(pageOf(0), V | R | X | ACCESSED));
    map(space.root, TABLE_WINDOW, pteOf(space.leaf & ~0xfffn, DATA_PTE | GLOBAL));
    const goThere = [a.jalr(T0, A4, 0)];
    machine.loadWords(pageOf(0), caller(1, goThere));
    machine.loadWords(pageOf(1), caller(100, goThere));
    machine.reset(OWN, { mode: 1 });
    machine.setCsr(MTVEC, HANDLER);
    machine.setCsr(SATP, space.satp);
    machine.setX(A0, OWN);
    machine.setX(A1, TABLE_WINDOW + (space.leaf & 0xfffn));
    machine.setX(A2, pteOf(pageOf(1), V | R | X | ACCESSED));
    machine.setX(A4, HIGH);
    machine.setX(S2, BigInt(ROUNDS));
    runToHandler();
    expect(machine.x(S1)).toBe(BigInt(ROUNDS / 2) * 101n);
  });

  it('do not let a caller go on with a privilege that the called code has given up', () => {
    // Every other time it is given up, and taken again before the load; but the last time it is not taken again.
    const NOT_TAKEN_BELOW = 2;
    prepare([
      a.csrrs(0, SSTATUS, A2),
      a.andi(A3, S2, 1),
      a.slli(A3, A3, 18),
      a.sltiu(A4, S2, NOT_TAKEN_BELOW),
      a.xori(A4, A4, 1),
      a.slli(A4, A4, 18),
      a.jal(RA, 4 * 6),
      a.csrrs(0, SSTATUS, A4),
      a.ld(A5, A0, 0),
      a.addi(S2, S2, -1),
      a.bne(S2, 0, back(9)),
      a.ECALL,
      // What is called:
      a.csrrc(0, SSTATUS, A3),
      a.addi(S1, S1, 1),
      a.jalr(0, RA, 0),
    ]);
    const space = makeSpace(0, pteOf(pageOf(0), DATA_PTE | USER));
    machine.setCsr(SATP, space.satp);
    machine.setX(A0, OWN);
    machine.setX(A2, SUM);
    machine.setX(S2, 300n);
    expect(runToHandler()).toBe(LOAD_PAGE);
    expect(machine.x(S2)).toBe(1n);
    expect(machine.x(S1)).toBe(300n);
  });

  it('do not let a caller go on in a mode that the called code has left', () => {
    // What is called goes to mode U, which asks for the way back; the last time it returns to the caller itself, in mode U,
    // which has the code at the same address, and no data.
    prepare([
      a.jal(RA, 4 * 5),
      a.ld(A3, A0, 0),
      a.addi(S2, S2, -1),
      a.bne(S2, 0, back(3)),
      a.EBREAK,
      // What is called:
      a.csrrw(0, MEPC, A5),
      a.csrrw(0, MSTATUS, 0),
      a.MRET,
    ]);
    const [inUser, onTrap] = [CODE + 0x1000n, CODE + 0x1800n];
    machine.loadWords(inUser, [a.addi(T0, 0, 1), a.beq(S2, T0, 8), a.ECALL, a.jalr(0, RA, 0)]);
    machine.loadWords(onTrap, [a.csrrs(A3, MCAUSE, 0), a.bne(A3, A1, 8), a.jalr(0, RA, 0), a.jalr(0, A4, 0)]);
    const space = makeSpace(0, pteOf(pageOf(0), DATA_PTE));
    for (const page of [CODE, inUser]) map(space.root, page, pteOf(page, V | R | X | USER | ACCESSED));
    machine.reset(CODE, { mode: 3 });
    machine.setCsr(MTVEC, onTrap);
    machine.setCsr(SATP, space.satp);
    machine.setX(A0, pageOf(0));
    machine.setX(A1, ECALL_FROM_USER);
    machine.setX(A4, HANDLER);
    machine.setX(A5, inUser);
    machine.setX(S2, 300n);
    expect(runToHandler()).toBe(LOAD_PAGE);
    expect(machine.x(S2)).toBe(1n);
  });
});
