// The Node side of entry.ts: a machine's devices under a driver that is a test.
//
//   const machine = await DeviceMachine.create({ virtio: 'mmio', disk: Buffer.alloc(1 << 20) });
//   machine.store(0x10000000n, 1, 0x41n); machine.load(0x10000005n, 1)   // throws RangeError where nothing answers
//   machine.ram(gpa, bytes)                                              // a Buffer onto guest RAM
import {
  STORAGE_QUERY,
  STORAGE_READ,
  STORAGE_STATUS_OK,
  STORAGE_STATUS_OUT_OF_RANGE,
  STORAGE_WRITE,
} from '../../../../../hypervisor/abi/channels/storage.ts';
import { compileTestModule, type SourceChange } from '../../testing/compile-test-module.ts';
import { type Packet, type StubChannel, VmbusStub } from './vmbus-stub.ts';

const RAM_BASE = 0x6000000;
const MMIO_VALUE = 0x11000;
const CONSOLE_BUFFER = 0x4015000;
export const RAM_GPA = 0x80000000n;

interface Exports {
  start(ramBytes: number, isConsoleVirtio: number, attach: number): number;
  mmioLoad(gpa: bigint, width: number): number;
  mmioStore(gpa: bigint, width: number, value: bigint): number;
  pendingInterrupts(): bigint;
  plicSetLine(irq: number, isHigh: number): void;
  pollVirtioDevices(): void;
  clintPoll(): void;
  clintDeadline(): bigint;
  rtcPoll(): void;
  rtcDeadline(): bigint;
  rtcSetEpoch(ns: bigint): void;
  uartReceive(byte: number): void;
  uartRoom(): number;
  sbiCall(): void;
  htifWrite(value: bigint): void;
  readRegister(i: number): bigint;
  writeRegister(i: number, value: bigint): void;
  exitReason(): number;
  exitCode(): number;
  deviceTree(line: number, lineBytes: number, initrdBytes: number, slots: number, hasPci: number): number;
  tryElf(file: number, bytes: number): number;
  bootKernel(): number;
  tohostOf(file: number, bytes: number): bigint;
}

export interface DeviceMachineOptions {
  ramBytes?: number;
  virtio?: 'none' | 'mmio' | 'pci';
  consoleInput?: 'uart' | 'virtio';
  /** Contents of disk0; without it there is no disk. */
  disk?: Buffer;
  isDiskReadOnly?: boolean;
  /** Volumes for the machine itself, by label: kernel, initrd. */
  volumes?: Readonly<Record<string, Buffer>>;
  /** In place of one of its own. */
  memory?: WebAssembly.Memory;
}

export class DeviceMachine {
  readonly exports: Exports;
  readonly memory: WebAssembly.Memory;
  readonly vmbus: VmbusStub;
  readonly disk: Buffer;
  private readonly isDiskReadOnly: boolean;
  /** Ticks of 100 ns. */
  time = 0;
  /** While true, the disk's requests collect in `held`. */
  isHolding = false;
  readonly held: Packet[] = [];

  constructor(module: WebAssembly.Module, options: DeviceMachineOptions) {
    const ramBytes = options.ramBytes ?? 1 << 20;
    this.memory =
      options.memory ??
      new WebAssembly.Memory({ initial: (RAM_BASE + ramBytes) / 65536, maximum: 65536, shared: true });
    this.disk = options.disk ?? Buffer.alloc(0);
    this.isDiskReadOnly = options.isDiskReadOnly ?? false;
    this.vmbus = new VmbusStub(this.memory, [
      { service: 1, label: 'console' },
      ...(options.disk ? [{ service: 2, label: 'disk0' }] : []),
      ...Object.keys(options.volumes ?? {}).map((label) => ({ service: 2, label })),
      { service: 3, label: 'entropy' },
    ]);
    const hv = {
      referenceTime: () => this.time,
      hypercall: (control: number, _high: number, input: number) => this.vmbus.hypercall(control, input),
      idle: () => {
        this.vmbus.deliver();
        return 1;
      },
    };
    const instance = new WebAssembly.Instance(module, { env: { memory: this.memory, abort: () => {} }, hv });
    this.exports = instance.exports as unknown as Exports;
    if (options.disk) {
      this.diskChannel.serve = (packet) => this.serveDisk(packet);
    }
    for (const [label, contents] of Object.entries(options.volumes ?? {})) {
      const channel = this.vmbus.channel(label);
      channel.serve = (packet) => this.answer(channel, contents, packet);
    }
    const attach = { none: 0, mmio: 1, pci: 2 }[options.virtio ?? 'none'];
    this.exports.start(ramBytes, options.consoleInput === 'virtio' ? 1 : 0, attach);
  }

