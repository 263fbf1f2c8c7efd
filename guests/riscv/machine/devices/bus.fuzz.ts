// Fuzz target `devices`: what a guest's driver may do to the machine's devices. Registers on both buses at any width,
// rings and descriptors in RAM, SBI and HTIF calls, time passing, answers of the root partition early, late, or wrong.

import type { FuzzRandom } from '../../../../hypervisor/testing/fuzz/fuzz-random.ts';
import { type FuzzSession, type FuzzTarget, must } from '../../../../hypervisor/testing/fuzz/fuzz-target.ts';
import { notePlantedElsewhere, plantedHere } from '../../../../hypervisor/testing/fuzz/planted-bug.ts';
import { DeviceMachine, RAM_GPA } from './testing/device-machine.ts';
import { QUEUE_SIZE, VirtioDriver } from './testing/virtio-driver.ts';

const RAM_BYTES = 1 << 20;
const END = RAM_GPA + BigInt(RAM_BYTES);
/** Nothing that the cases name lies here: devices that write here went astray. */
const GUARD = { offset: 0x8_0000, bytes: 0x7_0000 };
const SLOTS = [0, 1, 2] as const;
const PAGES = [
  0x10_0000, 0x10_1000, 0x200_0000, 0x200_4000, 0x200_b000, 0xc00_0000, 0xc00_1000, 0xc00_2000, 0xc20_0000,
  0x1000_0000, 0x1000_1000, 0x1000_2000, 0x1000_3000, 0x1000_4000, 0x1000_8000, 0x3000_0000, 0x3000_8000,
  0x3001_0000, 0x3001_8000, 0x4000_0000, 0x4000_8000, 0,
] as const;
const SBI_EXTENSIONS = [
  0x10, 0x54494d45, 0x735049, 0x52464e43, 0x48534d, 0x4442434e, 0x504d55, 0, 1, 2, 8, 0x0a00_0000,
] as const;
/** Of the sandbox, in bytes: what the devices have no business in. The machine keeps its own below and between. */
const UNTOUCHED: readonly (readonly [from: number, to: number])[] = [
  [0, 0x400],
  // Which pages of RAM hold code that was decoded, and the first of that code: no code runs here.
  [0x10_0000, 0x40_0000],
  [0x401_8000, 0x402_0000],
  // State of virtio devices that are not there.
  [0x405_0000, 0x40a_0000],
  [0x40e_0000, 0x410_0000],
];

const zeros = Buffer.alloc(0x30_0000);
const guard = Buffer.alloc(GUARD.bytes, 0xa5);

type Bus = 'mmio' | 'pci';

/** What a machine has in its sandbox, and may have changed: state of its hart, of its devices with their rings, RAM. */
const STATE: readonly (readonly [from: number, to: number])[] = [
  [0, 0x4_0000],
  [0x400_0000, 0x430_0000],
  [0x600_0000, 0x600_0000 + RAM_BYTES],
];

/** A machine of three virtio devices, and what it must not have touched. */
class Victim {
  readonly machine: DeviceMachine;
  readonly drivers: readonly VirtioDriver[];
  readonly isOnPci: boolean;
  readonly #saved: readonly Buffer[];

  constructor(module: WebAssembly.Module, bus: Bus) {
    this.isOnPci = bus === 'pci';
    this.machine = new DeviceMachine(module, {
      virtio: bus,
      disk: Buffer.alloc(65_536),
      ramBytes: RAM_BYTES,
    });
    const driver = (slot: number, queue = 0): VirtioDriver => new VirtioDriver(this.machine, slot, queue);
    this.drivers = [driver(0), driver(0, 1), driver(1), driver(2)];
    this.#guard.fill(0xa5);
    this.#saved = STATE.map(([from, to]) => Buffer.from(this.#bytes(from, to)));
    this.check();
  }

