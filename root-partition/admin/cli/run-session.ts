// One run of one guest from the command line: partition, console, input, signals, result.
import { constants } from 'node:os';
import {
  type Console,
  type CpuOptions,
  type Disk,
  Hypervisor,
  type Limits,
  type Partition,
  type PartitionStatistics,
} from '../../../hypervisor/index.ts';
import { EXIT_GUEST_FAILURE, EXIT_SIGNAL_BASE, exitStatusOf } from './exit-status.ts';
import type { GuestChoice } from './guest-choice.ts';
import { ReadyWatch } from './ready-watch.ts';
import type { Moment, RunResult, RunView } from './run-view.ts';
import type { SymbolTable } from './symbols.ts';
import { attachPipe, attachTerminal } from './terminal.ts';
import { guestFacts, timeProfile } from './time-profile.ts';
import { dumpUnits } from './unit-dump.ts';

const ENDING_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export interface SessionOptions {
  memoryMib?: number | undefined;
  disks: readonly Disk[];
  isolation?: 'thread' | 'process' | 'jail' | undefined;
  clockGranularityNs?: number | undefined;
  limits?: Partial<Limits>;
  cpu?: CpuOptions | undefined;
  restartsOnReset: boolean;
  isInteractive: boolean;
  /** False: nothing is read from standard input. */
  hasInput: boolean;
  /** A script runs in place of the shell: input need not wait for the prompt. */
  hasScript: boolean;
  /** What is looked at in the guest; needs isolation level `thread`. */
  inspection?: SessionInspection | undefined;
  /** Called when the partition has its devices open. */
  onCreated?: () => void;
}

export interface SessionInspection {
  /** The guest's thread is sampled. */
  isSampled: boolean;
  /** Where the unit begins that is to be shown. */
  unit: bigint | undefined;
  symbols: SymbolTable | undefined;
}

/** @returns the command's exit status */
export async function runSession(
  choice: GuestChoice,
  options: SessionOptions,
  view: RunView,
): Promise<number> {
  const abort = new SignalWatch();
  try {
    await using hypervisor = await Hypervisor.start();
    for (const warning of hypervisor.warnings) view.warning(warning);
    const partition = await hypervisor.createPartition({
      name: choice.name,
      guest: choice.guest,
      ...(options.memoryMib === undefined ? {} : { memoryMib: options.memoryMib }),
      ...(options.isolation === undefined ? {} : { isolation: options.isolation }),
      ...(options.clockGranularityNs === undefined ? {} : { clockGranularityNs: options.clockGranularityNs }),
      disks: options.disks,
      restartsOnReset: options.restartsOnReset,
      ...(options.cpu === undefined ? {} : { cpu: options.cpu }),
      ...(options.limits === undefined ? {} : { limits: options.limits }),
      ...(options.inspection === undefined ? {} : { arguments: { observe: '1' } }),
    });
    choice.release?.();
    options.onCreated?.();
    const console = await partition.attachConsole();
    return await follow(new Session(choice, options, view), { partition, console, abort });
  } finally {
    choice.release?.();
    abort.close();
  }
}

interface Running {
  partition: Partition;
  console: Console;
  abort: SignalWatch;
}

class Session {
  readonly choice: GuestChoice;
  readonly options: SessionOptions;
  readonly view: RunView;
  readonly watch: ReadyWatch;
  #startedMs = 0;

  constructor(choice: GuestChoice, options: SessionOptions, view: RunView) {
    this.choice = choice;
    this.options = options;
    this.view = view;
    this.watch = new ReadyWatch(choice.readyPattern);
  }

  start(partition: Partition): void {
    this.#startedMs = performance.now();
    partition.start();
  }

  now(): Moment {
    const nowMs = performance.now();
    return {
      sinceCommandMs: performance.timeOrigin + nowMs - commandStartedMs(),
      sinceStartMs: nowMs - this.#startedMs,
    };
  }
}

