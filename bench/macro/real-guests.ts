// Debian's own programs in Linux guests (Python, gcc, and systems that compile to machine code while they run), in
// Cofferdam and in QEMU on the same image, each command's whole output compared. `--help` lists the options.
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { appendFiles, bootFiles } from '../../guests/images/index.ts';
import { engines, Hypervisor, isolationLevels } from '../../hypervisor/index.ts';
import { EXIT_FAILED, failedBy, runCommand } from '../command.ts';
import { Interrupted, watchSignals } from '../interruption.ts';
import { describeMachine, machineLine, qemuVersion } from '../machine.ts';
import { BenchUsageError, parseCount, parseWords } from '../usage.ts';
import { type GuestSettings, type GuestShell, startCofferdam, startQemu } from './guest-shell.ts';
import { findImage, isMissing, settingsFor } from './images.ts';
import { type RealGuest, type RealGuestRow, realGuests } from './real-guest-rows.ts';

const buildCommand = ({ name, packages }: RealGuest): string =>
  `cofferdam image build linux --name ${name} --with ${packages}`;

const HELP = `Runs Debian's own programs in Linux guests, in Cofferdam and in QEMU, and compares what they print.

usage: node bench/macro/real-guests.ts [options]

  --guest NAME       ${realGuests.map(({ name }) => name).join(', ')}; may be given again
                     (default: all)
  --only TEXT        rows whose name holds TEXT
  --memory MIB       guest memory (default: what the guest's programs need)
  --engine NAME      ${engines.join(' or ')} (default translator)
  --isolation LEVEL  thread, process or jail (default jail)
  --no-qemu          Cofferdam alone: commands must succeed, nothing is compared
  --outputs          show what the commands print
  --json             the result as JSON
  --help             this

The images are built once:
${realGuests.map((guest) => `  ${buildCommand(guest)}`).join('\n')}

Times are of one run each, programs read from the guest's memory for the first time included. A ratio is QEMU's time as
a multiple of ours. A guest that fails a row is booted anew for the next one.

Exit status: 0 all outputs equal; 1 an output differs, or a command or guest failed; 2 wrong usage or no such image;
128 and more when a signal ended it.

Examples:
  node bench/macro/real-guests.ts
  node bench/macro/real-guests.ts --guest linux-develop --only gcc --outputs
  node bench/macro/real-guests.ts --engine interpreter --only Lua
`;

interface RowResult {
  guest: string;
  name: string;
  /** Null where it was not run or did not succeed. */
  cofferdamMs: number | null;
  qemuMs: number | null;
  /** Null when all is well. */
  failure: string | null;
}

const options = {
  help: { type: 'boolean', short: 'h', default: false },
  guest: { type: 'string', multiple: true },
  only: { type: 'string', default: '' },
  memory: { type: 'string' },
  engine: { type: 'string', default: 'translator' },
  isolation: { type: 'string', default: 'jail' },
  qemu: { type: 'boolean', default: true },
  outputs: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
} as const;

/** @throws BenchUsageError */
function parse(words: readonly string[]) {
  const values = parseWords({ args: [...words], allowNegative: true, options });
  if (values.memory !== undefined) parseCount('--memory', values.memory);
  return {
    ...values,
    engine: oneOf('--engine', values.engine, engines),
    isolation: oneOf('--isolation', values.isolation, isolationLevels),
  };
}

type Values = ReturnType<typeof parse>;

/** @throws BenchUsageError */
function oneOf<T extends string>(option: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find((each) => each === value);
  if (found === undefined)
    throw new BenchUsageError(`${option}: expected ${allowed.join(', ')}, got ${JSON.stringify(value)}`);
  return found;
}

/** The guests with the rows that are asked for. @throws BenchUsageError */
function chosenGuests(values: Values): RealGuest[] {
  const names = realGuests.map(({ name }) => name);
  const wanted = values.guest?.map((name) => oneOf('--guest', name, names)) ?? names;
  const guests = realGuests
    .filter(({ name }) => wanted.includes(name))
    .map((guest) => ({ ...guest, rows: guest.rows.filter(({ name }) => name.includes(values.only)) }))
    .filter(({ rows }) => rows.length > 0);
  if (guests.length === 0) throw new BenchUsageError(`--only: no row holds ${JSON.stringify(values.only)}`);
  return guests;
}

const SHOWN_CHARACTERS = 400;

/** The first line that differs, or null. */
function difference(ours: string, theirs: string): string | null {
  if (ours === theirs) return null;
  const [mine, others] = [ours.split('\n'), theirs.split('\n')];
  const at = others.findIndex((text, index) => text !== mine[index]);
  const line = at < 0 ? others.length : at;
  const show = (lines: string[]): string => (lines[line] ?? '(nothing)').slice(0, SHOWN_CHARACTERS);
  return `line ${line + 1} differs\n    Cofferdam: ${show(mine)}\n    QEMU:      ${show(others)}`;
}

