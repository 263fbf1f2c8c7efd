// How much of what was run in bulk was run by translated code: without this, an agreement says little about it.
import type { Engine } from '../machine/testing/engines.ts';
import type { RunningMachine } from './machine.ts';

export interface RunCounts {
  instructions: number;
  /** Of these, run by units. */
  inUnits: number;
  unitsMade: number;
  /** Units that had to make room. */
  unitsEvicted: number;
  /** Interrupts from outside. */
  interrupts: number;
}

/** Counts by engine. */
export class RunCoverage {
  readonly engines = new Map<Engine, RunCounts>();

  of(engine: Engine): RunCounts {
    let counts = this.engines.get(engine);
    if (counts === undefined) {
      counts = { instructions: 0, inUnits: 0, unitsMade: 0, unitsEvicted: 0, interrupts: 0 };
      this.engines.set(engine, counts);
    }
    return counts;
  }

  /** Has a machine run something by an engine and adds up what that did. */
  measure<T>(machine: RunningMachine, engine: Engine, run: () => T): T {
    machine.setEngine(engine);
    const [before, retired] = [machine.translation, machine.retired];
    const result = run();
    const [after, counts] = [machine.translation, this.of(engine)];
    machine.setEngine('interpreter');
    counts.instructions += machine.retired - retired;
    counts.inUnits += after.instructions - before.instructions;
    counts.unitsMade += after.made - before.made;
    counts.unitsEvicted += after.evicted - before.evicted;
    return result;
  }

  /** One line per engine. */
  table(): string {
    return [...this.engines]
      .map(([engine, { instructions, inUnits, unitsMade, unitsEvicted, interrupts }]) => {
        const share = ((100 * inUnits) / Math.max(1, instructions)).toFixed(1);
        return (
          `${engine}: ${instructions} instructions in bulk, ${share} % of them in units, ` +
          `${unitsMade} units made, ${unitsEvicted} evicted, ${interrupts} interrupts from outside`
        );
      })
      .join('\n');
  }
}
