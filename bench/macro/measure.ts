// Measures rows: every sample on Cofferdam, then on QEMU, then the next sample; what they printed must be the same.
import type { Hypervisor, IsolationLevel } from '../../hypervisor/index.ts';
import { type Summary, summarise } from '../machine.ts';
import { BOOT_CHECK, type BootRow, type Group, type GuestRow, type MemoryRow } from './guest-rows.ts';
import {
  type CommandRun,
  type GuestSettings,
  type GuestShell,
  lastLine,
  residentMib,
  startCofferdam,
  startQemu,
} from './guest-shell.ts';
import type { TimeShares } from './time-shares.ts';

/** One of each machine; null where QEMU is not there. */
export interface Machines<T> {
  cofferdam: T;
  qemu: T | null;
}

export interface Contest {
  hypervisor: Hypervisor;
  isolation: IsolationLevel;
  hasQemu: boolean;
  samples: number;
  /** Called with how many samples are done, of how many. */
  onSample: (done: number, of: number) => void;
}

export interface RowResult {
  group: Group;
  name: string;
  /** Milliseconds. */
  cofferdam: Summary;
  qemu: Summary | null;
  /** QEMU's median time as a multiple of Cofferdam's: above 1, Cofferdam is faster. */
  ratio: number | null;
  /** Guest instructions per microsecond. */
  mips: number | null;
  /** Of the processes that run the guests, at the prompt. */
  residentMib: Machines<Summary | null> | null;
  /** The last line of what every run printed. */
  output: string;
  shares: TimeShares | null;
}

export class ResultsDiffer extends Error {}

/** The one thing that all runs of a row printed. @throws ResultsDiffer */
export function oneOutput(name: string, outputs: readonly string[]): string {
  const different = new Set(outputs);
  const [first, ...others] = different;
  if (first === undefined || others.length > 0)
    throw new ResultsDiffer(`${name}: results differ: ${[...different].join(' | ')}`);
  return first;
}

/** Takes `rounds` samples of each machine in turn. */
export async function alternate<T>(
  rounds: number,
  { cofferdam, qemu }: Machines<() => Promise<T>>,
  onSample: (done: number, of: number) => void,
): Promise<Machines<T[]>> {
  const taken: Machines<T[]> = { cofferdam: [], qemu: qemu === null ? null : [] };
  for (let round = 1; round <= rounds; round++) {
    taken.cofferdam.push(await cofferdam());
    if (qemu !== null) taken.qemu?.push(await qemu());
    onSample(round, rounds);
  }
  return taken;
}

function result(
  row: { group: Group; name: string },
  times: Machines<readonly number[]>,
  output: string,
  instructions: number | null,
): RowResult {
  const cofferdam = summarise(times.cofferdam);
  const qemu = times.qemu === null ? null : summarise(times.qemu);
  return {
    group: row.group,
    name: row.name,
    cofferdam,
    qemu,
    ratio: qemu === null ? null : qemu.median / cofferdam.median,
    mips: instructions === null ? null : instructions / cofferdam.median / 1000,
    residentMib: null,
    output,
    shares: null,
  };
}

async function instructionsOf(shell: GuestShell): Promise<number | null> {
  return (await shell.statistics())?.instructions ?? null;
}

/** A command at shells that are there already. */
export async function measureCommand(
  row: GuestRow,
  shells: Machines<GuestShell>,
  { samples, onSample }: Contest,
): Promise<RowResult> {
  const { cofferdam, qemu } = shells;
  const before = await instructionsOf(cofferdam);
  const runs = await alternate(
    samples + 1,
    {
      cofferdam: () => cofferdam.run(row.command),
      qemu: qemu === null ? null : () => qemu.run(row.command),
    },
    onSample,
  );
  const after = await instructionsOf(cofferdam);
  const all = [...runs.cofferdam, ...(runs.qemu ?? [])];
  const output = oneOutput(
    row.name,
    all.map((run) => lastLine(run.output)),
  );
  const instructions = before === null || after === null ? null : (after - before) / (samples + 1);
  return result(
    row,
    { cofferdam: counted(runs.cofferdam), qemu: runs.qemu && counted(runs.qemu) },
    output,
    instructions,
  );
}

