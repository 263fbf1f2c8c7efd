// Two Linux guests with disks, side by side under `stress-ng --verify`: processor, memory, pipes, signals, timers, and
// files on an ext4 disk. `--help` tells more.
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BootFiles, bootFiles, type StoredImage } from '../../guests/images/index.ts';
import { Hypervisor, type IsolationLevel, isolationLevels } from '../../hypervisor/index.ts';
import { transportOf } from '../../root-partition/admin/cli/guest-choice.ts';
import { failedBy, runCommand } from '../command.ts';
import { untilAborted, watchSignals } from '../interruption.ts';
import { BenchUsageError, parseWords } from '../usage.ts';
import { findImage, isMissing } from './images.ts';

const HELP = `Runs two Linux guests with disks side by side under stress-ng --verify: processor, memory, pipes, signals, timers,
and files on an ext4 disk.

usage: node bench/macro/stress.ts [options]

  --minutes N        how long (default 10); may have a fraction
  --image NAME       an image with stress-ng and e2fsprogs (default linux-stress)
  --isolation LEVEL  thread, process or jail (default jail)
  --help             this

The image is built once:
  cofferdam image build linux-tiny --name linux-stress --with stress-ng,e2fsprogs

Exit status: 0 every stressor verified what it did and both file systems are clean afterwards; 1 not so, or a guest died; 2
wrong usage or no such image; 128 and more when a signal ended it.

Examples:
  node bench/macro/stress.ts
  node bench/macro/stress.ts --minutes 0.5 --isolation process
`;

const SLACK_MS = 300_000;

interface Options {
  minutes: number;
  image: string;
  isolation: IsolationLevel;
}

/** Undefined where help is wanted. @throws BenchUsageError */
function parseOptions(words: readonly string[]): Options | undefined {
  const values = parseWords({
    args: [...words],
    options: {
      minutes: { type: 'string', default: '10' },
      image: { type: 'string', default: 'linux-stress' },
      isolation: { type: 'string', default: 'jail' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return undefined;
  const minutes = Number(values.minutes);
  if (!(minutes > 0 && minutes <= 1440))
    throw new BenchUsageError(`--minutes: expected a number above 0 and up to 1440, got ${values.minutes}`);
  const isolation = isolationLevels.find((level) => level === values.isolation);
  if (isolation === undefined)
    throw new BenchUsageError(`--isolation: expected ${isolationLevels.join(', ')}, got ${values.isolation}`);
  return { minutes, image: values.image, isolation };
}

interface Setting extends Options {
  stored: StoredImage;
  files: BootFiles;
  signal: AbortSignal;
}

/** Every command must end with status 0; its number is printed so that an echo cannot be mistaken for it. */
const commandsFor = (seconds: number): string[] => [
  '/usr/sbin/mke2fs -q -t ext4 -F /dev/vda',
  'mount -t ext4 /dev/vda /mnt',
  `cd /mnt && stress-ng --verify --timeout ${seconds}s --metrics-brief --temp-path /mnt --cpu 1 --vm 1 --vm-bytes 64M --pipe 1 --signal 1 --timer 1 --hdd 1 --hdd-bytes 64M --fork 1`,
  'cd / && sync && umount /mnt',
  '/usr/sbin/e2fsck -f -n /dev/vda',
];

async function stressGuest(
  hypervisor: Hypervisor,
  disk: string,
  index: number,
  setting: Setting,
): Promise<void> {
  const { files, stored, signal } = setting;
  const seconds = Math.round(setting.minutes * 60);
  await using partition = await hypervisor.createPartition({
    name: `stress${index}`,
    guest: {
      kind: 'linux',
      kernel: files.kernelPath,
      initrd: files.initramfsPath,
      append: files.commandLine,
      transport: transportOf(stored),
    },
    memoryMib: 512,
    disks: [{ path: disk }],
    isolation: setting.isolation,
  });
  await using console = await partition.attachConsole();
  partition.start();
  await untilAborted(console.waitFor(new RegExp(stored.manifest.readyPattern)), signal);
  for (const [number, command] of commandsFor(seconds).entries()) {
    console.write(`${command}; echo status-$((${number}+1))-$?\n`);
    const [, status] = await untilAborted(
      console.waitFor(new RegExp(`status-${number + 1}-(\\d+)`), { timeoutMs: seconds * 1000 + SLACK_MS }),
      signal,
    );
    if (status !== '0')
      throw new Error(`guest ${index}: "${command}" ended with ${status}\n${console.text.slice(-2000)}`);
  }
  console.write('poweroff\n');
  const exit = await untilAborted(partition.exited, signal);
  if (exit.kind !== 'power-off') throw new Error(`guest ${index}: ${exit.message}`);
  const metrics = console.text.match(/stress-ng: (?:info|metrc):.*/g) ?? [];
  process.stdout.write(`guest ${index}:\n  ${metrics.join('\n  ')}\n`);
}

async function main(words: readonly string[]): Promise<number> {
  const options = parseOptions(words);
  if (options === undefined) {
    process.stdout.write(HELP);
    return 0;
  }
  const stored = await findImage(options.image);
  if (isMissing(stored)) throw new BenchUsageError(stored.reason);
  const signal = watchSignals();
  const setting = { ...options, stored, files: bootFiles(stored), signal };
  const folder = mkdtempSync(join(tmpdir(), 'cofferdam-stress-'));
  await using hypervisor = await Hypervisor.start();
  try {
    const disks = [0, 1].map((index) => join(folder, `disk${index}.img`));
    for (const disk of disks) {
      writeFileSync(disk, '');
      truncateSync(disk, 512 * 2 ** 20);
    }
    await Promise.all(disks.map((disk, index) => stressGuest(hypervisor, disk, index, setting)));
    process.stdout.write(
      `two guests, ${options.minutes} minutes, every stressor verified, both file systems clean\n`,
    );
    return 0;
  } catch (error) {
    return failedBy(error, signal);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

await runCommand(main);
