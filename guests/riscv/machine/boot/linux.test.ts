// Where a kernel and its initramfs are put. Whatever they say: linux.fuzz.ts.
import { expect, it } from 'vitest';
import { DeviceMachine, RAM_GPA } from '../devices/testing/device-machine.ts';

const RAM_BYTES = 8 << 20;
const TOP = 6 << 20;

async function boot(textOffset: number, imageBytes: number): Promise<DeviceMachine> {
  const kernel = Buffer.alloc(8192, 0x4b);
  kernel.writeBigUInt64LE(BigInt(textOffset), 8);
  kernel.writeBigUInt64LE(BigInt(imageBytes), 16);
  kernel.write('RSC\x05', 56, 'latin1');
  const volumes = { kernel, initrd: Buffer.alloc(64, 0x1d) };
  const machine = await DeviceMachine.create({ ramBytes: RAM_BYTES, volumes });
  const entropy = machine.vmbus.channel('entropy');
  entropy.serve = ({ transaction }) =>
    machine.vmbus.send(entropy, { transaction, payload: Buffer.alloc(64, 1) });
  return machine;
}

it('puts the initramfs behind the kernel', async () => {
  const machine = await boot(0x20_0000, 8192);
  expect(machine.exports.bootKernel()).toBe(1);
  expect(machine.ram(RAM_GPA + BigInt(TOP - 4096), 64).every((byte) => byte === 0x1d)).toBe(true);
});

it('never puts it over a kernel that is larger than its header says', async () => {
  const machine = await boot(TOP - 8192, 0);
  expect(machine.exports.bootKernel()).toBe(0);
  expect(machine.exports.exitReason()).not.toBe(0xffff_ffff);
});