/** The first run is not counted: files come into the cache, hot code is found. */
function counted(runs: readonly CommandRun[]): number[] {
  return runs.slice(1).map(({ milliseconds }) => milliseconds);
}

interface BootSample {
  bootMs: number;
  check: string;
  instructions: number | null;
  residentMib: number | null;
  command: CommandRun | null;
}

/** One boot to the prompt, and what is run there: `command` twice, of which the second run counts. */
async function bootSample(start: () => Promise<GuestShell>, command?: string): Promise<BootSample> {
  await using shell = await start();
  const instructions = await instructionsOf(shell);
  const resident = residentMib(shell);
  const check = lastLine((await shell.run(BOOT_CHECK.command)).output);
  if (command !== undefined) await shell.run(command);
  return {
    bootMs: shell.bootMs,
    check,
    instructions,
    residentMib: resident,
    command: command === undefined ? null : await shell.run(command),
  };
}

function bootSamples(
  settings: GuestSettings,
  contest: Contest,
  command?: string,
): Promise<Machines<BootSample[]>> {
  const { hypervisor, isolation, hasQemu, samples, onSample } = contest;
  return alternate(
    samples,
    {
      cofferdam: () => bootSample(() => startCofferdam(hypervisor, settings, isolation), command),
      qemu: hasQemu ? () => bootSample(() => startQemu(settings), command) : null,
    },
    onSample,
  );
}

function bootResult(row: { group: Group; name: string }, boots: Machines<BootSample[]>): RowResult {
  const checks = [...boots.cofferdam, ...(boots.qemu ?? [])].map(({ check }) => check);
  const times = (samples: readonly BootSample[]): number[] => samples.map(({ bootMs }) => bootMs);
  return result(
    row,
    { cofferdam: times(boots.cofferdam), qemu: boots.qemu && times(boots.qemu) },
    oneOutput(row.name, [BOOT_CHECK.output, ...checks]),
    boots.cofferdam.at(-1)?.instructions ?? null,
  );
}

export async function measureBoot(
  row: BootRow,
  settings: GuestSettings,
  contest: Contest,
): Promise<RowResult> {
  return bootResult(row, await bootSamples(settings, contest));
}

/** Boots with so much guest memory, and a command in each. */
export async function measureMemory(
  row: MemoryRow,
  settings: GuestSettings,
  command: GuestRow | null,
  contest: Contest,
): Promise<RowResult[]> {
  const boots = await bootSamples(settings, contest, command?.command);
  const boot = {
    ...bootResult({ group: row.group, name: `boot, ${row.name}` }, boots),
    residentMib: {
      cofferdam: summariseKnown(boots.cofferdam),
      qemu: boots.qemu && summariseKnown(boots.qemu),
    },
  };
  if (command === null) return [boot];
  const runs = (samples: readonly BootSample[]): CommandRun[] =>
    samples.flatMap((sample) => sample.command ?? []);
  const all = [...runs(boots.cofferdam), ...runs(boots.qemu ?? [])];
  const name = `${command.name}, ${row.name}`;
  const output = oneOutput(
    name,
    all.map((run) => lastLine(run.output)),
  );
  const times = (samples: readonly BootSample[]): number[] =>
    runs(samples).map(({ milliseconds }) => milliseconds);
  return [
    boot,
    result(
      { group: row.group, name },
      { cofferdam: times(boots.cofferdam), qemu: boots.qemu && times(boots.qemu) },
      output,
      null,
    ),
  ];
}

function summariseKnown(samples: readonly BootSample[]): Summary | null {
  const known = samples.flatMap(({ residentMib }) => residentMib ?? []);
  return known.length === 0 ? null : summarise(known);
}
