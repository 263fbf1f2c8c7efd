// virtio block (virtio 1.3 §5.2): requests, their splitting into channel requests, answers in any order, and resets.
import { beforeEach, describe, expect, it } from 'vitest';
import { DeviceMachine, RAM_GPA } from '../../devices/testing/device-machine.ts';
import { type Descriptor, VirtioDriver, WRITE } from '../../devices/testing/virtio-driver.ts';

const HEADER = RAM_GPA + 0x10000n;
const STATUS = RAM_GPA + 0x10100n;
const DATA = RAM_GPA + 0x20000n;
const [IN, OUT, FLUSH, GET_ID, DISCARD, WRITE_ZEROES] = [0, 1, 4, 8, 11, 13];
const [OK, IO_ERROR, UNSUPPORTED] = [0, 1, 2];
const DISK_BYTES = 1 << 20;

let machine: DeviceMachine;
let driver: VirtioDriver;
async function create(options = {}): Promise<void> {
  const disk = Buffer.from(Array.from({ length: DISK_BYTES }, (_, i) => (i >> 9) ^ (i * 7)));
  machine = await DeviceMachine.create({ virtio: 'mmio', ramBytes: 4 << 20, disk, ...options });
  driver = new VirtioDriver(machine, 1);
  driver.start();
}
beforeEach(() => create(), 120_000);

/** Sends one request; its status, or null while it is under way. */
function request(type: number, sector: bigint, data: Descriptor[] = []): number | null {
  const header = machine.ram(HEADER, 16);
  header.writeUInt32LE(type, 0);
  header.writeBigUInt64LE(sector, 8);
  machine.ram(STATUS, 1)[0] = 0xff;
  const before = driver.used().length;
  const status = { address: STATUS, length: 1, flags: WRITE };
  driver.send([{ address: HEADER, length: 16, flags: 0 }, ...data, status]);
  machine.exports.pollVirtioDevices();
  return driver.used().length > before ? machine.ram(STATUS, 1)[0]! : null;
}
const into = (length: number, at = 0): Descriptor => ({ address: DATA + BigInt(at), length, flags: WRITE });
const from = (length: number, at = 0): Descriptor => ({ address: DATA + BigInt(at), length, flags: 0 });

