// `npm run bench:guest`: rows P1 to P4 and what guest memory costs, in Cofferdam and in QEMU. See options.ts.
import { bootFiles, type StoredImage } from '../../guests/images/index.ts';
import { Hypervisor, HypervisorError } from '../../hypervisor/index.ts';
import { EXIT_FAILED, type Forms, failedBy, publish, runCommand } from '../command.ts';
import { watchSignals } from '../interruption.ts';
import { describeMachine, qemuVersion } from '../machine.ts';
import { Progress } from '../progress.ts';
import { isWanted, noRowOf } from '../usage.ts';
import { ratioChart } from './chart.ts';
import { buildGuestPrograms, type GuestPrograms, NoCompiler } from './guest-programs.ts';
import {
  bootRows,
  coremarkRow,
  type Group,
  type GuestRow,
  groups,
  guestRows,
  memoryCommand,
  memoryRows,
  PROGRAMS,
  pythonRow,
} from './guest-rows.ts';
import { type GuestSettings, startCofferdam, startQemu } from './guest-shell.ts';
import { findImage, isMissing, type MissingImage, pythonImage, settingsFor } from './images.ts';
import { markdownLines } from './markdown.ts';
import { type Contest, measureBoot, measureCommand, measureMemory, type RowResult } from './measure.ts';
import { type BenchOptions, HELP, parseBenchOptions } from './options.ts';
import { type Report, reportLines, showTime } from './report.ts';
import { sharesOfBoot, sharesOfCommand } from './time-shares.ts';

const BOOT_MEMORY_MIB = 256;

class Bench {
  readonly #options: BenchOptions;
  readonly #report: Report;
  readonly #signal: AbortSignal;
  readonly #hypervisor: Hypervisor;
  readonly #programs: GuestPrograms | null;
  readonly #progress = new Progress(process.stderr);

  constructor(
    options: BenchOptions,
    report: Report,
    signal: AbortSignal,
    hypervisor: Hypervisor,
    programs: GuestPrograms | null,
  ) {
    this.#options = options;
    this.#report = report;
    this.#signal = signal;
    this.#hypervisor = hypervisor;
    this.#programs = programs;
  }

  async run(): Promise<void> {
    try {
      const { image } = this.#options;
      await this.#commands(this.#wanted(programRows(this.#options)), () => findImage(image));
      await this.#commands(this.#wanted([pythonRow]), () => pythonImage(this.#signal));
      await this.#boots();
      await this.#memory();
    } finally {
      this.#progress.end();
    }
  }

  #wanted<T extends { group: Group; name: string }>(rows: readonly T[]): T[] {
    return rows.filter((row) => isWanted(row, this.#options.only));
  }

  #contest(name: string): Contest {
    const { samples, isolation, hasQemu } = this.#options;
    return {
      hypervisor: this.#hypervisor,
      isolation,
      hasQemu,
      samples,
      onSample: (done, of) => this.#progress.step(`${name}: ${done} of ${of}`),
    };
  }

