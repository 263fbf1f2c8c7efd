// What every benchmark prints about where it ran, and how samples are summed up.
import { execFileSync } from 'node:child_process';
import { cpus, loadavg, release, totalmem } from 'node:os';

export interface Machine {
  processor: string;
  cores: number;
  memoryGib: number;
  kernel: string;
  engine: string;
  qemu: string | null;
  loadAverage: number;
  date: string;
}

export function describeMachine(): Machine {
  return {
    processor: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGib: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    engine: `Node ${process.version}, V8 ${process.versions.v8}`,
    qemu: qemuVersion(),
    loadAverage: loadavg()[0] as number,
    date: new Date().toISOString(),
  };
}

/** The first line of what QEMU says of its version, or null where it is not installed. */
export function qemuVersion(program = 'qemu-system-riscv64'): string | null {
  try {
    return execFileSync(program, ['--version'], { encoding: 'utf8' }).split('\n')[0] ?? null;
  } catch {
    return null;
  }
}

export function machineLine(machine: Machine): string {
  const { processor, cores, memoryGib, kernel, engine, qemu, loadAverage, date } = machine;
  return `${processor}, ${cores} cores, ${memoryGib} GiB, Linux ${kernel}; ${engine}; ${qemu ?? 'no QEMU'}; load ${loadAverage.toFixed(1)}; ${date}`;
}

export interface Summary {
  samples: number;
  median: number;
  min: number;
  max: number;
}

export function summarise(values: readonly number[]): Summary {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median =
    sorted.length % 2 === 1
      ? (sorted[middle] as number)
      : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
  return { samples: sorted.length, median, min: sorted[0] as number, max: sorted.at(-1) as number };
}