describe('the block device', () => {
  it('says what it is', () => {
    expect([driver.read(0x0), driver.read(0x4), driver.read(0x8)]).toEqual([0x74726976, 2, 2]);
    expect(machine.load(driver.slot + 0x100n, 8)).toBe(BigInt(DISK_BYTES / 512));
  });

  it('reads into several buffers of odd sizes', () => {
    expect(request(IN, 3n, [into(100), into(924, 4096)])).toBe(OK);
    const expected = machine.disk.subarray(1536, 2560);
    expect(Buffer.concat([machine.ram(DATA, 100), machine.ram(DATA + 4096n, 924)])).toEqual(expected);
    expect(driver.used().at(-1)!.written).toBe(1025);
  });

  it('splits large requests and puts answers together in any order', () => {
    machine.isHolding = true;
    const bytes = 5 * 131072 + 512;
    expect(request(IN, 1n, [into(bytes - 1000), into(1000, bytes)])).toBe(null);
    const parts = machine.held.splice(0);
    expect(parts.map(({ payload }) => payload.readUInt32LE(16))).toEqual([
      ...Array.from({ length: 5 }, () => 131072),
      512,
    ]);
    for (const packet of parts.reverse()) {
      expect(driver.used()).toHaveLength(0);
      machine.answerDisk(packet);
      machine.exports.pollVirtioDevices();
    }
    expect(machine.ram(STATUS, 1)[0]).toBe(OK);
    const read = Buffer.concat([machine.ram(DATA, bytes - 1000), machine.ram(DATA + BigInt(bytes), 1000)]);
    expect(read.equals(machine.disk.subarray(512, 512 + bytes))).toBe(true);
  });

  it('writes what the driver gave', () => {
    machine.ram(DATA, 1024).fill('write me ');
    const before = Buffer.from(machine.disk);
    expect(request(OUT, 2n, [from(512), from(512, 512)])).toBe(OK);
    machine.ram(DATA, 1024).copy(before, 1024);
    expect(machine.disk.equals(before)).toBe(true);
  });

  it('refuses what is outside the disk, also when the offset wraps', () => {
    const last = BigInt(DISK_BYTES / 512);
    const sectors = [last, last - 1n, 1n << 55n, (1n << 55n) + 1n, (1n << 64n) - 1n];
    expect(sectors.map((sector) => request(IN, sector, [into(1024)]))).toEqual(sectors.map(() => IO_ERROR));
    expect(request(IN, 0n, [into(100)])).toBe(IO_ERROR);
  });

  it('flushes, discards, zeroes and answers GET_ID', () => {
    machine.isHolding = true;
    machine.ram(DATA, 16).fill(0).writeUInt32LE(8, 8);
    request(FLUSH, 0n);
    request(DISCARD, 0n, [from(16)]);
    request(WRITE_ZEROES, 0n, [from(16)]);
    const sent = machine.held.map(({ payload }) => [payload.readUInt32LE(0), payload.readUInt32LE(16)]);
    expect(sent).toEqual([
      [3, 0],
      [4, 4096],
      [5, 4096],
    ]);
    expect(request(GET_ID, 0n, [into(20)])).toBe(OK);
    expect(machine.ram(DATA, 20).toString('latin1').replaceAll('\0', '')).toBe('cofferdam');
    expect(request(99, 0n)).toBe(UNSUPPORTED);
  });

  it('writes the identity to writable memory only', () => {
    machine.ram(DATA, 64).fill(0x55);
    machine.ram(HEADER, 16).fill(0).writeUInt32LE(GET_ID, 0);
    driver.send([
      { address: HEADER, length: 8, flags: 0 },
      { address: HEADER + 8n, length: 8, flags: 0 },
      { address: DATA + 32n, length: 21, flags: WRITE },
    ]);
    expect(machine.ram(DATA, 32).every((byte) => byte === 0x55)).toBe(true);
    expect(machine.ram(DATA + 32n, 9).toString()).toBe('cofferdam');
  });

  it('drops answers to what was asked before a reset', () => {
    machine.isHolding = true;
    machine.ram(DATA, 512).fill(0xee);
    request(IN, 0n, [into(512)]);
    driver.start();
    for (const packet of machine.held.splice(0)) machine.answerDisk(packet);
    machine.exports.pollVirtioDevices();
    expect(driver.used()).toEqual([]);
    expect(machine.ram(DATA, 512).every((byte) => byte === 0xee)).toBe(true);
    machine.isHolding = false;
    expect(request(IN, 0n, [into(512)])).toBe(OK);
  });

  it('reports failures and foreign answers as errors, once', () => {
    machine.isHolding = true;
    request(IN, 0n, [into(512)]);
    const [packet] = machine.held.splice(0);
    machine.vmbus.send(machine.diskChannel, { transaction: 27n, payload: Buffer.alloc(520) });
    machine.exports.pollVirtioDevices();
    expect(driver.used()).toEqual([]);
    for (let i = 0; i < 2; i++) {
      machine.vmbus.send(machine.diskChannel, { transaction: packet!.transaction, payload: Buffer.alloc(9) });
    }
    machine.exports.pollVirtioDevices();
    expect([driver.used().length, machine.ram(STATUS, 1)[0]]).toEqual([1, IO_ERROR]);
  });

  it('tells the driver that a volume is read-only', async () => {
    driver.write(0x14, 0);
    expect(driver.read(0x10) & 0x6220).toBe(0x6200);
    await create({ isDiskReadOnly: true });
    driver.write(0x14, 0);
    expect(driver.read(0x10) & 0x6220).toBe(0x220);
  });

  it('needs a reset after a chain without header or status', () => {
    driver.send([into(512)]);
    expect(driver.needsReset).toBe(true);
    driver.start();
    driver.send([from(16)]);
    expect(driver.needsReset).toBe(true);
  });
});
