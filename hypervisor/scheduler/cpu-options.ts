// What a partition may have of the processors, as its creator writes it: a share in percent of one processor, and which.
import { HypervisorError } from '../hypervisor-error.ts';
import type { CpuShare } from './fair-share.ts';

export interface CpuOptions {
  /** Share among partitions that want more than there is: 1 to 10 000, default 100. */
  weight?: number;
  /** Percent of one processor that it never goes over: 1 and up. Default: no cap. */
  cap?: number;
  /** Percent of one processor that it gets before others get their share: 0 to 100, default 0. */
  reserve?: number;
  /**
   * The numbers of those that it may run on; default: all that the hypervisor may. Shares are kept among partitions with the
   * same ones.
   */
  processors?: readonly number[];
}

export const DEFAULT_CPU_WEIGHT = 100;
const MOST_WEIGHT = 10_000;
const MOST_CAP = 100 * 1024;

/** @throws HypervisorError INVALID_ARGUMENT */
export function checkedCpuShare({ weight = DEFAULT_CPU_WEIGHT, cap, reserve = 0 }: CpuOptions): CpuShare {
  check('weight', weight, 1, MOST_WEIGHT);
  check('cap', cap ?? 1, 1, MOST_CAP);
  check('reserve', reserve, 0, Math.min(100, cap ?? 100));
  return { weight, cap: cap === undefined ? undefined : cap / 100, reserve: reserve / 100 };
}

function check(name: string, value: number, least: number, most: number): void {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return;
  throw new HypervisorError(
    'INVALID_ARGUMENT',
    `cpu.${name}: expected a whole number from ${least} to ${most}, got ${value}`,
  );
}

/**
 * The processors to run on, in order; undefined for all.
 * @param allowed those that the hypervisor may use, in order
 * @throws HypervisorError INVALID_ARGUMENT
 */
export function checkedProcessors(
  processors: readonly number[] | undefined,
  allowed: readonly number[],
): number[] | undefined {
  if (processors === undefined) return undefined;
  const wrong = processors.findIndex((processor) => !allowed.includes(processor));
  const chosen = allowed.filter((processor) => processors.includes(processor));
  // All of them are as good as none named: shares are kept among partitions with the same ones.
  if (wrong < 0 && chosen.length > 0) return chosen.length === allowed.length ? undefined : chosen;
  throw new HypervisorError(
    'INVALID_ARGUMENT',
    `cpu.processors: expected one or more of ${allowed.join(', ')}, got ${wrong < 0 ? 'none' : processors[wrong]}`,
  );
}