/** Runs a command on one machine after the other; the first one is Cofferdam. */
async function runRow(guest: string, row: RealGuestRow, shells: readonly GuestShell[]) {
  const result: RowResult = { guest, name: row.name, cofferdamMs: null, qemuMs: null, failure: null };
  const outputs: string[] = [];
  try {
    for (const shell of shells) {
      const { output, milliseconds } = await shell.run(row.command);
      result[outputs.length === 0 ? 'cofferdamMs' : 'qemuMs'] = milliseconds;
      outputs.push(output);
    }
    const [ours, theirs] = outputs;
    if (theirs !== undefined) result.failure = difference(ours as string, theirs);
  } catch (error) {
    if (error instanceof Interrupted) throw error;
    result.failure = `${outputs.length === 0 ? 'Cofferdam' : 'QEMU'}: ${(error as Error).message}`;
  }
  return { result, output: outputs[0] ?? '' };
}

function line({ name, cofferdamMs, qemuMs, failure }: RowResult): string {
  const seconds = (ms: number | null): string => (ms === null ? '–' : (ms / 1000).toFixed(2)).padStart(7);
  const ratio = cofferdamMs === null || qemuMs === null ? '' : `  ratio ${(qemuMs / cofferdamMs).toFixed(2)}`;
  const theirs = qemuMs === null ? '' : `  QEMU ${seconds(qemuMs)} s${ratio}`;
  return `${name.padEnd(20)} Cofferdam ${seconds(cofferdamMs)} s${theirs}${failure === null ? '' : `\n  FAILED: ${failure}`}`;
}

/** Java refuses the Sv57 that QEMU offers; a machine starved of time would print warnings amidst the output. */
const APPEND = 'no5lvl nosoftlockup';

/** The guest's image with the sources in /real, in a folder that goes with `made`. @throws BenchUsageError */
async function prepare(guest: RealGuest, values: Values, signal: AbortSignal, made: DisposableStack) {
  const image = await findImage(guest.name);
  if (isMissing(image)) throw new BenchUsageError(`${image.reason}\nbuild it: ${buildCommand(guest)}`);
  const files = bootFiles(image, { profile: 'fast', append: APPEND });
  const folder = made.adopt(mkdtempSync(join(tmpdir(), 'cofferdam-real-')), (path) =>
    rmSync(path, { recursive: true, force: true }),
  );
  const sources = join(dirname(fileURLToPath(import.meta.url)), '../guest/real');
  const added = globSync(join(sources, '*')).map(
    (path) => [`real/${basename(path)}`, readFileSync(path)] as const,
  );
  const initramfsPath = join(folder, 'initramfs');
  writeFileSync(initramfsPath, appendFiles(readFileSync(files.initramfsPath), new Map(added)));
  const memoryMib = Number(values.memory ?? guest.memoryMib);
  const settings = settingsFor(image, { ...files, initramfsPath }, memoryMib, signal);
  return { ...settings, engine: values.engine };
}

class Run {
  readonly #values: Values;
  readonly #hypervisor: Hypervisor;
  readonly #signal: AbortSignal;
  readonly results: RowResult[] = [];

  constructor(values: Values, hypervisor: Hypervisor, signal: AbortSignal) {
    this.#values = values;
    this.#hypervisor = hypervisor;
    this.#signal = signal;
  }

  async guest(guest: RealGuest): Promise<void> {
    using made = new DisposableStack();
    const settings = await prepare(guest, this.#values, this.#signal, made);
    const rows = [...guest.rows];
    while (rows.length > 0) await this.#untilFailure(guest.name, rows, settings);
  }

  /** Boots the guest and takes off the rows that it runs, until there are no more or one has failed. */
  async #untilFailure(name: string, rows: RealGuestRow[], settings: GuestSettings): Promise<void> {
    await using started = new AsyncDisposableStack();
    const ours = started.use(await startCofferdam(this.#hypervisor, settings, this.#values.isolation));
    const theirs = this.#values.qemu ? started.use(await startQemu(settings)) : null;
    const boots = [ours, ...(theirs === null ? [] : [theirs])].map(({ bootMs }) =>
      (bootMs / 1000).toFixed(2),
    );
    process.stderr.write(`${name}: at the prompt after ${boots.join(' s, QEMU ')} s\n`);
    for (let row = rows.shift(); row !== undefined; row = rows.shift()) {
      const { result, output } = await runRow(name, row, theirs === null ? [ours] : [ours, theirs]);
      this.results.push(result);
      if (this.#values.outputs) process.stderr.write(output);
      if (!this.#values.json) process.stdout.write(`${line(result)}\n`);
      if (result.failure !== null) return;
    }
  }
}

async function main(words: readonly string[]): Promise<number> {
  const values = parse(words);
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const guests = chosenGuests(values);
  if (values.qemu && qemuVersion() === null)
    throw new BenchUsageError('qemu-system-riscv64 is not installed; --no-qemu runs Cofferdam alone');
  const machine = describeMachine();
  if (!values.json) process.stdout.write(`${machineLine(machine)}\n`);
  const signal = watchSignals();
  await using hypervisor = await Hypervisor.start();
  const run = new Run(values, hypervisor, signal);
  try {
    for (const guest of guests) await run.guest(guest);
  } catch (error) {
    if (error instanceof BenchUsageError) throw error;
    return failedBy(error, signal);
  }
  const { results } = run;
  const failed = results.filter(({ failure }) => failure !== null).length;
  process.stdout.write(
    values.json
      ? `${JSON.stringify({ machine, engine: values.engine, rows: results }, null, 2)}\n`
      : `${results.length - failed} of ${results.length} as they should be\n`,
  );
  return failed === 0 ? 0 : EXIT_FAILED;
}

await runCommand(main);
