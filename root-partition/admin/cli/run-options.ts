// What the user typed behind `cofferdam run`, checked once and turned into types that cannot be wrong.
import { readFileSync } from 'node:fs';
import type { ProfileName } from '../../../guests/images/index.ts';
import {
  type CpuOptions,
  checkedCpuShare,
  type Disk,
  type Engine,
  engines,
  type IsolationLevel,
  isolationLevels,
  type Limits,
} from '../../../hypervisor/index.ts';
import { RefusedError, UsageError } from './exit-status.ts';
import { parseLimits } from './limit-option.ts';

export type Transport = 'pci' | 'mmio';
const transports: readonly Transport[] = ['pci', 'mmio'];
export const profileNames: readonly ProfileName[] = ['stock', 'fast'];

/** As commander hands them over. */
export interface TypedRunOptions {
  kernel?: string;
  initrd?: string;
  append?: string;
  profile?: string;
  console?: string;
  cpus?: string;
  memory?: string;
  disk?: string[];
  isolation?: string;
  transport?: string;
  engine?: string;
  clockGranularity?: string;
  signature?: string;
  signatureGranularity?: string;
  trace?: string;
  maxInstructions?: string;
  script?: string;
  reboot?: boolean;
  json?: boolean;
  stats?: boolean;
  quiet?: boolean;
  timeProfile?: boolean;
  symbols?: string;
  dumpUnit?: string;
  limit?: string[];
  cpuWeight?: string;
  cpuCap?: string;
  cpuReserve?: string;
  cpuProcessors?: string;
}

export interface RunOptions {
  kernel: string | undefined;
  initrd: string | undefined;
  append: string | undefined;
  profile: ProfileName | undefined;
  console: string | undefined;
  memoryMib: number | undefined;
  disks: Disk[];
  isolation: IsolationLevel | undefined;
  transport: Transport | undefined;
  engine: Engine | undefined;
  clockGranularityNs: number | undefined;
  signature: { file: string; granularity: 4 | 8 } | undefined;
  trace: string | undefined;
  maxInstructions: bigint | undefined;
  script: string | undefined;
  restartsOnReset: boolean;
  isJson: boolean;
  hasStatistics: boolean;
  isQuiet: boolean;
  hasTimeProfile: boolean;
  symbols: string | undefined;
  /** An address or a symbol. */
  dumpUnit: string | undefined;
  limits: Partial<Limits>;
  cpu: CpuOptions | undefined;
}

export function parseRunOptions(typed: TypedRunOptions): RunOptions {
  const cpus = parseCount('--cpus', typed.cpus ?? '1');
  if (cpus !== 1) throw new UsageError(`--cpus: expected 1 (more are not there yet), got ${cpus}`);
  const granularity = oneOf('--signature-granularity', typed.signatureGranularity ?? '4', ['4', '8']);
  if (typed.signatureGranularity !== undefined && typed.signature === undefined) {
    throw new UsageError('--signature-granularity: expected together with --signature FILE');
  }
  return {
    kernel: typed.kernel,
    initrd: typed.initrd,
    append: typed.append,
    profile: typed.profile === undefined ? undefined : oneOf('--profile', typed.profile, profileNames),
    console: typed.console,
    memoryMib: typed.memory === undefined ? undefined : parseCount('--memory', typed.memory),
    disks: (typed.disk ?? []).map(parseDisk),
    isolation:
      typed.isolation === undefined ? undefined : oneOf('--isolation', typed.isolation, isolationLevels),
    transport: typed.transport === undefined ? undefined : oneOf('--transport', typed.transport, transports),
    engine: typed.engine === undefined ? undefined : oneOf('--engine', typed.engine, engines),
    clockGranularityNs:
      typed.clockGranularity === undefined ? undefined : parseGranularity(typed.clockGranularity),
    signature:
      typed.signature === undefined
        ? undefined
        : { file: typed.signature, granularity: granularity === '8' ? 8 : 4 },
    trace: typed.trace,
    maxInstructions:
      typed.maxInstructions === undefined ? undefined : parseInstructions(typed.maxInstructions),
    script: typed.script === undefined ? undefined : readScript(typed.script),
    restartsOnReset: typed.reboot ?? true,
    isJson: typed.json ?? false,
    hasStatistics: typed.stats ?? false,
    isQuiet: typed.quiet ?? false,
    hasTimeProfile: typed.timeProfile ?? false,
    symbols: typed.symbols,
    dumpUnit: typed.dumpUnit,
    limits: parseLimits(typed.limit ?? []),
    cpu: parseCpu(typed),
  };
}