  static async compile(change?: SourceChange): Promise<WebAssembly.Module> {
    const entry = 'guests/riscv/machine/devices/testing/entry.ts';
    return new WebAssembly.Module(await compileTestModule(entry, 'riscv-devices.wasm', [], change));
  }

  static async create(options: DeviceMachineOptions = {}): Promise<DeviceMachine> {
    return new DeviceMachine(await DeviceMachine.compile(), options);
  }

  get diskChannel(): StubChannel {
    return this.vmbus.channel('disk0');
  }

  private serveDisk(packet: Packet): void {
    if (this.isHolding) this.held.push(packet);
    else this.answerDisk(packet);
  }

  /** Does what the request asks for and answers it. */
  answerDisk(packet: Packet): void {
    this.answer(this.diskChannel, this.disk, packet);
  }

  private answer(channel: StubChannel, disk: Buffer, { transaction, payload }: Packet): void {
    const operation = payload.readUInt32LE(0);
    const offset = Number(payload.readBigUInt64LE(8));
    const length = payload.readUInt32LE(16);
    const isOutside = offset + length > disk.length;
    const status = isOutside ? STORAGE_STATUS_OUT_OF_RANGE : STORAGE_STATUS_OK;
    let answer = Buffer.alloc(8);
    if (operation === STORAGE_QUERY) {
      answer = Buffer.alloc(32);
      answer.writeBigUInt64LE(BigInt(disk.length), 8);
      answer.writeUInt32LE(512, 16);
      answer.writeUInt32LE(131072, 20);
      answer.writeUInt32LE(this.isDiskReadOnly ? 1 : 2, 24);
    } else if (operation === STORAGE_READ && !isOutside) {
      answer = Buffer.concat([answer, disk.subarray(offset, offset + length)]);
    } else if (operation === STORAGE_WRITE && !isOutside) payload.copy(disk, offset, 24);
    answer.writeUInt32LE(status, 0);
    answer.writeUInt32LE(length, 4);
    this.vmbus.send(channel, { transaction, payload: answer });
  }

  load(gpa: bigint, width: number): bigint {
    if (!this.exports.mmioLoad(gpa, width)) throw new RangeError(`nothing at ${gpa.toString(16)}`);
    const value = new DataView(this.memory.buffer).getBigUint64(MMIO_VALUE, true);
    return BigInt.asUintN(width * 8, value);
  }

  store(gpa: bigint, width: number, value: bigint | number): void {
    const isTaken = this.exports.mmioStore(gpa, width, BigInt.asUintN(64, BigInt(value)));
    if (!isTaken) throw new RangeError(`nothing at ${gpa.toString(16)}`);
  }

  ram(gpa: bigint, bytes: number): Buffer {
    return Buffer.from(this.memory.buffer, RAM_BASE + Number(gpa - RAM_GPA), bytes);
  }

  /** What was printed since the machine's buffer was flushed last. */
  printed(): string {
    const filled = new DataView(this.memory.buffer).getUint32(CONSOLE_BUFFER + 4, true);
    return Buffer.from(this.memory.buffer, CONSOLE_BUFFER + 28, filled).toString('latin1');
  }

  /** Whether PLIC source `irq` is pending. */
  isPending(irq: number): boolean {
    const word = this.load(0xc001000n + BigInt(4 * (irq >> 5)), 4);
    return ((word >> BigInt(irq & 31)) & 1n) === 1n;
  }

  sbi(extension: bigint, call: bigint, ...args: bigint[]): { error: bigint; value: bigint } {
    for (let i = 0; i < 6; i++) this.exports.writeRegister(10 + i, args[i] ?? 0n);
    this.exports.writeRegister(16, call);
    this.exports.writeRegister(17, extension);
    this.exports.sbiCall();
    return {
      error: BigInt.asIntN(64, this.exports.readRegister(10)),
      value: BigInt.asUintN(64, this.exports.readRegister(11)),
    };
  }
}
