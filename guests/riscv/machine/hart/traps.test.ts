// Traps, delegation, interrupts, returns and the counters (RISC-V Privileged 20241101, chapters 3 and 12; Sstc).
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import * as a from '../testing/assembler.ts';
import { BareMachine } from '../testing/bare-host.ts';
import { engines } from '../testing/engines.ts';

const START = 0x80000000n;
const M_HANDLER = 0x80001000n;
const S_HANDLER = 0x80002000n;
const [U, S, M] = [0, 1, 3];
const [A0, A1] = [10, 11];
const csr = {
  cycle: 0xc00,
  time: 0xc01,
  instret: 0xc02,
  sstatus: 0x100,
  sie: 0x104,
  stvec: 0x105,
  scounteren: 0x106,
  sepc: 0x141,
  scause: 0x142,
  stval: 0x143,
  sip: 0x144,
  stimecmp: 0x14d,
  satp: 0x180,
  mstatus: 0x300,
  misa: 0x301,
  medeleg: 0x302,
  mideleg: 0x303,
  mie: 0x304,
  mtvec: 0x305,
  mcounteren: 0x306,
  menvcfg: 0x30a,
  mcountinhibit: 0x320,
  mepc: 0x341,
  mcause: 0x342,
  mtval: 0x343,
  mip: 0x344,
  mcycle: 0xb00,
  minstret: 0xb02,
  mhartid: 0xf14,
};
const MIE = 8n;
const SIE = 2n;
const TVM = 1n << 20n;
const TW = 1n << 21n;
const TSR = 1n << 22n;
const INTERRUPT = 1n << 63n;

let machine: BareMachine;

function start(mode: number, words: number[]): void {
  machine.time = 0n;
  for (const line of [1, 3, 5, 7, 9, 11]) machine.exports.setInterruptPending(line, 0);
  machine.reset(START, { mode });
  machine.setCsr(csr.mtvec, M_HANDLER);
  machine.setCsr(csr.stvec, S_HANDLER);
  machine.loadWords(START, words);
}

