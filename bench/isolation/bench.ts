// What every family of rows is given: the hypervisor, how much to measure, and where results go.
import type { Hypervisor, IsolationLevel } from '../../hypervisor/index.ts';
import type { Progress } from '../progress.ts';
import { isWanted } from '../usage.ts';
import { bars } from './bars.ts';
import { showRatio, showValue } from './report.ts';
import { type Group, measureRow, type Row, type RowResult } from './row.ts';

export interface Settings {
  levels: readonly IsolationLevel[];
  samples: number;
  only: readonly string[];
  /** Linux image of the rows about an idle guest. */
  image: string;
  /** Most neighbours of the density rows. */
  neighbours: number;
}

/** Rows that are set up together. */
export interface Family {
  group: Group;
  names: readonly string[];
  measure: (bench: Bench) => Promise<void>;
}

export interface SkippedRow {
  group: Group;
  name: string;
  reason: string;
}

/** Whether `--only` leaves a row in: by its group, a part of its name, or the bar that it is measured by. */
export function isRowWanted(row: { group: Group; name: string }, only: readonly string[]): boolean {
  const ids = bars.filter((bar) => bar.row === row.name).map(({ id }) => id);
  return isWanted(row, only) || ids.some((id) => only.some((text) => text.toUpperCase() === id));
}

export class Bench {
  readonly hypervisor: Hypervisor;
  readonly settings: Settings;
  readonly signal: AbortSignal;
  readonly rows: RowResult[] = [];
  readonly skipped: SkippedRow[] = [];
  readonly #progress: Progress;

  constructor(hypervisor: Hypervisor, settings: Settings, signal: AbortSignal, progress: Progress) {
    this.hypervisor = hypervisor;
    this.settings = settings;
    this.signal = signal;
    this.#progress = progress;
  }

  async run(families: readonly Family[]): Promise<void> {
    for (const { group, names, measure } of families) {
      if (!names.some((name) => this.wants({ group, name }))) continue;
      this.step(group);
      await measure(this);
    }
  }

  wants(row: { group: Group; name: string }): boolean {
    return isRowWanted(row, this.settings.only);
  }

  /** Samples the row and keeps the result, if it is wanted. */
  async measure(row: Row): Promise<void> {
    if (!this.wants(row)) return;
    const onRound = (done: number, of: number): void => this.step(`${row.name}: ${done} of ${of}`);
    try {
      this.add(await measureRow(row, this.settings.samples, onRound));
    } catch (error) {
      // What a jailed process holds is for root's eyes.
      const { code, message } = error as NodeJS.ErrnoException;
      if (code !== 'EACCES' && code !== 'EPERM') throw error;
      this.skip(row.group, row.name, message);
    }
  }

  step(text: string): void {
    this.signal.throwIfAborted();
    this.#progress.step(text);
  }

  add(row: RowResult): void {
    this.rows.push(row);
    const cases = row.cases.map(
      (each) => `${each.level} ${showValue(row.unit, each.value.median)}${showRatio(each, ' (', ')')}`,
    );
    this.#progress.say(`${row.name}: ${cases.join(', ')}`);
  }

  skip(group: Group, name: string, reason: string): void {
    if (!this.wants({ group, name })) return;
    this.skipped.push({ group, name, reason });
    this.#progress.say(`${name}: not measured: ${reason}`);
  }
}
