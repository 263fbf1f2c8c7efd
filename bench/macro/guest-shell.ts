// A Linux guest at its shell, in Cofferdam or in QEMU: both booted from the same files, both driven over the console.
import { spawn } from 'node:child_process';
import type { BootFiles } from '../../guests/images/index.ts';
import type { Hypervisor, IsolationLevel, PartitionStatistics } from '../../hypervisor/index.ts';

export interface GuestShell {
  /** Runs a command line; what it printed, and how long it took from the return key to its end. */
  run(command: string): Promise<{ output: string; milliseconds: number }>;
  statistics(): Promise<PartitionStatistics | null>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface GuestSettings {
  files: BootFiles;
  readyPattern: RegExp;
  memoryMib: number;
  transport: 'pci' | 'mmio';
}

const TIMEOUT_MS = 600_000;

interface Terminal {
  write(text: string): void;
  waitFor(pattern: RegExp): Promise<{ text: string; match: RegExpMatchArray }>;
}

let commands = 0;

/** The end of a command is a number worked out by the shell, which the echo of the command does not hold. */
async function runOn(terminal: Terminal, command: string): Promise<{ output: string; milliseconds: number }> {
  const number = ++commands;
  const startMs = performance.now();
  terminal.write(`${command}; echo end-$((${number}+1000))-$?.\n`);
  const { text, match } = await terminal.waitFor(new RegExp(`end-${number + 1000}-(\\d+)\\.`));
  const milliseconds = performance.now() - startMs;
  if (match[1] !== '0') throw new Error(`"${command}" ended with ${match[1]}:\n${text.slice(-1000)}`);
  return { output: text, milliseconds };
}

export async function startCofferdam(
  hypervisor: Hypervisor,
  settings: GuestSettings,
  isolation: IsolationLevel,
): Promise<GuestShell> {
  const { files, memoryMib, transport, readyPattern } = settings;
  const partition = await hypervisor.createPartition({
    guest: {
      kind: 'linux',
      kernel: files.kernelPath,
      initrd: files.initramfsPath,
      append: files.commandLine,
      transport,
    },
    memoryMib,
    isolation,
  });
  const console = await partition.attachConsole();
  partition.start();
  await console.waitFor(readyPattern, { timeoutMs: TIMEOUT_MS });
  let seen = console.text.length;
  const terminal: Terminal = {
    write: (text) => console.write(text),
    waitFor: async (pattern) => {
      const match = await console.waitFor(pattern, { timeoutMs: TIMEOUT_MS });
      const at = console.text.indexOf(match[0], seen);
      const text = console.text.slice(seen, at);
      seen = at + match[0].length;
      return { text, match: match as RegExpMatchArray };
    },
  };
  return {
    run: (command) => runOn(terminal, command),
    statistics: () => partition.statistics(),
    [Symbol.asyncDispose]: async () => {
      await console[Symbol.asyncDispose]();
      await partition[Symbol.asyncDispose]();
    },
  };
}

export interface ProcessShell extends GuestShell {
  readonly pid: number;
  /** From the start of the process to the shell. */
  readonly bootMs: number;
}

/** Starts a machine that is a program with the guest's console as its standard input and output. */
export async function startProcess(
  program: string,
  args: readonly string[],
  readyPattern: RegExp,
): Promise<ProcessShell> {
  const startMs = performance.now();
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const closed = new Promise((resolve) => child.once('close', resolve));
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (piece: string) => {
    text += piece;
  });
  const terminal: Terminal = {
    write: (line) => void child.stdin.write(line),
    waitFor: (pattern) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`${program} did not show ${pattern}`)), TIMEOUT_MS);
        const look = (): void => {
          const match = text.match(pattern);
          if (match === null) return;
          clearTimeout(timer);
          child.stdout.off('data', look);
          const before = text.slice(0, match.index);
          text = text.slice((match.index ?? 0) + match[0].length);
          resolve({ text: before, match });
        };
        child.stdout.on('data', look);
        look();
      }),
  };
  await terminal.waitFor(readyPattern);
  return {
    pid: child.pid as number,
    bootMs: performance.now() - startMs,
    run: (command) => runOn(terminal, command),
    statistics: () => Promise.resolve(null),
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL');
      await closed;
    },
  };
}

export function startQemu({ files, memoryMib, readyPattern }: GuestSettings): Promise<ProcessShell> {
  const args = [
    ...['-M', 'virt', '-smp', '1', '-m', `${memoryMib}M`, '-nographic', '-monitor', 'none'],
    ...['-accel', 'tcg,thread=single', '-kernel', files.kernelPath, '-initrd', files.initramfsPath],
    ...['-append', files.commandLine],
  ];
  return startProcess('qemu-system-riscv64', args, readyPattern);
}