  #skip(row: { group: Group; name: string }, reason: string): void {
    this.#report.skipped.push({ group: row.group, name: row.name, reason });
    this.#progress.say(`${row.group} ${row.name}: not measured: ${reason}`);
  }

  #add(row: RowResult): void {
    this.#report.rows.push(row);
    const ratio = row.ratio === null ? '' : `, QEMU ${row.ratio.toFixed(2)} times that`;
    this.#progress.say(`${row.group} ${row.name}: ${showTime(row.cofferdam)}${ratio}`);
  }

  /** Commands at the shells of one image, booted once for all of them. */
  async #commands(rows: readonly GuestRow[], find: () => Promise<StoredImage | MissingImage>): Promise<void> {
    const possible = rows.filter((row) => this.#programs !== null || !row.command.includes(PROGRAMS));
    for (const row of rows) if (!possible.includes(row)) this.#skip(row, 'its program could not be compiled');
    if (possible.length === 0) return;
    const image = await find();
    if (isMissing(image)) {
      for (const row of possible) this.#skip(row, image.reason);
      return;
    }
    const files = bootFiles(image);
    const settings = settingsFor(
      image,
      this.#programs?.addTo(files) ?? files,
      this.#options.memoryMib,
      this.#signal,
    );
    await using ours = await startCofferdam(this.#hypervisor, settings, this.#options.isolation);
    await using theirs = this.#options.hasQemu ? await startQemu(settings) : null;
    for (const row of possible) {
      const result = await measureCommand(row, { cofferdam: ours, qemu: theirs }, this.#contest(row.name));
      result.shares = await this.#shares(row.name, () =>
        sharesOfCommand(this.#hypervisor, settings, row.command),
      );
      this.#add(result);
    }
  }

  async #shares(name: string, measure: () => Promise<RowResult['shares']>): Promise<RowResult['shares']> {
    if (!this.#options.hasShares) return null;
    this.#progress.step(`${name}: where its time goes`);
    return measure();
  }

  async #boots(): Promise<void> {
    for (const row of this.#wanted(bootRows)) {
      const image = await findImage(row.image);
      if (isMissing(image)) {
        this.#skip(row, image.reason);
        continue;
      }
      const files = bootFiles(image, { profile: row.profile });
      const settings = settingsFor(image, files, BOOT_MEMORY_MIB, this.#signal);
      const result = await measureBoot(row, settings, this.#contest(row.name));
      result.shares = await this.#shares(row.name, () => sharesOfBoot(this.#hypervisor, settings));
      this.#add(result);
    }
  }

  async #memory(): Promise<void> {
    const rows = this.#wanted(memoryRows);
    if (rows.length === 0) return;
    const image = await findImage(this.#options.image);
    for (const row of rows) {
      if (isMissing(image)) {
        this.#skip(row, image.reason);
        continue;
      }
      const files = bootFiles(image);
      const settings = settingsFor(image, this.#programs?.addTo(files) ?? files, row.memoryMib, this.#signal);
      await this.#memoryRow(row, settings);
    }
  }

  async #memoryRow(row: (typeof memoryRows)[number], settings: GuestSettings): Promise<void> {
    const command = this.#programs === null ? null : memoryCommand;
    try {
      const results = await measureMemory(row, settings, command, this.#contest(row.name));
      for (const result of results) this.#add(result);
    } catch (error) {
      if (!(error instanceof HypervisorError) || error.code !== 'OUT_OF_MEMORY_POOL') throw error;
      this.#skip(row, error.message);
    }
  }
}

const programRows = ({ coremark }: BenchOptions): GuestRow[] => [
  ...(coremark === undefined ? [] : [coremarkRow]),
  ...guestRows,
];

/** @throws BenchUsageError where a text of `--only` names no row */
function checkOnly(options: BenchOptions): void {
  const rows = [...programRows(options), pythonRow, ...bootRows, ...memoryRows];
  const idle = options.only.filter((text) => !rows.some((row) => isWanted(row, [text])));
  if (idle.length > 0) throw noRowOf(idle);
}

/** Without a compiler, what needs one is left out. */
function compilePrograms(options: BenchOptions): GuestPrograms | null {
  try {
    return buildGuestPrograms(options.coremark);
  } catch (error) {
    if (!(error instanceof NoCompiler)) throw error;
    process.stderr.write(`${error.message}: programs of our own are left out\n`);
    return null;
  }
}

async function measureAll(options: BenchOptions, report: Report, signal: AbortSignal): Promise<void> {
  using programs = compilePrograms(options);
  report.compiler = programs?.compiler ?? null;
  await using hypervisor = await Hypervisor.start();
  for (const warning of hypervisor.warnings) process.stderr.write(`warning: ${warning}\n`);
  await new Bench(options, report, signal, hypervisor, programs).run();
}

const forms: Forms<Report> = { lines: reportLines, markdown: markdownLines, chart: ratioChart };

async function main(words: readonly string[]): Promise<number> {
  const options = parseBenchOptions(words);
  if (options === 'help') {
    process.stdout.write(HELP);
    return 0;
  }
  checkOnly(options);
  const signal = watchSignals();
  if (options.hasQemu && qemuVersion() === null) {
    process.stderr.write('qemu-system-riscv64 is not installed: times of Cofferdam alone, no ratios\n');
    options.hasQemu = false;
  }
  const { samples, isolation } = options;
  const report: Report = {
    machine: describeMachine(),
    compiler: null,
    samples,
    isolation,
    rows: [],
    skipped: [],
  };
  try {
    await measureAll(options, report, signal);
    return report.rows.length > 0 ? 0 : EXIT_FAILED;
  } catch (error) {
    return failedBy(error, signal);
  } finally {
    report.rows.sort((a, b) => groups.indexOf(a.group) - groups.indexOf(b.group));
    // What was measured before something went wrong was measured all the same.
    if (report.rows.length + report.skipped.length > 0) publish(options, report, forms);
  }
}

await runCommand(main);
