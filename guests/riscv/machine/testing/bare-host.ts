// The Node side of bare.ts. In short:
//
//   const machine = await BareMachine.create({ ramBytes: 1 << 20 });
//   machine.loadWords(0x80000000n, [0x00a00513, ...]);     // or loadBytes, or loadElf(file) → { entry, symbols }
//   machine.reset(0x80000000n, { mode: 3 });               // mode 0 U, 1 S, 3 M; PMP starts open
//   machine.setEngine('translator');                       // from now on, what run comes to is translated first
//   machine.run(1000);                                     // → 'budget' | 'waiting' | 'exit'
//   machine.step();                                        // → StepRecord: pc, opcode, writes, stores, trap
//   machine.x(10); machine.setX(10, 5n); machine.f(0); machine.setF(0, bits); machine.pc = 0x80000010n;
//   machine.csr(0x300); machine.setCsr(0x300, value);      // as M mode would, WARL rules applied
//   machine.read(gpa, bytes); machine.loadWords(gpa, words); machine.time = 123n (10 MHz ticks)
import { readFileSync } from 'node:fs';
import { HV_HYPERCALL_FAST, HVCALL_PUBLISH_CODE } from '../../../../hypervisor/abi/hypercalls.ts';
import { CodePublisher, type OnCodeRefused } from '../../../../hypervisor/code-publishing/code-publisher.ts';
import { compileTestModule, type SourceChange } from './compile-test-module.ts';
import { type Engine, engineSettings } from './engines.ts';

const RAM_BASE = 0x6000000;
const RAM_GPA = 0x80000000n;
const STATE = 0x10000;
/** memory/layout.ts. */
const UNIT_LIMIT = 4096;
const PUBLISH_CODE = HVCALL_PUBLISH_CODE | HV_HYPERCALL_FAST;
const at = {
  f: STATE + 0x100,
  mode: STATE + 0x228,
  pc: STATE + 0x230,
  exitReason: STATE + 0x248,
  exitCode: STATE + 0x24c,
  sbiMode: STATE + 0x284,
  tohost: STATE + 0x288,
  translating: STATE + 0x2a8,
  unitBudget: STATE + 0x2e0,
  unitInstructions: STATE + 0x2f0,
  stepPc: STATE + 0x500,
  stepOpcode: STATE + 0x508,
  stepStoreCount: STATE + 0x50c,
  stepStores: STATE + 0x510,
  stepTrapped: STATE + 0x540,
  stepCause: STATE + 0x548,
  stepValue: STATE + 0x550,
  stepBefore: STATE + 0x600,
};

interface Exports {
  hartReset(pc: bigint, a0: bigint, a1: bigint, mode: number): void;
  hartRun(budget: number): number;
  hartSlice(most: number): number;
  hartStep(): void;
  translateHere(): void;
  instructionsRetired(): bigint;
  nextTimerDeadline(): bigint;
  readRegister(i: number): bigint;
  writeRegister(i: number, value: bigint): void;
  setInterruptPending(bit: number, on: number): void;
  clintPoll(): void;
  clintReset(): void;
  ramWritten(gpa: bigint, length: number): void;
  readCsr(number: number): bigint;
  writeCsr(number: number, value: bigint): void;
  setRamBytes(bytes: number): void;
  operationOf(word: number): number;
  expanded(parcel: number): number;
}

/** What one step did. Registers: 0 to 31 are x, 32 to 63 are f. */
export interface StepRecord {
  pc: bigint;
  opcode: number;
  writes: { register: number; value: bigint }[];
  stores: { address: bigint; value: bigint; width: number }[];
  trap: { cause: bigint; value: bigint } | null;
}

const unsigned = (value: bigint): bigint => BigInt.asUintN(64, value);

export class BareMachine {
  readonly exports: Exports;
  readonly memory: WebAssembly.Memory;
  readonly view: DataView;
  readonly publisher: CodePublisher;
  #isEager = false;
  /** What the guest's clock says, in ticks of 100 ns. */
  time = 0n;

