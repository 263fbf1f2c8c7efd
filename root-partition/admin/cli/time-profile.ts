// Where the time of a sampled guest went, for people: shares by kind of work, the hottest functions of the guest and
// units of its translated code, the hottest functions of the machine, and what the guest's code was left for.
import {
  type LeaveCount,
  type LeavePlace,
  leaveCounts,
  leavePlaces,
} from '../../../guests/riscv/inspection/leaves.ts';
import type { Inspection, PartitionStatistics, ProfileEntry } from '../../../hypervisor/index.ts';
import { type ExitCause, exitCauses } from './exit-causes.ts';
import type { SymbolTable } from './symbols.ts';
import { formatCount } from './text.ts';

export const workKinds = [
  'translated',
  'interpreter',
  'translation',
  'publishing',
  'devices',
  'exits',
  'idle',
  'other',
] as const;
export type WorkKind = (typeof workKinds)[number];

export interface TimeProfile {
  milliseconds: number;
  /** Parts of the time that was not idle; `idle` a part of all. */
  shares: Record<WorkKind, number>;
  /** Hottest functions of the guest by the units that begin in them; none without symbols. */
  guestFunctions: { name: string; share: number }[];
  /** Hottest units by the virtual address where they begin, with a symbol where one is known. */
  units: { address: string; symbol: string; share: number }[];
  functions: { name: string; share: number }[];
}

/** What is known beside the samples. */
export interface GuestFacts {
  exits: ExitCause[];
  leaves: LeaveCount[];
  /** Where units are left most, with a symbol where one is known. */
  leavePlaces: (Omit<LeavePlace, 'address'> & { address: string; symbol: string })[];
}

const UNIT = /^unit ([0-9a-f]+)$/;
const MOST_ROWS = 15;

export function kindOfWork({ name, isWasm, calledFor }: ProfileEntry): WorkKind {
  if (!isWasm) {
    if (calledFor.includes('idle') || name === '(idle)') return 'idle';
    if (calledFor.length === 0) return 'other';
    return calledFor.includes('publishCode') ? 'publishing' : 'exits';
  }
  if (UNIT.test(name)) return 'translated';
  if (/translator\/(unit-table|runtime|system|observation)\//.test(name)) return 'interpreter';
  if (name.includes('/translator/')) return 'translation';
  return /machine\/(hart|float|memory)\//.test(name) ? 'interpreter' : 'devices';
}

export function timeProfile(entries: readonly ProfileEntry[], symbols?: SymbolTable): TimeProfile {
  const sums = Object.fromEntries(workKinds.map((kind) => [kind, 0])) as Record<WorkKind, number>;
  for (const entry of entries) sums[kindOfWork(entry)] += entry.milliseconds;
  const milliseconds = workKinds.reduce((sum, kind) => sum + sums[kind], 0);
  const busy = Math.max(milliseconds - sums.idle, Number.MIN_VALUE);
  const shares = Object.fromEntries(
    workKinds.map((kind) => [
      kind,
      kind === 'idle' ? sums.idle / Math.max(milliseconds, 1e-9) : sums[kind] / busy,
    ]),
  ) as Record<WorkKind, number>;
  const units = entries.flatMap((entry) => {
    const address = UNIT.exec(entry.name)?.[1];
    return address === undefined ? [] : [{ address, share: entry.milliseconds / busy }];
  });
  return {
    milliseconds,
    shares,
    guestFunctions: symbols === undefined ? [] : hottestFunctions(units, symbols),
    units: units.slice(0, MOST_ROWS).map(({ address, share }) => ({
      address,
      symbol: symbols?.nameOf(BigInt(`0x${address}`)) ?? '',
      share,
    })),
    functions: entries
      .filter((entry) => !UNIT.test(entry.name) && kindOfWork(entry) !== 'idle')
      .slice(0, MOST_ROWS)
      .map(({ name, milliseconds: spent }) => ({
        name: name.split('/').slice(-2).join('/'),
        share: spent / busy,
      })),
  };
}

function hottestFunctions(
  units: readonly { address: string; share: number }[],
  symbols: SymbolTable,
): { name: string; share: number }[] {
  const shares = new Map<string, number>();
  for (const { address, share } of units) {
    const name = symbols.functionOf(BigInt(`0x${address}`));
    shares.set(name, (shares.get(name) ?? 0) + share);
  }
  return [...shares]
    .map(([name, share]) => ({ name, share }))
    .sort((a, b) => b.share - a.share)
    .slice(0, MOST_ROWS);
}

/** @param isMachine whether the guest is the RV64 machine */
export function guestFacts(
  { samples, memory }: Pick<Inspection, 'samples' | 'memory'>,
  isMachine: boolean,
  counters: PartitionStatistics['counters'] | undefined,
  symbols: SymbolTable | undefined,
): GuestFacts {
  return {
    exits: exitCauses(samples, counters),
    leaves: isMachine ? leaveCounts(memory) : [],
    leavePlaces: (isMachine ? leavePlaces(memory) : []).slice(0, MOST_ROWS).map(({ address, ...place }) => ({
      address: address.toString(16).padStart(16, '0'),
      symbol: symbols?.nameOf(address) ?? '',
      ...place,
    })),
  };
}

const percent = (share: number): string => `${(100 * share).toFixed(1).padStart(5)} %`;
const times = (count: number | null): string => (count === null ? '?' : formatCount(count)).padStart(13);

export function profileLines(profile: TimeProfile): string[] {
  const { milliseconds, shares, guestFunctions, units, functions } = profile;
  return [
    `sampled ${(milliseconds / 1000).toFixed(1)} s, of which idle ${percent(shares.idle).trim()}; of the rest:`,
    ...workKinds.filter((kind) => kind !== 'idle').map((kind) => `${percent(shares[kind])}  ${kind}`),
    ...headed(
      'hottest functions of the guest, as far as translated:',
      guestFunctions.map(({ name, share }) => `${percent(share)}  ${name}`),
    ),
    ...headed(
      'hottest units of translated code:',
      units.map(({ address, symbol, share }) => `${percent(share)}  ${address} ${symbol}`.trimEnd()),
    ),
    ...headed(
      'hottest functions beside them:',
      functions.map(({ name, share }) => `${percent(share)}  ${name}`),
    ),
  ];
}

export function factLines({ exits, leaves, leavePlaces: places }: GuestFacts): string[] {
  return [
    ...headed(
      'exits to the hypervisor, times and milliseconds:',
      exits.map(
        ({ cause, times: count, milliseconds }) =>
          `${times(count)} ${milliseconds.toFixed(0).padStart(8)}  ${cause}`,
      ),
    ),
    ...headed(
      'units left to the interpreter, times:',
      leaves.map(({ reason, times: count }) => `${times(count)}  ${reason}`),
    ),
    ...headed(
      'places where it went on most:',
      places.map(({ address, symbol, instruction, reason, times: count }) =>
        `${times(count)}  ${address} ${symbol}  ${instruction}  (${reason})`.replace(/ {3,}/g, '  '),
      ),
    ),
  ];
}

/** A head with its lines, or nothing where there are none. */
const headed = (head: string, lines: readonly string[]): string[] =>
  lines.length === 0 ? [] : [head, ...lines];
