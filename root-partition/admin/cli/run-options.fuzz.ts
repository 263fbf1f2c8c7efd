// Fuzz target `command-line`: what is typed behind `cofferdam run`, through the parser of options and the checks.
import { CommanderError } from 'commander';
import { engines, isolationLevels } from '../../../hypervisor/index.ts';
import type { FuzzRandom } from '../../../hypervisor/testing/fuzz/fuzz-random.ts';
import { type FuzzSession, type FuzzTarget, must } from '../../../hypervisor/testing/fuzz/fuzz-target.ts';
import { describeError, EXIT_INTERNAL, exitStatusOfError } from './exit-status.ts';
import { runCommand } from './run-command.ts';
import { parseRunOptions, type RunOptions, type TypedRunOptions } from './run-options.ts';

const OPTIONS = [
  '--memory',
  '--cpus',
  '--disk',
  '--isolation',
  '--cpu-weight',
  '--cpu-cap',
  '--cpu-reserve',
  '--cpu-processors',
  '--engine',
  '--transport',
  '--profile',
  '--max-instructions',
  '--signature',
  '--signature-granularity',
  '--script',
  '--append',
  '--trace',
  '--symbols',
  '--dump-unit',
  '--no-reboot',
  '--json',
  '--stats',
  '--quiet',
  '--time-profile',
  '--console',
  '--kernel',
  '--',
  '--help',
  '-x',
] as const;
const VALUES = [
  '1',
  '0',
  '-1',
  '256',
  '1e3',
  '0x10',
  '1.5',
  ' 7',
  '9007199254740993',
  '99999999999999999999',
  '25M',
  '1000000000G',
  '18446744073709551616',
  'disk.img',
  'disk.img,ro',
  'a,,b,overlay=c',
  ',',
  'x,overlay=',
  'x,ro,overlay=y',
  ',,',
  'x,,,ro',
  '0-3',
  '0,2-4',
  '3-1',
  '0-9999',
  'jail',
  'process',
  'thread',
  'translator',
  'interpreter',
  'pci',
  'mmio',
  'fast',
  'stock',
  '4',
  '8',
  'constructor',
  '__proto__',
  'toString',
  '',
  'ü',
  'a\0b',
  'a\nb',
  '@/does/not/exist',
  '@',
  '@/dev/null',
  'x'.repeat(5000),
  '--json',
  '-',
] as const;

function argument(random: FuzzRandom): string {
  if (random.oneIn(10)) return random.bytes(20).toString();
  const value = random.pick(VALUES);
  return random.oneIn(6) ? `${value}${random.pick(VALUES)}` : value;
}

function typed(random: FuzzRandom): string[] {
  const words = random.below(2) === 0 ? ['guest'] : [];
  for (let left = random.below(4); left > 0; left--) {
    const option = random.oneIn(12) ? argument(random) : random.pick(OPTIONS);
    if (random.oneIn(4)) words.push(`${option}=${argument(random)}`);
    else words.push(option, ...(random.oneIn(6) ? [] : [argument(random)]));
  }
  return words;
}

/** As `cofferdam run` reads them. @returns undefined when the run was refused there, or help was asked for */
function parse(words: readonly string[]): TypedRunOptions | undefined {
  let found: TypedRunOptions | undefined;
  const command = runCommand(() => {})
    .exitOverride()
    .configureOutput({ writeOut: () => {}, writeErr: () => {} })
    .action((_guest: string | undefined, options: TypedRunOptions) => {
      found = options;
    });
  try {
    command.parse(words, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
  }
  return found;
}

const isCount = (value: number | undefined): boolean =>
  value === undefined || (Number.isSafeInteger(value) && value >= 1);

function check(options: RunOptions): void {
  const { memoryMib, disks, maxInstructions, isolation, engine, transport, profile, signature } = options;
  must(isCount(memoryMib), () => `a memory of ${memoryMib} MiB`);
  for (const disk of disks) {
    must(disk.path !== '' && disk.overlay !== '', 'a disk without a path');
    must(
      !(disk.isReadOnly === true && disk.overlay !== undefined),
      'a disk that is read-only and has an overlay',
    );
  }
  const isInRange = maxInstructions === undefined || (maxInstructions >= 1n && maxInstructions < 1n << 63n);
  must(isInRange, () => `at most ${maxInstructions} instructions`);
  const processors = options.cpu?.processors;
  const areNumbers =
    processors === undefined ||
    (processors.length > 0 && processors.every((each) => Number.isSafeInteger(each) && each >= 0));
  must(areNumbers, () => `the processors ${processors}`);
  const isKnown =
    [...isolationLevels, undefined].includes(isolation) &&
    [...engines, undefined].includes(engine) &&
    ['pci', 'mmio', undefined].includes(transport) &&
    ['stock', 'fast', undefined].includes(profile) &&
    [4, 8, undefined].includes(signature?.granularity);
  must(isKnown, 'a choice that is none of those offered');
}

class CommandLineSession implements FuzzSession {
  readonly outcomes = { taken: 0, 'refused by the parser': 0, refused: 0 };

  runCase(random: FuzzRandom): void {
    const words = typed(random);
    random.note(JSON.stringify(words));
    const options = parse(words);
    if (options === undefined) {
      this.outcomes['refused by the parser']++;
      return;
    }
    try {
      check(parseRunOptions(options));
      this.outcomes.taken++;
    } catch (error) {
      if (exitStatusOfError(error) === EXIT_INTERNAL) throw error;
      const line = describeError(error, false);
      must(!line.includes('\n'), 'an explanation of several lines');
      must(/expected|cannot read/.test(line), () => `no explanation: ${line}`);
      this.outcomes.refused++;
    }
  }
}

export const target: FuzzTarget = {
  name: 'command-line',
  about: 'Options of `cofferdam run`: refused with what was expected, or every field is what its type says.',
  decoders: ['root-partition/admin/cli/run-options.ts'],
  casesInTests: 2000,
  plantedBugs: [
    {
      name: 'numbers may be written in any way',
      file: 'root-partition/admin/cli/run-options.ts',
      from: '!/^\\d+$/.test(text) || !Number.isSafeInteger(value) || value < 1',
      to: 'Number.isNaN(value)',
      within: 4000,
    },
    {
      name: 'choices are looked up among the properties of objects',
      file: 'root-partition/admin/cli/run-options.ts',
      from: 'allowed.find((each) => each === text)',
      to: '(text in Object.fromEntries(allowed.map((each) => [each, each])) ? (text as T) : undefined)',
      within: 4000,
    },
  ],
  start: () => new CommandLineSession(),
};