  constructor(module: WebAssembly.Module, memory: WebAssembly.Memory, onCodeRefused?: OnCodeRefused) {
    const hv = {
      referenceTime: () => Number(this.time),
      hypercall: (lo: number, _hi: number, address: number, length: number, index: number) =>
        lo === (PUBLISH_CODE | 0) ? this.publish(address >>> 0, length >>> 0, index >>> 0) : 2,
      idle: () => 0,
    };
    const instance = new WebAssembly.Instance(module, { env: { memory, abort: () => {} }, hv });
    this.exports = instance.exports as unknown as Exports;
    this.publisher = new CodePublisher(memory, onCodeRefused);
    this.publisher.attach(instance.exports['table']);
    this.memory = memory;
    this.view = new DataView(memory.buffer);
  }

  static async compile(change?: SourceChange): Promise<WebAssembly.Module> {
    const entry = 'guests/riscv/machine/testing/bare.ts';
    const options = ['--exportTable', '--growTable'];
    return new WebAssembly.Module(await compileTestModule(entry, 'riscv-bare.wasm', options, change));
  }

  /** A memory in which a machine has so much RAM. */
  static memory(ramBytes: number): WebAssembly.Memory {
    const pages = (RAM_BASE + ramBytes) / 65536;
    return new WebAssembly.Memory({ initial: pages, maximum: 65536, shared: true });
  }

  static async create({ ramBytes = 1 << 20, engine = 'interpreter' as Engine } = {}): Promise<BareMachine> {
    const machine = new BareMachine(await BareMachine.compile(), BareMachine.memory(ramBytes));
    machine.exports.setRamBytes(ramBytes);
    machine.setEngine(engine);
    machine.reset(RAM_GPA);
    return machine;
  }

  /** Chooses how `run` runs code. Programs of tests are short: translators begin with a unit where the hart is. */
  setEngine(engine: Engine): void {
    const { heat, units } = engineSettings[engine];
    this.translateFrom(heat, units);
    this.#isEager = heat > 0;
  }

  /** Translates code from a heat on, 0 = never, and keeps so many units. */
  translateFrom(heat: number, units = UNIT_LIMIT): void {
    this.view.setUint32(at.translating, heat, true);
    this.view.setUint32(at.unitBudget, units, true);
  }

  private publish(address: number, length: number, index: number): number {
    return this.publisher.publish(new Uint8Array(this.memory.buffer).slice(address, address + length), index);
  }

  reset(pc: bigint, { mode = 3, a0 = 0n, a1 = 0n, sbi = false, tohost = 0n } = {}): void {
    this.view.setUint32(at.sbiMode, Number(sbi), true);
    this.view.setBigUint64(at.tohost, tohost, true);
    this.exports.hartReset(pc, a0, a1, mode);
  }

  host(gpa: bigint): number {
    return RAM_BASE + Number(gpa - RAM_GPA);
  }

  loadBytes(gpa: bigint, bytes: Uint8Array): void {
    new Uint8Array(this.memory.buffer, this.host(gpa), bytes.length).set(bytes);
    if (bytes.length) this.exports.ramWritten(gpa, bytes.length);
  }

  loadWords(gpa: bigint, words: number[]): void {
    this.loadBytes(gpa, new Uint8Array(Uint32Array.from(words).buffer));
  }

  loadParcels(gpa: bigint, parcels: number[]): void {
    this.loadBytes(gpa, new Uint8Array(Uint16Array.from(parcels).buffer));
  }

  read(gpa: bigint, bytes: 1 | 2 | 4 | 8): bigint {
    const host = this.host(gpa);
    if (bytes === 8) return this.view.getBigUint64(host, true);
    if (bytes === 4) return BigInt(this.view.getUint32(host, true));
    return BigInt(bytes === 2 ? this.view.getUint16(host, true) : this.view.getUint8(host));
  }

