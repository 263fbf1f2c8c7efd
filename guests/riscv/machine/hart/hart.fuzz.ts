// Fuzz target `machine-code`: whatever a guest may run. Noise and half-meant instructions in any mode, with page tables,
// registers and CSRs at their edges, interpreted and translated. Whether results are right is for the oracle to say.

import type { FuzzRandom } from '../../../../hypervisor/testing/fuzz/fuzz-random.ts';
import {
  BrokenInvariant,
  type FuzzSession,
  type FuzzTarget,
  must,
} from '../../../../hypervisor/testing/fuzz/fuzz-target.ts';
import { notePlantedElsewhere, plantedHere } from '../../../../hypervisor/testing/fuzz/planted-bug.ts';
import * as assembler from '../testing/assembler.ts';
import { BareMachine } from '../testing/bare-host.ts';
import { engines } from '../testing/engines.ts';

const RAM_BYTES = 1 << 20;
const RAM_GPA = 0x8000_0000n;
const TABLES = 0x4_0000;
/** What a run leaves in the sandbox (memory/layout.ts), for the next to find empty: of pages and sites, the first. */
const STATE = [
  [0x400, 0x10_1000],
  [0x30_0000, 0x38_0000],
  [0x340_0000, 0x344_0000],
  [0x3c0_0000, 0x3c4_0000],
  [0x3d0_0000, 0x3dd_8000],
  [0x400_0000, 0x402_0000],
] as const;
const RUN = 400;
/** Units and pages are left only where they end: a slice may go on for that much longer. */
const OVERRUN = 8192n;

const CSRS = [
  0x300, 0x302, 0x303, 0x304, 0x305, 0x341, 0x342, 0x344, 0x100, 0x104, 0x105, 0x141, 0x144, 0x14d, 0x180,
  0x3a0, 0x3b0, 0x3b1, 0x30a, 0x306, 1, 2, 3, 0x320, 0xb00, 0x7a0,
] as const;
const three = [
  assembler.add,
  assembler.scW,
  assembler.scD,
  assembler.amoaddW,
  assembler.amoaddD,
  assembler.amomaxuW,
] as const;
const immediate = [
  assembler.addi,
  assembler.lb,
  assembler.lw,
  assembler.ld,
  assembler.lhu,
  assembler.jalr,
  assembler.sb,
  assembler.sw,
  assembler.sd,
  assembler.slli,
] as const;
const branches = [assembler.beq, assembler.bne, assembler.blt, assembler.bgeu] as const;
const fixed = [
  assembler.ECALL,
  assembler.EBREAK,
  assembler.SRET,
  assembler.MRET,
  assembler.WFI,
  assembler.FENCE_I,
  0,
  0xffff_ffff,
] as const;

function instruction(random: FuzzRandom): number {
  const register = (): number => random.below(32);
  switch (random.below(9)) {
    case 0:
      return random.pick(three)(register(), register(), register());
    case 1:
    case 2:
      return random.pick(immediate)(register(), register(), random.below(4096));
    case 3:
      return random.pick(branches)(register(), register(), 2 * (random.below(64) - 32));
    case 4:
      return assembler.jal(random.below(2), 2 * (random.below(128) - 64));
    case 5:
      return random.oneIn(3)
        ? random.pick(fixed)
        : assembler.csrrw(register(), random.pick(CSRS), register());
    case 6:
      // One of the opcodes of full instructions, the rest noise: floating point, AMOs, bit manipulation.
      return (
        ((random.next() & ~0x7f) |
          random.pick([0x33, 0x3b, 0x13, 0x1b, 0x53, 0x43, 0x07, 0x27, 0x2f, 0x73, 0x0f])) >>>
        0
      );
    case 7:
      return random.oneIn(2)
        ? assembler.sfenceVma(register(), register())
        : assembler.auipc(register(), random.below(4));
    default:
      return random.next();
  }
}

/** A value that is an address in RAM, at its ends, near a page's end, or anything. */
function value(random: FuzzRandom): bigint {
  switch (random.below(5)) {
    case 0:
      return (
        RAM_GPA +
        BigInt(random.pick([random.below(0x2000), 0xff8 + random.below(16), TABLES + random.below(0x3000)]))
      );
    case 1:
      return RAM_GPA + BigInt(RAM_BYTES - random.below(17));
    case 2:
      return (
        BigInt(random.pick([0x1000_0000, 0xc00_0000, 0x200_4000, 0x10_0000])) + BigInt(random.below(0x40))
      );
    case 3:
      return random.word64();
    default:
      return BigInt.asUintN(64, BigInt(random.below(256) - 128));
  }
}

