// virtio console (virtio 1.3 §5.3) and entropy device (§5.4) over their channels.
import { beforeEach, describe, expect, it } from 'vitest';
import { DeviceMachine, RAM_GPA } from '../../devices/testing/device-machine.ts';
import { VirtioDriver, WRITE } from '../../devices/testing/virtio-driver.ts';

const DATA = RAM_GPA + 0x30000n;
const [RECEIVE, TRANSMIT] = [0, 1];
const CONSOLE_INPUT = 2;
const INBAND = 6;

let machine: DeviceMachine;
beforeEach(async () => {
  machine = await DeviceMachine.create({ virtio: 'mmio', ramBytes: 4 << 20, consoleInput: 'virtio' });
}, 120_000);

function type(text: string, kind = CONSOLE_INPUT): void {
  const payload = Buffer.concat([Buffer.from([kind, 0, 0, 0]), Buffer.from(text)]);
  machine.vmbus.send(machine.vmbus.channel('console'), { transaction: 0n, payload }, INBAND);
  machine.exports.pollVirtioDevices();
}
const buffer = (at: number, length: number) => [{ address: DATA + BigInt(at), length, flags: WRITE }];

describe('the virtio console', () => {
  it('fills posted buffers in order and keeps the rest of the input for later ones', () => {
    const driver = new VirtioDriver(machine, 0, RECEIVE);
    driver.start();
    type('before any buffer, ');
    type('more');
    expect(driver.used()).toEqual([]);
    driver.send(buffer(0, 8));
    expect(driver.used()).toEqual([{ head: 0, written: 8 }]);
    driver.send(buffer(8, 64));
    expect(machine.ram(DATA, 23).toString()).toBe('before any buffer, more');
    expect(driver.used().at(-1)!.written).toBe(15);
  });

  it('skips a change of size and empty input', () => {
    const driver = new VirtioDriver(machine, 0, RECEIVE);
    driver.start();
    driver.send(buffer(0, 8));
    type('\x50\0\x19\0', 3);
    type('');
    expect(driver.used()).toEqual([]);
    type('x');
    expect([machine.ram(DATA, 1).toString(), driver.used()]).toEqual(['x', [{ head: 0, written: 1 }]]);
  });

  it('refuses a single output of more than 1 MiB', () => {
    const driver = new VirtioDriver(machine, 0, TRANSMIT);
    driver.start();
    driver.send([{ address: RAM_GPA, length: (1 << 20) + 1, flags: 0 }]);
    expect([driver.needsReset, machine.printed()]).toEqual([true, '']);
  });
});

describe('the entropy device', () => {
  it('hands over exactly what the channel answers, one request at a time', () => {
    const driver = new VirtioDriver(machine, 1);
    driver.start();
    driver.send(buffer(0, 6), 0);
    driver.send(buffer(100, 5000), 1);
    const channel = machine.vmbus.channel('entropy');
    const wanted = (): number[] => channel.received.map(({ payload }) => payload.readUInt32LE(0));
    expect(wanted()).toEqual([6]);
    machine.vmbus.send(channel, { ...channel.received[0]!, payload: Buffer.from('random') });
    machine.exports.pollVirtioDevices();
    expect(machine.ram(DATA, 7).toString('latin1')).toBe('random\0');
    expect(wanted()).toEqual([6, 4096]);
    machine.vmbus.send(channel, { ...channel.received[1]!, payload: Buffer.alloc(8192, 0xaa) });
    machine.exports.pollVirtioDevices();
    expect(driver.used().map(({ written }) => written)).toEqual([6, 4096]);
    expect(machine.ram(DATA + 100n + 4095n, 2)).toEqual(Buffer.from([0xaa, 0]));
  });

  it('drops an answer from before a reset', () => {
    const driver = new VirtioDriver(machine, 1);
    driver.start();
    driver.send(buffer(0, 6));
    driver.start();
    const channel = machine.vmbus.channel('entropy');
    machine.vmbus.send(channel, { ...channel.received[0]!, payload: Buffer.from('stale!') });
    driver.send(buffer(0, 6));
    machine.exports.pollVirtioDevices();
    expect([driver.used(), machine.ram(DATA, 1)[0]]).toEqual([[], 0]);
  });
});
