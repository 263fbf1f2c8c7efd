// One boot of a Linux image to its ready pattern, in Cofferdam or in QEMU, from the start of the process that does it.
import { spawn } from 'node:child_process';
import type { BootFiles } from '../../guests/images/index.ts';
import type { Hypervisor, IsolationLevel } from '../../hypervisor/index.ts';

export interface BootTarget {
  name: string;
  files: BootFiles;
  readyPattern: RegExp;
  memoryMib: number;
  transport: 'pci' | 'mmio';
}

export interface BootSample {
  milliseconds: number;
  /** What a command at the prompt printed: the check that the guest really runs. */
  check: string;
  instructions: number | null;
}

/** Typed at the prompt; its output cannot be mistaken for its echo. */
const COMMAND = 'echo $((6*7)) $(uname -m)\n';
const EXPECTED = /42 riscv64/;
const TIMEOUT_MS = 120_000;

export async function bootCofferdam(
  hypervisor: Hypervisor,
  target: BootTarget,
  isolation: IsolationLevel,
): Promise<BootSample> {
  const startMs = performance.now();
  await using partition = await hypervisor.createPartition({
    guest: {
      kind: 'linux',
      kernel: target.files.kernelPath,
      initrd: target.files.initramfsPath,
      append: target.files.commandLine,
      transport: target.transport,
    },
    memoryMib: target.memoryMib,
    isolation,
  });
  await using console = await partition.attachConsole();
  partition.start();
  await console.waitFor(target.readyPattern, { timeoutMs: TIMEOUT_MS });
  const milliseconds = performance.now() - startMs;
  const { instructions } = await partition.statistics();
  console.write(COMMAND);
  const [check] = await console.waitFor(EXPECTED, { timeoutMs: TIMEOUT_MS });
  console.write('poweroff\n');
  const exit = await partition.exited;
  if (exit.kind !== 'power-off') throw new Error(`${target.name}: ${exit.message}`);
  return { milliseconds, check, instructions };
}

export async function bootQemu(target: BootTarget): Promise<BootSample> {
  const { kernelPath, initramfsPath, commandLine } = target.files;
  const startMs = performance.now();
  const child = spawn(
    'qemu-system-riscv64',
    [
      ...['-M', 'virt', '-smp', '1', '-m', `${target.memoryMib}M`, '-nographic', '-monitor', 'none'],
      ...[
        '-accel',
        'tcg,thread=single',
        '-kernel',
        kernelPath,
        '-initrd',
        initramfsPath,
        '-append',
        commandLine,
      ],
    ],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  let text = '';
  const waitFor = (pattern: RegExp): Promise<RegExpMatchArray> =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`${target.name}: QEMU did not show ${pattern}`)),
        TIMEOUT_MS,
      );
      const look = (): void => {
        const match = text.match(pattern);
        if (match === null) return;
        clearTimeout(timer);
        child.stdout.off('data', look);
        text = text.slice((match.index ?? 0) + match[0].length);
        resolve(match);
      };
      child.stdout.on('data', look);
      look();
    });
  child.stdout.setEncoding('utf8').on('data', (piece: string) => {
    text += piece;
  });
  try {
    await waitFor(target.readyPattern);
    const milliseconds = performance.now() - startMs;
    child.stdin.write(COMMAND);
    const [check] = await waitFor(EXPECTED);
    return { milliseconds, check, instructions: null };
  } finally {
    child.kill('SIGKILL');
    await new Promise((resolve) => child.once('close', resolve));
  }
}
