// A Linux guest at its shell, in Cofferdam or in QEMU: both booted from the same files, both driven over the console.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { BootFiles } from '../../guests/images/index.ts';
import type {
  Engine,
  Hypervisor,
  IsolationLevel,
  Partition,
  PartitionStatistics,
} from '../../hypervisor/index.ts';
import { untilAborted } from '../interruption.ts';
import { ProcessOutput } from './process-output.ts';

export interface GuestShell extends AsyncDisposable {
  /** From the start of the process that runs the guest to its shell. */
  readonly bootMs: number;
  /** Of the process that runs the guest; at isolation level `thread` our own. */
  readonly pid: number;
  /** Runs a command line; what it printed, and how long it took from the return key to its end. */
  run(command: string): Promise<CommandRun>;
  statistics(): Promise<PartitionStatistics | null>;
}

export interface CommandRun {
  output: string;
  milliseconds: number;
}

export interface CofferdamShell extends GuestShell {
  readonly partition: Partition;
  /** Has the guest power off, and waits until it has. */
  powerOff(): Promise<void>;
}

export interface GuestSettings {
  files: BootFiles;
  readyPattern: RegExp;
  memoryMib: number;
  transport: 'pci' | 'mmio';
  engine?: Engine;
  /** Ends whatever is being waited for. */
  signal?: AbortSignal;
}

const BOOT_TIMEOUT_MS = 120_000;
const COMMAND_TIMEOUT_MS = 600_000;

export interface Terminal {
  write(text: string): void;
  waitFor(pattern: RegExp): Promise<{ text: string; match: RegExpMatchArray }>;
}

let commands = 0;

/**
 * Start and end of a command's output are numbers worked out by the shell, which the echo of the command does not
 * hold.
 */
export async function runOn(terminal: Terminal, command: string): Promise<CommandRun> {
  const number = ++commands;
  const startMs = performance.now();
  terminal.write(`echo start-$((${number}+1000)).; ${command}; echo end-$((${number}+1000))-$?.\n`);
  const { text, match } = await terminal.waitFor(new RegExp(`end-${number + 1000}-(\\d+)\\.`));
  const milliseconds = performance.now() - startMs;
  const start = `start-${number + 1000}.`;
  const output = text.slice(text.indexOf(start) + start.length).trimStart();
  if (match[1] !== '0') throw new Error(`"${command}" ended with ${match[1]}:\n${output.slice(-1000)}`);
  return { output, milliseconds };
}

/** The last line of what a command printed. */
export const lastLine = (output: string): string => output.trim().split('\n').at(-1)?.trim() ?? '';

/** @param onCreated called before the guest runs */
export async function startCofferdam(
  hypervisor: Hypervisor,
  settings: GuestSettings,
  isolation: IsolationLevel,
  onCreated: (partition: Partition) => void = () => {},
): Promise<CofferdamShell> {
  const { files, memoryMib, transport, engine, readyPattern, signal } = settings;
  await using started = new AsyncDisposableStack();
  const startMs = performance.now();
  const partition = started.use(
    await hypervisor.createPartition({
      guest: {
        kind: 'linux',
        kernel: files.kernelPath,
        initrd: files.initramfsPath,
        append: files.commandLine,
        transport,
        ...(engine === undefined ? {} : { engine }),
      },
      memoryMib,
      isolation,
    }),
  );
  onCreated(partition);
  const console = started.use(await partition.attachConsole());
  partition.start();
  await untilAborted(console.waitFor(readyPattern, { timeoutMs: BOOT_TIMEOUT_MS }), signal);
  const bootMs = performance.now() - startMs;
  let seen = console.text.length;
  const terminal: Terminal = {
    write: (text) => console.write(text),
    waitFor: async (pattern) => {
      const match = await untilAborted(console.waitFor(pattern, { timeoutMs: COMMAND_TIMEOUT_MS }), signal);
      const at = console.text.indexOf(match[0], seen);
      const text = console.text.slice(seen, at);
      seen = at + match[0].length;
      return { text, match };
    },
  };
  const owned = started.move();
  return {
    bootMs,
    pid: partition.pid,
    partition,
    run: (command) => runOn(terminal, command),
    statistics: () => partition.statistics(),
    powerOff: async () => {
      console.write('poweroff\n');
      const exit = await untilAborted(partition.exited, signal);
      if (exit.kind !== 'power-off') throw new Error(`the guest did not power off: ${exit.message}`);
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Starts a machine that is a program with the guest's console as its standard input and output. */
export async function startProcess(
  program: string,
  args: readonly string[],
  readyPattern: RegExp,
  signal?: AbortSignal,
): Promise<GuestShell> {
  await using started = new AsyncDisposableStack();
  const startMs = performance.now();
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  started.defer(() => {
    child.kill('SIGKILL');
    return closed;
  });
  // It reads no more once it has ended, which shows at the other end of its output.
  child.stdin.on('error', () => {});
  const output = new ProcessOutput(program, child);
  await untilAborted(output.waitFor(readyPattern, BOOT_TIMEOUT_MS), signal);
  const bootMs = performance.now() - startMs;
  const terminal: Terminal = {
    write: (text) => void child.stdin.write(text),
    waitFor: (pattern) => untilAborted(output.waitFor(pattern, COMMAND_TIMEOUT_MS), signal),
  };
  const owned = started.move();
  return {
    bootMs,
    pid: child.pid as number,
    run: (command) => runOn(terminal, command),
    statistics: () => Promise.resolve(null),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** QEMU's system emulation: TCG, one thread, one hart. */
export function startQemu({ files, memoryMib, readyPattern, signal }: GuestSettings): Promise<GuestShell> {
  const args = [
    ...['-M', 'virt', '-smp', '1', '-m', `${memoryMib}M`, '-nographic', '-monitor', 'none'],
    ...['-accel', 'tcg,thread=single', '-kernel', files.kernelPath, '-initrd', files.initramfsPath],
    ...['-append', files.commandLine],
  ];
  return startProcess('qemu-system-riscv64', args, readyPattern, signal);
}

/** What the process that runs a guest has in memory (proc_pid_status(5), VmRSS), where it is the guest's alone. */
export function residentMib({ pid }: GuestShell): number | null {
  if (pid === process.pid) return null;
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return kib === undefined ? null : Number(kib) / 1024;
}