describe.each(engines)('as %s', (engine) => {
  beforeAll(async () => {
    machine = await BareMachine.create({ engine });
  }, 120_000);
  afterAll(() => expect(machine.instructionsInUnits > 0n).toBe(engine !== 'interpreter'));

  beforeEach(() => start(M, [a.NOP]));

  describe('exceptions', () => {
    it.each([
      ['U', U, 8n],
      ['S', S, 9n],
      ['M', M, 11n],
    ] as const)('ecall from %s enters M mode with its own cause', (_name, mode, cause) => {
      start(mode, [a.NOP, a.ECALL]);
      machine.run(2);
      expect(machine.pc).toBe(M_HANDLER);
      expect(machine.mode).toBe(M);
      expect(machine.csr(csr.mcause)).toBe(cause);
      expect(machine.csr(csr.mepc)).toBe(START + 4n);
      expect((machine.csr(csr.mstatus) >> 11n) & 3n).toBe(BigInt(mode));
    });

    it('go to S mode when delegated, but never from M mode', () => {
      start(U, [0]);
      machine.setCsr(csr.medeleg, 1n << 2n);
      machine.step();
      expect([machine.pc, machine.mode]).toEqual([S_HANDLER, S]);
      expect([machine.csr(csr.scause), machine.csr(csr.sepc), machine.csr(csr.stval)]).toEqual([
        2n,
        START,
        0n,
      ]);
      expect(machine.csr(csr.sstatus) & 0x100n).toBe(0n);
      start(M, [0]);
      machine.setCsr(csr.medeleg, 1n << 2n);
      machine.step();
      expect([machine.pc, machine.mode]).toEqual([M_HANDLER, M]);
    });

    it('keep and clear the interrupt enable of the mode that they enter', () => {
      start(M, [a.EBREAK]);
      machine.setCsr(csr.mstatus, MIE);
      machine.step();
      expect(machine.csr(csr.mstatus) & 0x88n).toBe(0x80n);
      expect([machine.csr(csr.mcause), machine.csr(csr.mtval)]).toEqual([3n, START]);
      machine.loadWords(M_HANDLER, [a.MRET]);
      machine.step();
      expect(machine.csr(csr.mstatus) & 0x1888n).toBe(0x88n);
      expect(machine.pc).toBe(START);
    });

    it('do not count as retired instructions', () => {
      start(M, [a.NOP, a.ECALL]);
      machine.loadWords(M_HANDLER, [a.csrrs(A0, csr.minstret, 0), a.jal(0, 0)]);
      const before = machine.csr(csr.minstret);
      machine.run(3);
      expect(machine.x(A0) - before).toBe(1n);
    });

    it('report an illegal instruction with its bits', () => {
      start(M, [0xffffffff]);
      machine.step();
      expect([machine.csr(csr.mcause), machine.csr(csr.mtval)]).toEqual([2n, 0xffffffffn]);
    });

    it('report a fetch from nowhere at the target of the jump', () => {
      start(M, [a.jalr(0, A0, 0)]);
      machine.setX(A0, 0x1000n);
      machine.run(1);
      expect([machine.csr(csr.mcause), machine.csr(csr.mepc), machine.csr(csr.mtval)]).toEqual([
        1n,
        0x1000n,
        0x1000n,
      ]);
      expect(machine.pc).toBe(M_HANDLER);
    });

    it('come back to the host when even the handler cannot be fetched', () => {
      start(M, [0]);
      machine.setCsr(csr.mtvec, 0x2000n);
      expect(machine.run(100)).toBe('budget');
      expect(machine.csr(csr.mcause)).toBe(1n);
    });
  });

  describe('returns', () => {
    it('sret restores mode and interrupt enable from sstatus and leaves U behind', () => {
      start(S, [a.SRET]);
      machine.setCsr(csr.sepc, START + 0x100n);
      machine.setCsr(csr.mstatus, 0x20n);
      machine.step();
      expect([machine.mode, machine.pc]).toEqual([U, START + 0x100n]);
      expect(machine.csr(csr.mstatus) & 0x122n).toBe(0x22n);
    });

    it('mret to a lower mode clears MPRV', () => {
      start(M, [a.MRET]);
      machine.setCsr(csr.mstatus, (1n << 17n) | (1n << 11n));
      machine.setCsr(csr.mepc, START + 0x100n);
      machine.step();
      expect(machine.mode).toBe(S);
      expect(machine.csr(csr.mstatus) & ((1n << 17n) | 0x1800n)).toBe(0n);
    });

    it.each([
      ['sret in U', U, 0n, a.SRET],
      ['mret in S', S, 0n, a.MRET],
      ['sret in S under TSR', S, TSR, a.SRET],
      ['wfi in U', U, 0n, a.WFI],
      ['wfi in S under TW', S, TW, a.WFI],
      ['sfence.vma in U', U, 0n, a.sfenceVma(0, 0)],
      ['sfence.vma in S under TVM', S, TVM, a.sfenceVma(0, 0)],
      ['satp in S under TVM', S, TVM, a.csrrs(A0, csr.satp, 0)],
      ['mstatus in S', S, 0n, a.csrrs(A0, csr.mstatus, 0)],
      ['sstatus in U', U, 0n, a.csrrs(A0, csr.sstatus, 0)],
      ['writing mhartid', M, 0n, a.csrrw(0, csr.mhartid, A0)],
      ['cycle in S with mcounteren closed', S, 0n, a.csrrs(A0, csr.cycle, 0)],
      ['stimecmp in S without STCE', S, 0n, a.csrrs(A0, csr.stimecmp, 0)],
      ['a CSR that does not exist', M, 0n, a.csrrs(A0, 0x5c0, 0)],
      ['fflags with the float unit off', M, 0n, a.csrrs(A0, 1, 0)],
      ['a float load with the float unit off', M, 0n, 0x00052007],
      ['a float rounding mode that is reserved', M, 0x2000n, 0x00005053],
    ] as const)('%s is illegal', (_name, mode, status, word) => {
      start(mode, [word]);
      machine.setCsr(csr.mstatus, status);
      expect(machine.step().trap?.cause).toBe(2n);
      expect(machine.csr(csr.mtval)).toBe(BigInt(word));
    });
  });

  describe('interrupts', () => {
    it('are taken in the order of the manual', () => {
      const order = [11, 3, 7, 9, 1, 5];
      for (let first = 0; first < order.length; first++) {
        start(M, [a.NOP]);
        machine.setCsr(csr.mie, 0xaaan);
        for (const line of order.slice(first)) machine.exports.setInterruptPending(line, 1);
        machine.setCsr(csr.mstatus, MIE);
        machine.run(1);
        expect(machine.csr(csr.mcause)).toBe(INTERRUPT | BigInt(order[first]!));
      }
    });

    it('wait for the mode that they are delegated to', () => {
      start(M, [a.jal(0, 0)]);
      machine.setCsr(csr.mideleg, 0x222n);
      machine.setCsr(csr.mie, 0xaaan);
      machine.setCsr(csr.mstatus, MIE | SIE);
      machine.exports.setInterruptPending(9, 1);
      machine.run(100);
      expect([machine.pc, machine.mode]).toEqual([START, M]);
      start(U, [a.jal(0, 0)]);
      machine.loadWords(S_HANDLER, [a.jal(0, 0)]);
      machine.setCsr(csr.mideleg, 0x222n);
      machine.setCsr(csr.mie, 0xaaan);
      machine.exports.setInterruptPending(9, 1);
      machine.run(1);
      expect(machine.csr(csr.scause)).toBe(INTERRUPT | 9n);
      expect(machine.mode).toBe(S);
    });

    it('reach a vectored handler at four times their number, exceptions at the base', () => {
      start(M, [a.NOP]);
      machine.setCsr(csr.mtvec, M_HANDLER | 1n);
      machine.setCsr(csr.mie, 8n);
      machine.exports.setInterruptPending(3, 1);
      machine.setCsr(csr.mstatus, MIE);
      machine.step();
      expect(machine.pc).toBe(M_HANDLER + 12n);
      start(M, [0]);
      machine.setCsr(csr.mtvec, M_HANDLER | 1n);
      machine.step();
      expect(machine.pc).toBe(M_HANDLER);
    });

    it('are taken right after the instruction that lets them through', () => {
      start(M, [a.csrrw(0, csr.mstatus, A0), a.addi(A1, 0, 1)]);
      machine.setCsr(csr.mie, 8n);
      machine.exports.setInterruptPending(3, 1);
      machine.setX(A0, MIE);
      machine.loadWords(M_HANDLER, [a.jal(0, 0)]);
      machine.run(50);
      expect(machine.csr(csr.mepc)).toBe(START + 4n);
      expect(machine.x(A1)).toBe(0n);
    });

    it('end WFI even while the mode masks them', () => {
      start(M, [a.WFI, a.addi(A1, 0, 1), a.jal(0, 0)]);
      machine.setCsr(csr.mie, 0x80n);
      expect(machine.run(10)).toBe('waiting');
      expect(machine.x(A1)).toBe(0n);
      machine.exports.setInterruptPending(7, 1);
      expect(machine.run(10)).toBe('budget');
      expect(machine.x(A1)).toBe(1n);
    });
  });

  describe('Sstc', () => {
    it('makes the supervisor timer pending once time reaches stimecmp, and not before', () => {
      start(S, [a.WFI, a.NOP, a.jal(0, 0)]);
      machine.setCsr(csr.menvcfg, 1n << 63n);
      machine.setCsr(csr.mideleg, 0x20n);
      machine.setCsr(csr.mie, 0x20n);
      machine.setCsr(csr.stimecmp, 1000n);
      machine.setCsr(csr.mstatus, SIE);
      machine.time = 999n;
      expect(machine.run(10)).toBe('waiting');
      expect(machine.exports.nextTimerDeadline()).toBe(1000n);
      machine.time = 1000n;
      expect(machine.csr(csr.sip)).toBe(0x20n);
      machine.run(1);
      expect(machine.csr(csr.scause)).toBe(INTERRUPT | 5n);
      machine.setCsr(csr.stimecmp, 2000n);
      expect(machine.csr(csr.sip)).toBe(0n);
    });
  });

  describe('counters', () => {
    it('are open to U only through both mcounteren and scounteren', () => {
      for (const [m, s, legal] of [
        [0n, 0n, false],
        [4n, 0n, false],
        [0n, 4n, false],
        [4n, 4n, true],
      ] as const) {
        start(U, [a.csrrs(A0, csr.instret, 0)]);
        machine.setCsr(csr.mcounteren, m);
        machine.setCsr(csr.scounteren, s);
        expect(machine.step().trap === null).toBe(legal);
      }
    });

    it('read what was written, plus what retired since', () => {
      start(M, [
        a.csrrw(0, csr.minstret, A0),
        a.csrrs(A1, csr.minstret, 0),
        a.NOP,
        a.csrrs(12, csr.instret, 0),
      ]);
      machine.setX(A0, 1000n);
      for (let i = 0; i < 4; i++) machine.step();
      expect([machine.x(A1), machine.x(12)]).toEqual([1000n, 1002n]);
    });

    it('stand still while inhibited', () => {
      start(M, [
        a.csrrwi(0, csr.mcountinhibit, 4),
        a.csrrs(A0, csr.minstret, 0),
        a.NOP,
        a.csrrs(A1, csr.minstret, 0),
      ]);
      machine.run(4);
      expect(machine.x(A1)).toBe(machine.x(A0));
      expect(machine.csr(csr.mcycle)).toBeGreaterThan(machine.csr(csr.minstret));
    });

    it('show the host clock as time', () => {
      start(M, [a.csrrs(A0, csr.time, 0)]);
      machine.time = 123456789n;
      machine.step();
      expect(machine.x(A0)).toBe(123456789n);
    });
  });

  describe('CSR fields', () => {
    it.each([
      ['mstatus keeps MPP when 2 is written', csr.mstatus, 2n << 11n, 0xa_00000000n],
      [
        'mstatus has no big-endian, XS or VS bits',
        csr.mstatus,
        (3n << 36n) | (3n << 15n) | (3n << 9n),
        0xa_00000000n,
      ],
      ['mstatus sets SD with FS', csr.mstatus, 3n << 13n, INTERRUPT | 0xa_00006000n],
      ['sstatus shows no machine bits', csr.sstatus, 0x1888n, 0x2_00000000n],
      ['misa is read-only', csr.misa, 0n, (2n << 62n) | 0x14112dn],
      ['mtvec refuses reserved modes', csr.mtvec, 0x80003002n, M_HANDLER],
      ['mepc is even', csr.mepc, 0x80000003n, 0x80000002n],
      ['medeleg leaves out calls from M', csr.medeleg, 0xffffffffffffffffn, 0xb3ffn],
      ['mideleg leaves out machine interrupts', csr.mideleg, 0xffffffffffffffffn, 0x222n],
      ['mie has the six standard interrupts', csr.mie, 0xffffffffffffffffn, 0xaaan],
      ['mip lets software set supervisor bits only', csr.mip, 0xffffffffffffffffn, 0x222n],
      ['satp refuses unknown schemes', csr.satp, 0xa000000000080000n, 0n],
      ['satp takes Sv39 with an ASID', csr.satp, 0x8ffff00000080000n, 0x8ffff00000080000n],
      ['satp takes Sv48', csr.satp, 0x9000000000080000n, 0x9000000000080000n],
      ['sie is masked by mideleg', csr.sie, 0xffffn, 0n],
      ['mcountinhibit has no time bit', csr.mcountinhibit, 7n, 5n],
    ])('%s', (_name, number, written, read) => {
      machine.setCsr(number, written);
      expect(machine.csr(number)).toBe(read);
    });
  });
});