/** Three levels of tables whose entries mostly lead on, or to RAM. */
function pageTable(random: FuzzRandom): Uint8Array {
  const entries = new BigUint64Array(3 * 512);
  for (let level = 0; level < 3; level++) {
    for (const index of [0, 1, 2, random.below(512), random.below(512)]) {
      const next = BigInt(0x8_0000 + (TABLES >> 12) + level + 1);
      const page = random.oneIn(4)
        ? random.word64()
        : random.below(2) === 0
          ? next
          : 0x8_0000n + BigInt(random.below(0x101));
      const flags = BigInt(random.pick([0x01, 0xcf, 0xdf, 0x0f, 0x4b, random.below(1024)]));
      entries[512 * level + index] = BigInt.asUintN(64, (page << 10n) | flags);
    }
  }
  return new Uint8Array(entries.buffer);
}

const zeros = Buffer.alloc(0x400);

class MachineCodeSession implements FuzzSession {
  readonly outcomes = { 'used its budget': 0, 'waits or ended': 0, 'with units': 0, paged: 0 };
  readonly #module: WebAssembly.Module;
  readonly #memory = BareMachine.memory(RAM_BYTES);
  readonly #sandbox = Buffer.from(this.#memory.buffer);

  constructor(module: WebAssembly.Module) {
    this.#module = module;
  }

  runCase(random: FuzzRandom): void {
    for (const [from, to] of STATE) this.#sandbox.fill(0, from, to);
    const engine = random.pick(engines);
    const machine = new BareMachine(this.#module, this.#memory, (kind, reason) => {
      throw new BrokenInvariant(`a unit was refused by the ${kind}: ${reason}`);
    });
    machine.exports.setRamBytes(RAM_BYTES);
    machine.setEngine(engine);
    this.#setUp(random, machine);
    for (let left = 1 + random.below(6); left > 0; left--) {
      const before = machine.retired;
      this.outcomes[machine.run(RUN) === 'budget' ? 'used its budget' : 'waits or ended']++;
      const after = machine.retired - before;
      // A program may write the counter.
      must(after < BigInt(RUN) + OVERRUN || after > 1n << 31n, () => `${after} instructions of ${RUN}`);
      machine.time += BigInt(random.below(2000));
      if (random.oneIn(3)) machine.exports.setInterruptPending(random.below(12), random.below(2));
    }
    if (machine.instructionsInUnits > 0n) this.outcomes['with units']++;
    must(
      this.#sandbox.subarray(0, 0x400).every((byte) => byte === 0),
      'memory below the machine was written',
    );
    must(this.#sandbox.readUInt32LE(0x402_0000) === 0, 'a device that is not there has a state');
  }

  #setUp(random: FuzzRandom, machine: BareMachine): void {
    machine.reset(RAM_GPA, { mode: random.pick([3, 1, 0]) });
    const words = Array.from({ length: 1 + random.below(40) }, () => instruction(random));
    random.note(`code ${words.map((word) => word.toString(16).padStart(8, '0')).join(' ')}`);
    machine.loadBytes(RAM_GPA, new Uint8Array(0x3000));
    // Some code begins in one page and ends in the next.
    const at = random.oneIn(4) ? 0x1000 - 2 * random.below(16) : 0;
    machine.loadWords(RAM_GPA + BigInt(at), words);
    machine.pc = RAM_GPA + BigInt(at);
    for (let register = 1; register < 32; register++) machine.setX(register, value(random));
    for (let register = 0; register < 8; register++) machine.setF(register, random.word64());
    for (const csr of [0x305, 0x105]) machine.setCsr(csr, RAM_GPA + BigInt(4 * random.below(40)));
    for (let left = random.below(4); left > 0; left--) machine.setCsr(random.pick(CSRS), value(random));
    if (random.below(3) > 0) return;
    machine.loadBytes(RAM_GPA + BigInt(TABLES), pageTable(random));
    machine.setCsr(0x180, (BigInt(random.pick([8, 9])) << 60n) | BigInt(0x8_0000 + (TABLES >> 12)));
    machine.pc = random.pick([0n, RAM_GPA, 0x1000n, 0x20_0000n]) + BigInt(at);
    this.outcomes.paged++;
  }
}

export const target: FuzzTarget = {
  name: 'machine-code',
  about:
    'Instructions in any mode: no exception, it comes back in time, no unit is refused, memory below stays as it was.',
  decoders: [
    'guests/riscv/machine/hart/physical.ts',
    'guests/riscv/machine/hart/decode.ts',
    'guests/riscv/machine/hart/page-walk.ts',
    'guests/riscv/machine/hart/fetch.ts',
    'guests/riscv/translator/translate.ts',
  ],
  casesInTests: 200,
  plantedBugs: [
    {
      name: 'page tables may lie outside of RAM',
      file: 'guests/riscv/machine/hart/page-walk.ts',
      from: 'if (!isRam(pteGpa, 8) || ',
      to: 'if (',
      within: 1000,
    },
  ],
  async start() {
    const bug = plantedHere();
    const module = await BareMachine.compile(bug);
    if (bug !== undefined) notePlantedElsewhere();
    return new MachineCodeSession(module);
  },
};