  get #guard(): Buffer {
    return this.machine.ram(RAM_GPA + BigInt(GUARD.offset), GUARD.bytes);
  }

  #bytes(from: number, to: number): Buffer {
    return Buffer.from(this.machine.memory.buffer, from, to - from);
  }

  #isUntouched([from, to]: readonly [number, number]): boolean {
    return this.#bytes(from, to).equals(zeros.subarray(0, to - from));
  }

  check(): void {
    must(this.#guard.equals(guard), 'a device wrote to memory that nobody named');
    for (const range of UNTOUCHED)
      must(
        this.#isUntouched(range),
        () => `the machine's own memory from ${range[0].toString(16)} was written`,
      );
  }

  /** To how it was when it was made: the machine's state is its memory. */
  reset(): void {
    for (const range of UNTOUCHED) if (!this.#isUntouched(range)) this.#bytes(...range).fill(0);
    STATE.forEach((range, index) => {
      this.#bytes(...range).set(this.#saved[index] as Buffer);
    });
    this.machine.time = 0;
    this.machine.isHolding = false;
    this.machine.held.length = 0;
    this.machine.disk.fill(0);
    for (const { received } of this.machine.vmbus.channels) received.length = 0;
  }
}

/** An address that a driver may name: in the lower half of RAM, at its end, or where there is none. */
function address(random: FuzzRandom): bigint {
  switch (random.below(6)) {
    case 0:
      return END - BigInt(random.below(3));
    case 1:
      return random.oneIn(2)
        ? BigInt(random.word()) & 0x7fff_ffffn
        : BigInt(random.pick([0, 0x1000_1000, 0x600_0000]));
    case 2:
      return (BigInt(random.word()) << 32n) | BigInt(random.word() >>> 1);
    default:
      return RAM_GPA + BigInt(random.below(0x400) * 16 + (random.oneIn(5) ? random.below(16) : 0));
  }
}

/** Lengths that end before the guard, or beyond all memory. */
function length(random: FuzzRandom): number {
  return random.oneIn(8)
    ? (0x100_0000 + random.word()) >>> 0
    : random.pick([0, 1, 16, 24, 512, random.below(2000)]);
}

function putDescriptors(random: FuzzRandom, { machine }: Victim, driver: VirtioDriver): void {
  const table = random.oneIn(3)
    ? machine.ram(RAM_GPA + 0x4000n, 16 * 16)
    : machine.ram(driver.rings, 16 * QUEUE_SIZE);
  for (let left = 1 + random.below(4); left > 0; left--) {
    const isIndirect = random.oneIn(4);
    driver.putDescriptor(table, random.below(QUEUE_SIZE), {
      address: isIndirect ? RAM_GPA + 0x4000n : address(random),
      length: isIndirect ? random.pick([16, 32, 128, 129, 256]) : length(random),
      flags: (isIndirect ? 4 : 0) | random.below(4) | (random.oneIn(12) ? 4 : 0),
      next: random.below(QUEUE_SIZE + 2),
    });
  }
}

/** A block request that is one, but for a field. */
function putRequest(random: FuzzRandom, { machine }: Victim, driver: VirtioDriver): void {
  const header = machine.ram(RAM_GPA + 0x6000n, 16);
  header.writeUInt32LE(random.pick([0, 1, 4, 8, 11, 13, random.word()]), 0);
  header.writeBigUInt64LE(random.oneIn(4) ? random.word64() : BigInt(random.below(130)), 8);
  driver.send([
    { address: RAM_GPA + 0x6000n, length: 16, flags: 0 },
    {
      address: RAM_GPA + 0x7000n,
      length: random.pick([512, 1024, 16, length(random)]),
      flags: random.pick([0, 2]),
    },
    { address: random.oneIn(6) ? address(random) : RAM_GPA + 0x6100n, length: 1 + random.below(2), flags: 2 },
  ]);
}

function setUp(random: FuzzRandom, victim: Victim, driver: VirtioDriver): void {
  const wild = (right: bigint): bigint => (random.oneIn(6) ? address(random) : right);
  const rings = wild(driver.rings);
  const [descriptors, used] = [wild(driver.rings), wild(driver.rings + 0x200n)];
  driver.start({ rings, descriptors, used });
  if (victim.isOnPci) startOnPci(victim, driver, [descriptors, rings + 0x100n, used]);
}

/** Where an operating system may put the BAR of the device that is slot n on MMIO. */
const barOf = (driver: VirtioDriver): bigint => 0x4000_0000n + 4n * (driver.slot - 0x1000_0000n);

/** What VirtioDriver.start does, in the registers of the PCI transport (virtio 1.3 §4.1.4.3). */
function startOnPci({ machine }: Victim, driver: VirtioDriver, rings: readonly bigint[]): void {
  const space = 0x3000_0000n + ((driver.slot - 0x1000_0000n) << 3n);
  machine.store(space + 0x10n, 4, barOf(driver));
  machine.store(space + 4n, 2, 2);
  const put = (register: number, width: number, value: bigint | number): void =>
    machine.store(barOf(driver) + BigInt(register), width, value);
  for (const status of [0, 3]) put(0x14, 1, status);
  for (const [select, features] of [
    [0, 1 << 28],
    [1, 1],
  ] as const) {
    put(0x08, 4, select);
    put(0x0c, 4, features);
  }
  put(0x14, 1, 11);
  put(0x16, 2, driver.queue);
  put(0x18, 2, QUEUE_SIZE);
  for (const [index, at] of rings.entries()) put(0x20 + 8 * index, 8, at);
  put(0x1c, 2, 1);
  put(0x14, 1, 15);
}

function kick(_random: FuzzRandom, { machine, isOnPci }: Victim, driver: VirtioDriver): void {
  if (isOnPci) machine.store(barOf(driver) + 0x3000n + 4n * BigInt(driver.queue), 2, driver.queue);
  else driver.write(0x50, driver.queue);
}

function pokeRegister(random: FuzzRandom, { machine }: Victim): void {
  const gpa =
    BigInt(random.pick(PAGES)) + BigInt(random.oneIn(4) ? random.below(0x1_0000) : 4 * random.below(0x60));
  const width = random.pick([4, 4, 4, 1, 2, 8]);
  if (random.below(2) === 0) machine.exports.mmioLoad(gpa, width);
  else machine.exports.mmioStore(gpa, width, BigInt.asIntN(64, notGuard(registerValue(random))));
}

/** A value that names the guard only by accident names something else. */
function notGuard(value: bigint): bigint {
  const offset = Number((value & 0xffff_ffffn) - RAM_GPA);
  return offset >= GUARD.offset && offset < GUARD.offset + GUARD.bytes ? value & 0xffn : value;
}

/** Addresses of queues go through registers, too, in halves. */
function registerValue(random: FuzzRandom): bigint {
  if (random.below(2) === 0) return random.word64();
  const to = address(random);
  return random.oneIn(2) ? to & 0xffff_ffffn : to >> 32n;
}

function movePci(random: FuzzRandom, { machine }: Victim): void {
  const space = 0x3000_0000n + (BigInt(1 + random.below(3)) << 15n);
  machine.store(space + 0x10n, 4, 0x4000_8000 + random.below(2) * 0x4000);
  machine.store(space + 4n, 2, random.pick([2, 2, 2, 0, 0xffff]));
}

function answer(random: FuzzRandom, { machine }: Victim): void {
  machine.isHolding = random.below(2) === 1;
  const packet = machine.held.splice(random.below(machine.held.length + 1), 1)[0];
  if (packet === undefined) return;
  if (random.oneIn(3))
    machine.vmbus.send(
      machine.diskChannel,
      { transaction: random.word64(), payload: Buffer.from(random.bytes(700)) },
      random.pick([11, 6, 0]),
    );
  else machine.answerDisk(packet);
}

function callSbi(random: FuzzRandom, { machine }: Victim): void {
  const argument = (): bigint => (random.oneIn(2) ? address(random) : BigInt(length(random)));
  machine.sbi(BigInt(random.pick(SBI_EXTENSIONS)), BigInt(random.below(12)), ...[0, 1, 2, 3].map(argument));
}

function passTime(random: FuzzRandom, { machine }: Victim): void {
  machine.time += random.word();
  machine.exports.clintPoll();
  machine.exports.rtcPoll();
  for (let left = random.below(4); left > 0 && machine.exports.uartRoom() > 0; left--)
    machine.exports.uartReceive(random.below(256));
  machine.exports.clintDeadline();
  machine.exports.rtcDeadline();
}

type Action = (random: FuzzRandom, victim: Victim, driver: VirtioDriver) => void;
const actions: readonly Action[] = [
  setUp,
  pokeRegister,
  pokeRegister,
  putDescriptors,
  putDescriptors,
  (random, _victim, driver) => driver.offer(random.below(QUEUE_SIZE + 1)),
  (random, _victim, driver) => driver.offer(random.below(QUEUE_SIZE + 1)),
  putRequest,
  putRequest,
  kick,
  answer,
  (_random, { machine }) => machine.exports.pollVirtioDevices(),
  callSbi,
  passTime,
  movePci,
  (random, _victim, driver) => driver.write(0x70, random.pick([0, 0, 15, 64, 128, random.word()])),
  (random, { machine }) => machine.exports.htifWrite(BigInt.asIntN(64, notGuard(random.word64()))),
];

class DeviceSession implements FuzzSession {
  readonly outcomes = { 'on MMIO': 0, 'on PCI': 0, 'chains given back': 0, 'devices that need a reset': 0 };
  readonly casesPerBatch = 16;
  readonly #victims: Record<Bus, Victim>;
  /** Since the last reset. */
  readonly #used = new Set<Victim>();

  constructor(module: WebAssembly.Module) {
    this.#victims = { mmio: new Victim(module, 'mmio'), pci: new Victim(module, 'pci') };
  }

  reset(): void {
    for (const victim of this.#used) victim.reset();
    this.#used.clear();
  }

  runCase(random: FuzzRandom): void {
    const victim = this.#victims[random.pick(['mmio', 'mmio', 'pci'] as const)];
    this.#used.add(victim);
    for (let left = 1 + random.below(24); left > 0; left--) {
      const driver = random.pick(victim.drivers);
      const action = random.pick(actions);
      random.note(
        `${victim.isOnPci ? 'PCI' : 'MMIO'} slot ${driver.slot.toString(16)}: ${action.name || String(action).slice(0, 80)}`,
      );
      action(random, victim, driver);
    }
    this.#count(victim);
    // The device's console has a reader that takes everything.
    victim.machine.vmbus.channel('console').received.length = 0;
    victim.machine.held.length = Math.min(victim.machine.held.length, 64);
  }

  #count(victim: Victim): void {
    this.outcomes[victim.isOnPci ? 'on PCI' : 'on MMIO']++;
    if (victim.isOnPci) return;
    for (const driver of victim.drivers) {
      const used = victim.machine.ram(driver.rings + 0x202n, 2).readUInt16LE(0);
      if (used > 0) this.outcomes['chains given back']++;
      if (driver.needsReset) this.outcomes['devices that need a reset']++;
    }
  }

  endBatch(): void {
    for (const victim of this.#used) victim.check();
  }
}

async function start(): Promise<FuzzSession> {
  const bug = plantedHere();
  const module = await DeviceMachine.compile(bug);
  if (bug !== undefined) notePlantedElsewhere();
  return new DeviceSession(module);
}

const virtqueue = 'guests/riscv/machine/virtio/virtqueue.ts';

export const target: FuzzTarget = {
  name: 'devices',
  about:
    "Registers, virtqueues, SBI calls: no exception, and no byte written that the driver did not name as the device's.",
  decoders: [
    'guests/riscv/machine/devices/bus.ts',
    virtqueue,
    'guests/riscv/machine/virtio/mmio-transport.ts',
    'guests/riscv/machine/virtio/pci-transport.ts',
    'guests/riscv/machine/virtio/block/device.ts',
    'guests/riscv/machine/virtio/console/device.ts',
    'guests/riscv/machine/virtio/entropy/device.ts',
    'guests/riscv/machine/pci/host-bridge.ts',
    'guests/riscv/machine/sbi/sbi.ts',
  ],
  casesInTests: 4096,
  plantedBugs: [
    {
      name: 'a buffer may lie outside of RAM',
      file: virtqueue,
      from: '  if (pointer == 0) return false;',
      to: '',
      within: 8192,
    },
    {
      name: 'rings need not be aligned',
      file: virtqueue,
      from: '(driver & 1) != 0 || (table & 15) != 0',
      to: '(table & 15) != 0',
      within: 8192,
    },
  ],
  start,
};
