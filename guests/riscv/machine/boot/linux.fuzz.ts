// Fuzz target `kernels`: kernel images, initramfs and command lines, placed by the machine inside its sandbox, and the
// device tree that says where they are.

import type { FuzzRandom } from '../../../../hypervisor/testing/fuzz/fuzz-random.ts';
import { type FuzzSession, type FuzzTarget, must } from '../../../../hypervisor/testing/fuzz/fuzz-target.ts';
import { notePlantedElsewhere, plantedHere } from '../../../../hypervisor/testing/fuzz/planted-bug.ts';
import { DeviceMachine, RAM_GPA } from '../devices/testing/device-machine.ts';
import { readDeviceTree, type TreeNode } from './testing/device-tree-reader.ts';

const RAM_BYTES = 8 << 20;
const RAM_BASE = 0x600_0000;
const BOOT_ARGUMENTS = 0x401_4000;
const BOOT_ARGUMENTS_BYTES = 4096;
const PC = 0x1_0230;
const TREE_ROOM = 2 << 20;
/** State of hart and devices, which a boot finds empty. */
const STATE = [
  [0, 0x4_0000],
  [0x400_0000, 0x440_0000],
] as const;

/** Volumes are read through rings, byte by byte here: large ones are rare. */
function size(random: FuzzRandom): number {
  return random.oneIn(24)
    ? random.below(3 << 20)
    : random.pick([64, 63, 1, 0, 4096, 64 + random.below(8000)]);
}

function kernel(random: FuzzRandom): Buffer {
  const image = Buffer.alloc(size(random));
  for (let at = 0; at < image.length; at += 61) image[at] = at & 0xff;
  if (image.length < 64) return image;
  const limit = RAM_BYTES - TREE_ROOM;
  const offset = random.pick([
    0x20_0000,
    0,
    limit - 8 * random.below(0x400),
    0x1000 * random.below(2048),
    limit - 8 * random.below(0x800),
    random.word(),
  ]);
  const bytes = random.pick([
    image.length,
    2 * image.length,
    0,
    0,
    limit - offset - random.below(16) + 8,
    random.word(),
  ]);
  image.writeBigUInt64LE(BigInt.asUintN(64, BigInt(offset)), 8);
  image.writeBigUInt64LE(
    random.oneIn(12) ? BigInt.asUintN(64, random.word64() << 32n) : BigInt.asUintN(64, BigInt(bytes)),
    16,
  );
  if (!random.oneIn(16)) image.write('RSC\x05', 56, 'latin1');
  random.note(
    `a kernel of ${image.length} bytes, text offset ${image.readBigUInt64LE(8)}, image size ${image.readBigUInt64LE(16)}`,
  );
  return image;
}

function commandLine(random: FuzzRandom): string {
  const length = random.pick([0, 1, 2, 3, 4, random.below(3000)]);
  return random.pick(['a', '=', 'console=ttyS0 ', '\x80\xff', '%s']).repeat(length).slice(0, 3900);
}

const property = (node: TreeNode | undefined, name: string): Buffer | undefined => node?.properties.get(name);

class KernelSession implements FuzzSession {
  readonly outcomes = { booted: 0, 'with an initramfs': 0, refused: 0 };
  readonly #module: WebAssembly.Module;
  readonly #memory = new WebAssembly.Memory({
    initial: (RAM_BASE + RAM_BYTES) / 65_536,
    maximum: 65_536,
    shared: true,
  });
  readonly #sandbox = Buffer.from(this.#memory.buffer);

  constructor(module: WebAssembly.Module) {
    this.#module = module;
  }

  runCase(random: FuzzRandom): void {
    for (const [from, to] of STATE) this.#sandbox.fill(0, from, to);
    const ram = this.#sandbox.subarray(RAM_BASE, RAM_BASE + RAM_BYTES);
    const volumes: Record<string, Buffer> = {};
    if (!random.oneIn(30)) volumes['kernel'] = kernel(random);
    if (random.below(2) === 1) volumes['initrd'] = Buffer.alloc(size(random), 0x1d);
    random.note(`an initramfs of ${volumes['initrd']?.length} bytes`);
    const machine = new DeviceMachine(this.#module, { ramBytes: RAM_BYTES, volumes, memory: this.#memory });
    const entropy = machine.vmbus.channel('entropy');
    entropy.serve = ({ transaction }) =>
      machine.vmbus.send(entropy, { transaction, payload: Buffer.alloc(64, 0x5e) });
    const line = commandLine(random);
    const isOnMmio = random.below(2) === 1;
    const text = `${isOnMmio ? 'transport=mmio\n' : ''}append=${line}\n`;
    this.#sandbox.write(text, BOOT_ARGUMENTS, BOOT_ARGUMENTS_BYTES, 'latin1');
    if (machine.exports.bootKernel() === 0) {
      this.outcomes.refused++;
      must(machine.exports.exitReason() !== 0xffff_ffff, 'refused, but the machine goes on');
      return;
    }
    this.outcomes.booted++;
    this.#check(ram, volumes, line, Number(machine.exports.readRegister(11) - RAM_GPA));
  }

  #check(ram: Buffer, volumes: Record<string, Buffer>, line: string, treeAt: number): void {
    const image = volumes['kernel'] as Buffer;
    const entry = Number(this.#sandbox.readBigUInt64LE(PC) - RAM_GPA);
    must(entry === Number(image.readBigUInt64LE(8)), () => `entered at ${entry.toString(16)}`);
    must(ram.subarray(entry, entry + image.length).equals(image), 'the kernel is not there as it was');
    const isTree = treeAt === RAM_BYTES - TREE_ROOM;
    must(isTree, () => `the device tree is at ${treeAt.toString(16)}`);
    const root = readDeviceTree(Buffer.from(ram.subarray(treeAt, treeAt + ram.readUInt32BE(treeAt + 4))));
    const chosen = root.children.find(({ name }) => name === 'chosen');
    const came = property(chosen, 'bootargs')?.toString('latin1').replace(/\0$/, '');
    must(came === line, () => `the command line ${JSON.stringify(line)} became ${JSON.stringify(came)}`);
    const initrd = volumes['initrd'];
    const start = property(chosen, 'linux,initrd-start');
    must((start === undefined) === (initrd === undefined), 'an initramfs that is not there, or the reverse');
    if (initrd === undefined || start === undefined) return;
    this.outcomes['with an initramfs']++;
    const at = Number(start.readBigUInt64BE(0) - RAM_GPA);
    must(ram.subarray(at, at + initrd.length).equals(initrd), 'the initramfs is not there as it was');
    must(at >= entry + image.length && at + initrd.length <= treeAt, 'the initramfs lies in something else');
  }
}

const linux = 'guests/riscv/machine/boot/linux.ts';

export const target: FuzzTarget = {
  name: 'kernels',
  about:
    'Kernel, initramfs and command line in the sandbox: refused, or whole, apart, and where the device tree says.',
  decoders: [
    linux,
    'guests/riscv/machine/boot/device-tree.ts',
    'guests/riscv/machine/boot/device-tree-writer.ts',
    'guests/riscv/machine/boot/volume-reader.ts',
  ],
  casesInTests: 150,
  plantedBugs: [
    {
      name: 'a kernel may reach into the device tree',
      file: linux,
      from: 'if (<u64>bytes > room - textOffset) return 0;',
      to: '',
      within: 1000,
    },
  ],
  async start() {
    const bug = plantedHere();
    const module = await DeviceMachine.compile(bug);
    if (bug !== undefined) notePlantedElsewhere();
    return new KernelSession(module);
  },
};
