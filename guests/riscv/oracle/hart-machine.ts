// Cofferdam's hart as a machine under test: bare, with the RAM of the oracle, through the tests' host.
import { BareMachine } from '../machine/testing/bare-host.ts';
import type { Engine } from '../machine/testing/engines.ts';
import { CSR } from './generator/csr-names.ts';
import { IMAGE_BYTES, OTHER_SCRATCH_BASE, RAM_BYTES, SCRATCH_BYTES } from './generator/memory-layout.ts';
import type { Program } from './generator/program.ts';
import type { RunningMachine, TranslationCounts } from './machine.ts';
import { csrFields, FIRST_X, type State } from './state.ts';

/** hart/state.ts: x0 to x31, then f0 to f31; pc. */
const REGISTERS = 0x10000;
const REGISTER_WORDS = 128;
const PC = REGISTERS + 0x230;
const [UNITS_MADE, UNITS_GONE, UNIT_INSTRUCTIONS] = [REGISTERS + 0x2a4, REGISTERS + 0x2c0, REGISTERS + 0x2f0];
const RAM_GPA = 0x8000_0000n;
const NEVER = 0xffff_ffff_ffff_ffffn;
/** Bit of mip. */
const MACHINE_TIMER = 7;

export class HartMachine implements RunningMachine {
  readonly bare: BareMachine;
  readonly #registers: Uint32Array;
  readonly #pc: Uint32Array;

  private constructor(bare: BareMachine) {
    this.bare = bare;
    this.#registers = new Uint32Array(bare.memory.buffer, REGISTERS, REGISTER_WORDS);
    this.#pc = new Uint32Array(bare.memory.buffer, PC, 2);
  }

  static async create(): Promise<HartMachine> {
    return new HartMachine(await BareMachine.create({ ramBytes: RAM_BYTES }));
  }

  load(program: Program): void {
    this.bare.exports.clintReset();
    this.bare.time = 0n;
    this.bare.loadBytes(RAM_GPA, program.image);
    this.bare.loadBytes(BigInt(OTHER_SCRATCH_BASE), new Uint8Array(SCRATCH_BYTES));
    this.bare.reset(BigInt(program.entry), { mode: 3 });
  }

  /** Sets the clock, in ticks. */
  setTime(ticks: bigint): void {
    this.bare.time = ticks;
    this.bare.exports.clintPoll();
  }

  letTimerRunOut(timer: 'machine' | 'supervisor'): void {
    // Each by itself: of two deadlines that are a tick or less apart, the oracle may meet the later one first.
    if (timer === 'machine') this.bare.exports.setInterruptPending(MACHINE_TIMER, 1);
    else {
      const deadline = this.bare.csr(CSR.stimecmp);
      if (deadline !== NEVER && deadline > this.bare.time) this.bare.time = deadline;
    }
  }

  step(): void {
    this.bare.exports.hartStep();
  }

  setEngine(engine: Engine): void {
    this.bare.setEngine(engine);
  }

  run(budget: number): void {
    this.bare.exports.hartRun(budget);
  }

  get retired(): number {
    return Number(this.bare.retired);
  }

  get translation(): TranslationCounts {
    const { view } = this.bare;
    return {
      made: view.getUint32(UNITS_MADE, true),
      evicted: view.getUint32(UNITS_GONE, true),
      instructions: Number(view.getBigUint64(UNIT_INSTRUCTIONS, true)),
    };
  }

  readState(state: State): void {
    state.set(this.#pc, 0);
    for (let index = 0; index < csrFields.length; index++) {
      const value = this.bare.csr(CSR[csrFields[index]!]);
      state[2 * (index + 1)] = Number(value & 0xffff_ffffn);
      state[2 * (index + 1) + 1] = Number(value >> 32n);
    }
    state.set(this.#registers, 2 * FIRST_X);
  }

  adopt(field: string, value: bigint): void {
    if (field.startsWith('x')) {
      this.bare.setX(Number(field.slice(1)), value);
      return;
    }
    const name = csrFields.find((csr) => csr === field);
    if (name === undefined) throw new Error(`${field} may not differ`);
    this.bare.setCsr(CSR[name], value);
  }

  memory(): Uint8Array {
    const at = this.bare.host(RAM_GPA);
    return new Uint8Array(this.bare.memory.buffer, at, IMAGE_BYTES).slice();
  }
}
