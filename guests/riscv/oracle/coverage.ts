// Counts which instructions ran and what became of each: retired, or trapped with which cause into which mode.
import { MACHINE_VECTOR, SUPERVISOR_VECTOR } from './generator/memory-layout.ts';
import { fieldIndex, fieldValue, type State } from './state.ts';

const VECTOR_BYTES = 64;
const mcause = fieldIndex('mcause');
const scause = fieldIndex('scause');
const INTERRUPT = 1n << 63n;

const isWithin = (pc: number, vector: number): boolean => pc >= vector && pc < vector + VECTOR_BYTES;

/** Names the trap that led to a state, if its pc is at a trap vector. */
export function trapOf(state: State, pc: number): string | undefined {
  const level = isWithin(pc, MACHINE_VECTOR) ? 'M' : isWithin(pc, SUPERVISOR_VECTOR) ? 'S' : undefined;
  if (level === undefined) return undefined;
  const cause = fieldValue(state, level === 'M' ? mcause : scause);
  return (cause & INTERRUPT) === 0n ? `${level}:${cause}` : `${level}:i${cause & ~INTERRUPT}`;
}

/** Counts by mnemonic and outcome. */
export class Coverage {
  readonly outcomes = new Map<string, Map<string, number>>();
  instructions = 0;

  add(name: string, outcome: string): void {
    let counts = this.outcomes.get(name);
    if (counts === undefined) {
      counts = new Map();
      this.outcomes.set(name, counts);
    }
    counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
    this.instructions++;
  }

  /** How often each outcome occurred, over all instructions. */
  totals(): Map<string, number> {
    const totals = new Map<string, number>();
    for (const counts of this.outcomes.values())
      for (const [outcome, count] of counts) totals.set(outcome, (totals.get(outcome) ?? 0) + count);
    return totals;
  }

  /** One line per mnemonic: how often it retired, then its traps as `mode:cause×count`. */
  table(): string {
    const rows = [...this.outcomes].sort(([left], [right]) => (left < right ? -1 : 1));
    return rows
      .map(([name, counts]) => {
        const traps = [...counts].filter(([outcome]) => outcome !== 'retired').sort();
        const retired = String(counts.get('retired') ?? 0).padStart(8);
        return `${name.padEnd(20)}${retired}  ${traps.map(([outcome, count]) => `${outcome}×${count}`).join(' ')}`;
      })
      .join('\n');
  }
}
