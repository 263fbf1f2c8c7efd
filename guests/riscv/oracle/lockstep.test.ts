// Random programs on the translator, with room for all of its units and for two, beside single steps, while interrupts come
// and timers run out.
import { beforeAll, describe, expect, it } from 'vitest';
import { generateProgram } from './generator/program.ts';
import { HartMachine } from './hart-machine.ts';
import { describeLockstepDivergence, runInLockstep } from './lockstep.ts';
import { RunCoverage } from './run-coverage.ts';

/** Instructions of each class and engine. */
const INSTRUCTIONS = 50_000;
const MOST_PROGRAMS = 200;

/** Class, groups per program, first seed, and the least share of instructions that units must run. */
const classes = [
  ['mixed', 400, 7000n, 0.1],
  ['loop', 40, 7100n, 0.4],
  ['call', 20, 7200n, 0.4],
  ['graph', 20, 7300n, 0.4],
  ['mapping', 40, 7400n, 0.3],
  ['self-modifying', 40, 7500n, 0.1],
  ['timer', 200, 7600n, 0.05],
  ['privileged', 100, 7700n, 0.2],
] as const;

let [translated, stepped]: HartMachine[] = [];
beforeAll(async () => {
  [translated, stepped] = [await HartMachine.create(), await HartMachine.create()];
}, 120_000);

describe.each(['translator', 'evicting'] as const)('%s in lock-step with single steps', (engine) => {
  it.each(classes)(
    'agrees on class %s, interrupted at random (%d groups, seeds from %d)',
    (chosen, groups, first, leastShare) => {
      const machine = translated as HartMachine;
      const coverage = new RunCoverage();
      const counts = coverage.of(engine);
      for (let seed = first; counts.instructions < INSTRUCTIONS; seed++) {
        expect(seed).toBeLessThan(first + BigInt(MOST_PROGRAMS));
        const program = generateProgram(seed, groups, chosen);
        const { interrupts, divergence } = coverage.measure(machine, engine, () =>
          runInLockstep(program, machine, stepped as HartMachine, { engine }),
        );
        expect(divergence && describeLockstepDivergence(divergence)).toBeUndefined();
        counts.interrupts += interrupts;
      }
      expect(counts.interrupts).toBeGreaterThan(20);
      // Where only two units have room, most are gone before they are met again.
      const share = engine === 'evicting' ? leastShare / 10 : leastShare;
      expect(counts.inUnits / counts.instructions).toBeGreaterThan(share);
      if (engine === 'evicting') expect(counts.unitsEvicted).toBeGreaterThan(100);
    },
  );
});

describe('the comparison in lock-step', () => {
  it('notices a register that differs', () => {
    const machine = translated as HartMachine;
    const program = generateProgram(7800n, 800, 'integer');
    const run = machine.run.bind(machine);
    let runs = 0;
    machine.run = (budget) => {
      run(budget);
      if (++runs === 4) machine.bare.setX(9, machine.bare.x(9) ^ 1n);
    };
    try {
      const { divergence } = runInLockstep(program, machine, stepped as HartMachine, {
        engine: 'translator',
      });
      expect(divergence?.differences.map(({ field }) => field)).toEqual(['x9']);
    } finally {
      machine.run = run;
    }
  });
});
