// The device tree, read back.
import { beforeAll, describe, expect, it } from 'vitest';
import { DeviceMachine, RAM_GPA } from '../devices/testing/device-machine.ts';
import { readDeviceTree, type TreeNode } from './testing/device-tree-reader.ts';

const RAM_BASE = 0x6000000;
const LINE_AT = 0x80000;

let machine: DeviceMachine;
beforeAll(async () => {
  machine = await DeviceMachine.create();
}, 120_000);

function tree(line: string, { initrd = 4096, slots = 2, hasPci = false } = {}): TreeNode {
  const bytes = machine.ram(RAM_GPA + BigInt(LINE_AT), 64);
  bytes.fill(0x5a).write(line);
  const size = machine.exports.deviceTree(RAM_BASE + LINE_AT, line.length, initrd, slots, hasPci ? 1 : 0);
  return readDeviceTree(Buffer.from(machine.ram(RAM_GPA, size)));
}

function find(root: TreeNode, path: string): TreeNode {
  const names = path.split('/').filter((name) => name);
  return names.reduce((node, name) => {
    const child = node.children.find((candidate) => candidate.name === name);
    if (!child) throw new Error(`no ${name} in ${node.children.map((c) => c.name).join(', ')}`);
    return child;
  }, root);
}
const cells = (node: TreeNode, name: string): number[] => {
  const bytes = node.properties.get(name)!;
  return Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readUInt32BE(4 * i));
};
const strings = (node: TreeNode, name: string): string[] =>
  node.properties.get(name)!.toString('latin1').slice(0, -1).split('\0');

describe('the device tree', () => {
  it.each(['', 'a', 'ab', 'abc', 'console=ttyS0 quiet'])('hands over the command line %j', (line) => {
    expect(strings(find(tree(line), 'chosen'), 'bootargs')).toEqual([line]);
  });

  it('names initramfs and seeds, and only when there are any', () => {
    const chosen = find(tree('x'), 'chosen');
    expect(cells(chosen, 'linux,initrd-start')).toEqual([0, 0x81000000]);
    expect(cells(chosen, 'linux,initrd-end')).toEqual([0, 0x81001000]);
    expect(chosen.properties.get('rng-seed')).toHaveLength(56);
    expect(chosen.properties.get('kaslr-seed')).toHaveLength(8);
    expect(find(tree('x', { initrd: 0 }), 'chosen').properties.has('linux,initrd-start')).toBe(false);
  });

  it('describes memory and the hart', () => {
    const root = tree('x');
    expect(cells(find(root, 'memory@80000000'), 'reg')).toEqual([0, 0x80000000, 0, 1 << 20]);
    expect(cells(find(root, 'cpus'), 'timebase-frequency')).toEqual([10_000_000]);
    const cpu = find(root, 'cpus/cpu@0');
    expect(strings(cpu, 'riscv,isa')[0]!.split('_')[0]).toBe('rv64imafdc');
    expect(strings(cpu, 'riscv,isa-extensions').slice(0, 6)).toEqual(['i', 'm', 'a', 'f', 'd', 'c']);
    expect(strings(cpu, 'mmu-type')).toEqual(['riscv,sv48']);
  });

  it('has each device at its address, wired to the PLIC', () => {
    const root = tree('x');
    const plic = find(root, 'soc/interrupt-controller@c000000');
    expect(cells(plic, 'interrupts-extended')).toEqual([1, 11, 1, 9]);
    const phandle = cells(plic, 'phandle');
    const wired = [
      ['serial@10000000', 10],
      ['rtc@101000', 11],
      ['virtio_mmio@10001000', 1],
      ['virtio_mmio@10002000', 2],
    ] as const;
    for (const [name, irq] of wired) {
      const node = find(root, `soc/${name}`);
      expect(cells(node, 'interrupt-parent')).toEqual(phandle);
      expect(cells(node, 'interrupts')).toEqual([irq]);
      expect(cells(node, 'reg')[1]).toBe(Number(`0x${name.split('@')[1]}`));
    }
    expect(strings(find(root, 'chosen'), 'stdout-path')).toEqual(['/soc/serial@10000000']);
    expect(root.children.some(({ name }) => name.startsWith('pci'))).toBe(false);
  });

  it('maps INTA to INTD of PCI devices onto four sources in turn', () => {
    const pci = find(tree('x', { slots: 0, hasPci: true }), 'soc/pci@30000000');
    const map = cells(pci, 'interrupt-map');
    const rows = Array.from({ length: map.length / 6 }, (_, i) => map.slice(6 * i, 6 * i + 6));
    expect(rows).toHaveLength(16);
    for (const [address, , , pin, , source] of rows) {
      expect(source).toBe(32 + (((address! >> 11) + pin! - 1) % 4));
    }
    expect(cells(pci, 'ranges')).toEqual([0x02000000, 0, 0x40000000, 0, 0x40000000, 0, 0x10000000]);
  });
});