function parseCpu(typed: TypedRunOptions): CpuOptions | undefined {
  const { cpuWeight, cpuCap, cpuReserve, cpuProcessors } = typed;
  if ([cpuWeight, cpuCap, cpuReserve, cpuProcessors].every((text) => text === undefined)) return undefined;
  const cpu: CpuOptions = {
    ...(cpuWeight === undefined ? {} : { weight: parseCount('--cpu-weight', cpuWeight) }),
    ...(cpuCap === undefined ? {} : { cap: parseCount('--cpu-cap', cpuCap) }),
    ...(cpuReserve === undefined ? {} : { reserve: parseCount('--cpu-reserve', cpuReserve) }),
    ...(cpuProcessors === undefined ? {} : { processors: parseProcessors(cpuProcessors) }),
  };
  checkedCpuShare(cpu);
  return cpu;
}

/** Numbers and ranges (cpuset(7), "List format"). */
export function parseProcessors(text: string): number[] {
  return text.split(',').flatMap((part) => {
    const [, first, last = first] = /^(\d{1,4})(?:-(\d{1,4}))?$/.exec(part) ?? [];
    if (first === undefined || Number(last) < Number(first))
      throw new UsageError(
        `--cpu-processors: expected numbers and ranges as in 0,2-3, got ${JSON.stringify(text)}`,
      );
    return Array.from({ length: Number(last) - Number(first) + 1 }, (_, index) => Number(first) + index);
  });
}

/** `PATH[,ro][,overlay=FILE]`; a comma in a path is written twice. */
export function parseDisk(text: string): Disk {
  const [path = '', ...flags] = text.split(/(?<!,),(?!,)/).map((part) => part.replaceAll(',,', ','));
  if (path === '')
    throw new UsageError(`--disk: expected PATH[,ro][,overlay=FILE], got ${JSON.stringify(text)}`);
  const disk: Disk = { path };
  for (const flag of flags) {
    if (flag === 'ro') disk.isReadOnly = true;
    else if (/^overlay=./.test(flag)) disk.overlay = flag.slice('overlay='.length);
    else
      throw new UsageError(
        `--disk: expected ro or overlay=FILE behind the path, got ${JSON.stringify(flag)}`,
      );
  }
  if (disk.isReadOnly === true && disk.overlay !== undefined) {
    throw new UsageError(
      '--disk: expected ro or overlay=FILE, got both (an overlay leaves the path as it is anyway)',
    );
  }
  return disk;
}

/** A whole number from 1. */
export function parseCount(option: string, text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < 1) {
    throw new UsageError(`${option}: expected a whole number from 1, got ${JSON.stringify(text)}`);
  }
  return value;
}

/** `1000`, `10k`, `25M`, `2G`: decimal multiples. */
export function parseInstructions(text: string): bigint {
  const match = /^(\d{1,18})([kMG]?)$/.exec(text);
  const scale = { '': 1n, k: 1000n, M: 1_000_000n, G: 1_000_000_000n }[match?.[2] ?? ''] ?? 1n;
  const value = BigInt(match?.[1] ?? 0) * scale;
  if (value < 1n || value >= 1n << 63n) {
    throw new UsageError(
      `--max-instructions: expected a number from 1, such as 25M, got ${JSON.stringify(text)}`,
    );
  }
  return value;
}

const TICK_NS = 100;
const MAX_GRANULARITY_NS = 1_000_000_000;

/** `500ns`, `100us`, `10ms`, `1s`: a multiple of 100 ns up to a second. */
export function parseGranularity(text: string): number {
  const match = /^(\d{1,10})(ns|us|ms|s)$/.exec(text);
  const scale = { ns: 1, us: 1000, ms: 1_000_000, s: 1_000_000_000 }[match?.[2] ?? ''] ?? 0;
  const ns = Number(match?.[1] ?? 0) * scale;
  if (ns < TICK_NS || ns % TICK_NS !== 0 || ns > MAX_GRANULARITY_NS) {
    throw new UsageError(
      `--clock-granularity: expected a multiple of 100ns up to 1s, such as 10us, got ${JSON.stringify(text)}`,
    );
  }
  return ns;
}

export function oneOf<const T extends string>(option: string, text: string, allowed: readonly T[]): T {
  const found = allowed.find((each) => each === text);
  if (found === undefined) {
    throw new UsageError(`${option}: expected ${allowed.join(', ')}, got ${JSON.stringify(text)}`);
  }
  return found;
}

function readScript(text: string): string {
  if (!text.startsWith('@')) return text;
  try {
    return readFileSync(text.slice(1), 'utf8');
  } catch (error) {
    throw new RefusedError(`--script: cannot read ${text.slice(1)}: ${(error as Error).message}`);
  }
}
