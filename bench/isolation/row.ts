// What is measured: rows, each at every isolation level, each level beside the floor that it cannot get below, all of
// them sampled in turn so that a machine's moods strike them alike.
import type { IsolationLevel } from '../../hypervisor/index.ts';
import { type Summary, summarise } from '../machine.ts';

export type Level = IsolationLevel | 'bare';
export type Group =
  | 'calls'
  | 'throughput'
  | 'compute'
  | 'start and kill'
  | 'memory'
  | 'publishing'
  | 'Linux at idle'
  | 'density';
/** A value is so many of these; of `MiB/s`, `Mstep/s` and `partitions` more is better, of the others less. */
export type Unit = 'ns' | 'ms' | 'MiB' | 'MiB/s' | 'Mstep/s' | '%' | 'partitions';

/** One way of doing what a row measures. */
export interface Case {
  level: Level;
  /** Takes one sample, in the row's unit, and throws when what was measured came out wrong. */
  sample: () => Promise<number>;
  /** What this cannot cost less than. */
  floor?: Floor;
}

/** A case of its own, which several rows and levels may share. */
export interface Floor {
  name: string;
  sample: () => Promise<number>;
}

export interface Row {
  group: Group;
  name: string;
  unit: Unit;
  cases: readonly Case[];
}

export interface CaseResult {
  level: Level;
  value: Summary;
  /** Beside which floor, that floor's values, and ours as multiples of the ones taken in the same round. */
  floor: { name: string; value: Summary; ratio: Summary } | null;
}

export interface RowResult {
  group: Group;
  name: string;
  unit: Unit;
  cases: CaseResult[];
  /** What must be known to read the values, such as where a search was given up. */
  note?: string;
}

/** A floor without a spread of zero would be a mistake: nothing is measured faster than the clock shows. */
function checked(name: string, value: number): number {
  if (Number.isFinite(value) && value >= 0) return value;
  throw new Error(`${name}: measured ${value}`);
}

/**
 * Samples a row: in each round every floor once, then every case once. A round beforehand is not counted.
 * @param onRound called with how many rounds are done, of how many
 */
export async function measureRow(
  row: Row,
  rounds: number,
  onRound: (done: number, of: number) => void = () => {},
): Promise<RowResult> {
  const floors = [...new Set(row.cases.flatMap(({ floor }) => floor ?? []))];
  const floorSamples = new Map<Floor, number[]>(floors.map((floor) => [floor, []]));
  const caseSamples = row.cases.map((): number[] => []);
  for (let round = 0; round <= rounds; round++) {
    for (const floor of floors) {
      const value = checked(floor.name, await floor.sample());
      if (round > 0) floorSamples.get(floor)?.push(value);
    }
    for (const [index, { level, sample }] of row.cases.entries()) {
      const value = checked(`${row.name}, ${level}`, await sample());
      if (round > 0) caseSamples[index]?.push(value);
    }
    onRound(round, rounds);
  }
  const cases = row.cases.map(({ level, floor }, index): CaseResult => {
    const values = caseSamples[index] as number[];
    const below = floor && floorSamples.get(floor);
    return {
      level,
      value: summarise(values),
      floor:
        floor === undefined || below === undefined
          ? null
          : {
              name: floor.name,
              value: summarise(below),
              ratio: summarise(values.map((value, round) => value / (below[round] as number))),
            },
    };
  });
  return { group: row.group, name: row.name, unit: row.unit, cases };
}
