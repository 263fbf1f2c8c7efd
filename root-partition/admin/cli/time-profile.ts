// Where the time of a sampled guest went, for people: shares by kind of work, the hottest units of translated code, the
// hottest functions of the machine and of the guest's kernel.
import { readFileSync } from 'node:fs';
import type { ProfileEntry } from '../../../hypervisor/index.ts';

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
  /** Parts of the time that was not idle. */
  shares: Record<WorkKind, number>;
  /** Hottest units by the virtual address where they begin, with a symbol where one is known. */
  units: { address: string; symbol: string; share: number }[];
  functions: { name: string; share: number }[];
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
  if (/translator\/(unit-table|runtime|system)\//.test(name)) return 'interpreter';
  if (name.includes('/translator/')) return 'translation';
  return /machine\/(hart|float|memory)\//.test(name) ? 'interpreter' : 'devices';
}

/** A symbol table as `nm` and System.map have it: address, type, name. */
export class SymbolTable {
  readonly #symbols: { address: bigint; name: string }[];

  constructor(text: string) {
    this.#symbols = [...text.matchAll(/^([0-9a-f]{8,16}) [tTwW] (\S+)$/gm)]
      .map(([, address, name]) => ({ address: BigInt(`0x${address}`), name: name as string }))
      .sort((a, b) => (a.address < b.address ? -1 : 1));
  }

  static read(path: string): SymbolTable {
    return new SymbolTable(readFileSync(path, 'utf8'));
  }

  /** `name+0x12`, or nothing below the first symbol. */
  nameOf(address: bigint): string {
    const found = this.#symbols.findLast((symbol) => symbol.address <= address);
    if (found === undefined) return '';
    return address === found.address
      ? found.name
      : `${found.name}+0x${(address - found.address).toString(16)}`;
  }
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
  const share = (entry: ProfileEntry): number => entry.milliseconds / busy;
  return {
    milliseconds,
    shares,
    units: entries
      .filter(({ name }) => UNIT.test(name))
      .slice(0, MOST_ROWS)
      .map((entry) => {
        const address = (UNIT.exec(entry.name) as RegExpExecArray)[1] as string;
        return { address, symbol: symbols?.nameOf(BigInt(`0x${address}`)) ?? '', share: share(entry) };
      }),
    functions: entries
      .filter((entry) => !UNIT.test(entry.name) && kindOfWork(entry) !== 'idle')
      .slice(0, MOST_ROWS)
      .map((entry) => ({ name: entry.name.split('/').slice(-2).join('/'), share: share(entry) })),
  };
}

const percent = (share: number): string => `${(100 * share).toFixed(1).padStart(5)} %`;

export function profileLines(profile: TimeProfile): string[] {
  const { milliseconds, shares, units, functions } = profile;
  return [
    `sampled ${(milliseconds / 1000).toFixed(1)} s, of which idle ${percent(shares.idle).trim()}; of the rest:`,
    ...workKinds.filter((kind) => kind !== 'idle').map((kind) => `${percent(shares[kind])}  ${kind}`),
    'hottest units of translated code:',
    ...units.map(({ address, symbol, share }) => `${percent(share)}  ${address} ${symbol}`.trimEnd()),
    'hottest functions beside them:',
    ...functions.map(({ name, share }) => `${percent(share)}  ${name}`),
  ];
}