async function follow(session: Session, { partition, console, abort }: Running): Promise<number> {
  const { view, watch } = session;
  let ready: RunResult['ready'];
  console.onOutput((bytes) => {
    view.console(bytes);
    watch.take(bytes);
  });
  partition.onReset(() => view.reset());
  partition.onAudit((event) => view.audit(event));
  void watch.ready.then(async () => {
    const moment = session.now();
    view.ready(moment);
    ready = { ...moment, instructions: 0 };
    const statistics = await partition.statistics().catch(() => undefined);
    ready = { ...moment, instructions: statistics?.instructions ?? 0 };
  });
  const leave = (): void => void partition.stop();
  view.started(partition);
  const detach = attachInput(session, partition, console, leave);
  try {
    abort.onSignal(leave);
    const { inspection } = session.options;
    if (inspection?.isSampled) partition.inspect().sample(true);
    if (inspection?.unit !== undefined) partition.inspect().keepCode();
    session.start(partition);
    const exit = await partition.exited;
    const ended = session.now();
    const statistics: PartitionStatistics | undefined = await partition.statistics().catch(() => undefined);
    // Deleting the partition closes its console behind the last byte of output.
    await partition.dispose();
    await console.closed;
    detach();
    const status = sessionStatus(exitStatusOf(exit), watch.scriptStatus, abort.signal);
    view.ended({
      exit,
      exitStatus: status,
      scriptStatus: watch.scriptStatus,
      ended,
      ready,
      instructions: statistics?.instructions ?? 0,
      counters: statistics?.counters ?? {},
      ...(inspection === undefined ? {} : inspected(partition, inspection, statistics)),
    });
    return status;
  } finally {
    detach();
  }
}

/** What was to be looked at, once the guest has ended. */
function inspected(
  partition: Partition,
  { isSampled, unit, symbols }: SessionInspection,
  statistics: PartitionStatistics | undefined,
): Pick<RunResult, 'profile' | 'unit'> {
  const inspection = partition.inspect();
  const profile = isSampled
    ? {
        ...timeProfile(inspection.samples, symbols),
        ...guestFacts(inspection, partition.guest.kind !== 'unikernel', statistics?.counters, symbols),
      }
    : undefined;
  return {
    ...(profile === undefined ? {} : { profile }),
    ...(unit === undefined
      ? {}
      : { unit: { address: unit.toString(16), dumps: dumpUnits(inspection, unit) } }),
  };
}

function attachInput(
  session: Session,
  partition: Partition,
  console: Console,
  leave: () => void,
): () => void {
  const { options, choice, watch } = session;
  if (!options.hasInput) return () => {};
  if (options.isInteractive) {
    return attachTerminal({
      input: process.stdin,
      output: process.stdout,
      console,
      resize: (columns, rows) => partition.resizeConsole(columns, rows),
      leave,
    });
  }
  const waits = choice.readyPattern !== undefined && !options.hasScript;
  return attachPipe({ input: process.stdin, console, ready: waits ? watch.ready : undefined });
}

export function sessionStatus(
  ofExit: number,
  scriptStatus: number | undefined,
  signal: NodeJS.Signals | undefined,
): number {
  if (signal !== undefined) return EXIT_SIGNAL_BASE + constants.signals[signal];
  if (ofExit === 0 && scriptStatus !== undefined && scriptStatus !== 0) return EXIT_GUEST_FAILURE;
  return ofExit;
}

/** When the user's command began: the launcher on another engine says so, where there was one. */
function commandStartedMs(): number {
  const launcher = Number(process.env['COFFERDAM_STARTED_MS']);
  return launcher > 0 ? launcher : performance.timeOrigin;
}

/** Turns signals, and a reader of our output that went away, into an orderly end. */
class SignalWatch {
  signal: NodeJS.Signals | undefined;
  #listener: (() => void) | undefined;
  readonly #onSignal = (signal: NodeJS.Signals): void => {
    this.signal ??= signal;
    this.#listener?.();
  };
  readonly #onOutputError = (): void => this.#onSignal('SIGPIPE');

  constructor() {
    for (const signal of ENDING_SIGNALS) process.on(signal, this.#onSignal);
    process.stdout.on('error', this.#onOutputError);
  }

  onSignal(listener: () => void): void {
    this.#listener = listener;
    if (this.signal !== undefined) listener();
  }

  close(): void {
    for (const signal of ENDING_SIGNALS) process.off(signal, this.#onSignal);
  }
}
