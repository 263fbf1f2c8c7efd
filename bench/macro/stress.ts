// Two Linux guests with disks, side by side under `stress-ng --verify`: processor, memory, pipes, signals, timers, and
// files on an ext4 disk. `node bench/macro/stress.ts [--minutes N] [--image NAME] [--isolation LEVEL]`; exit status 1
// when any stressor failed, a guest died, or a file system is not clean afterwards. Needs an image built with
// `cofferdam image build linux-tiny --with stress-ng,e2fsprogs`.
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { bootFiles, openImage } from '../../guests/images/index.ts';
import { Hypervisor, type IsolationLevel } from '../../hypervisor/index.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    image: { type: 'string', default: 'linux-tiny-stress' },
    isolation: { type: 'string', default: 'jail' },
  },
});
const seconds = Math.round(Number(values.minutes) * 60);
const image = await openImage(values.image);
const files = bootFiles(image);
const ready = new RegExp(image.manifest.readyPattern);
const SLACK_MS = 300_000;

/** Every command must end with status 0; its number is printed so that an echo cannot be mistaken for it. */
const commands = [
  '/usr/sbin/mke2fs -q -t ext4 -F /dev/vda',
  'mount -t ext4 /dev/vda /mnt',
  `cd /mnt && stress-ng --verify --timeout ${seconds}s --metrics-brief --temp-path /mnt --cpu 1 --vm 1 --vm-bytes 64M --pipe 1 --signal 1 --timer 1 --hdd 1 --hdd-bytes 64M --fork 1`,
  'cd / && sync && umount /mnt',
  '/usr/sbin/e2fsck -f -n /dev/vda',
];

async function stressGuest(hypervisor: Hypervisor, disk: string, index: number): Promise<void> {
  await using partition = await hypervisor.createPartition({
    name: `stress${index}`,
    guest: {
      kind: 'linux',
      kernel: files.kernelPath,
      initrd: files.initramfsPath,
      append: files.commandLine,
      transport: values.image.includes('tiny') ? 'mmio' : 'pci',
    },
    memoryMib: 512,
    disks: [{ path: disk }],
    isolation: values.isolation as IsolationLevel,
  });
  await using console = await partition.attachConsole();
  partition.start();
  await console.waitFor(ready);
  for (const [number, command] of commands.entries()) {
    console.write(`${command}; echo status-$((${number}+1))-$?\n`);
    const [, status] = await console.waitFor(new RegExp(`status-${number + 1}-(\\d+)`), {
      timeoutMs: seconds * 1000 + SLACK_MS,
    });
    if (status !== '0')
      throw new Error(`guest ${index}: "${command}" ended with ${status}\n${console.text.slice(-2000)}`);
  }
  console.write('poweroff\n');
  const exit = await partition.exited;
  if (exit.kind !== 'power-off') throw new Error(`guest ${index}: ${exit.message}`);
  const metrics = console.text.match(/stress-ng: (?:info|metrc):.*/g) ?? [];
  process.stdout.write(`guest ${index}:\n  ${metrics.join('\n  ')}\n`);
}

const folder = mkdtempSync(join(tmpdir(), 'cofferdam-stress-'));
await using hypervisor = await Hypervisor.start();
try {
  const disks = [0, 1].map((index) => join(folder, `disk${index}.img`));
  for (const disk of disks) {
    writeFileSync(disk, '');
    truncateSync(disk, 512 * 2 ** 20);
  }
  await Promise.all(disks.map((disk, index) => stressGuest(hypervisor, disk, index)));
  process.stdout.write(
    `two guests, ${values.minutes} minutes, every stressor verified, both file systems clean\n`,
  );
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