  write64(gpa: bigint, value: bigint): void {
    this.view.setBigUint64(this.host(gpa), unsigned(value), true);
    this.exports.ramWritten(gpa, 8);
  }

  /** Loads an ELF file's segments at their physical addresses. */
  loadElf(path: string): { entry: bigint; symbols: Map<string, bigint> } {
    const file = readFileSync(path);
    const u = (offset: number): bigint => file.readBigUInt64LE(offset);
    for (let i = 0; i < file.readUInt16LE(56); i++) {
      const header = Number(u(32)) + i * file.readUInt16LE(54);
      if (file.readUInt32LE(header) !== 1) continue;
      const offset = Number(u(header + 8));
      this.loadBytes(u(header + 24), file.subarray(offset, offset + Number(u(header + 32))));
    }
    const symbols = new Map<string, bigint>();
    for (let i = 0; i < file.readUInt16LE(60); i++) {
      const header = Number(u(40)) + i * file.readUInt16LE(58);
      if (file.readUInt32LE(header + 4) !== 2) continue;
      const names = Number(u(Number(u(40)) + file.readUInt32LE(header + 40) * file.readUInt16LE(58) + 24));
      for (let at = Number(u(header + 24)); at < Number(u(header + 24) + u(header + 32)); at += 24) {
        const name = names + file.readUInt32LE(at);
        symbols.set(file.toString('latin1', name, file.indexOf(0, name)), u(at + 8));
      }
    }
    return { entry: u(24), symbols };
  }

  run(budget: number): 'budget' | 'waiting' | 'exit' {
    if (this.#isEager) this.exports.translateHere();
    return (['budget', 'waiting', 'exit'] as const)[-this.exports.hartRun(budget)]!;
  }

  step(): StepRecord {
    this.exports.hartStep();
    const { view } = this;
    const writes = [];
    for (let register = 1; register < 64; register++) {
      const value = view.getBigUint64(STATE + 8 * register, true);
      if (value !== view.getBigUint64(at.stepBefore + 8 * register, true)) writes.push({ register, value });
    }
    const stores = [];
    for (let i = 0; i < view.getUint32(at.stepStoreCount, true); i++) {
      const [address, value, width] = [0, 8, 16].map((o) =>
        view.getBigUint64(at.stepStores + 24 * i + o, true),
      );
      stores.push({ address: address!, value: value!, width: Number(width) });
    }
    return {
      pc: view.getBigUint64(at.stepPc, true),
      opcode: view.getUint32(at.stepOpcode, true),
      writes,
      stores,
      trap: view.getUint32(at.stepTrapped, true)
        ? { cause: view.getBigUint64(at.stepCause, true), value: view.getBigUint64(at.stepValue, true) }
        : null,
    };
  }

  x(i: number): bigint {
    return unsigned(this.exports.readRegister(i));
  }

  setX(i: number, value: bigint): void {
    this.exports.writeRegister(i, unsigned(value));
  }

  f(i: number): bigint {
    return this.view.getBigUint64(at.f + 8 * i, true);
  }

  setF(i: number, bits: bigint): void {
    this.view.setBigUint64(at.f + 8 * i, unsigned(bits), true);
  }

  csr(number: number): bigint {
    return unsigned(this.exports.readCsr(number));
  }

  setCsr(number: number, value: bigint): void {
    this.exports.writeCsr(number, unsigned(value));
  }

  get pc(): bigint {
    return this.view.getBigUint64(at.pc, true);
  }

  set pc(value: bigint) {
    this.view.setBigUint64(at.pc, unsigned(value), true);
  }

  get mode(): number {
    return this.view.getUint32(at.mode, true);
  }

  get exitCode(): number {
    return this.view.getUint32(at.exitCode, true);
  }

  /** Instructions that translated code has run since the machine was made. */
  get instructionsInUnits(): bigint {
    return this.view.getBigUint64(at.unitInstructions, true);
  }

  get retired(): bigint {
    return unsigned(this.exports.instructionsRetired());
  }
}
