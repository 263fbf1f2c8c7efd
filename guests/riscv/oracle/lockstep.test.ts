// Loops, calls and interrupts on the translator, with room for all of its units and for two, beside single steps.
import { beforeAll, describe, expect, it } from 'vitest';
import { generateProgram } from './generator/program.ts';
import { HartMachine } from './hart-machine.ts';
import { runInLockstep, UNITS_MADE } from './lockstep.ts';

let [translated, stepped]: HartMachine[] = [];
beforeAll(async () => {
  [translated, stepped] = [await HartMachine.create(), await HartMachine.create()];
}, 120_000);

describe('the translator in lock-step with the interpreter', () => {
  it.each([
    ['translator', 'loop', 7000n],
    ['translator', 'mixed', 7100n],
    ['evicting', 'loop', 7200n],
    ['evicting', 'mixed', 7300n],
  ] as const)('agrees as %s on class %s, interrupted at random (seeds from %d)', (engine, chosen, seed) => {
    const machine = translated as HartMachine;
    const units = machine.bare.view.getUint32(UNITS_MADE, true);
    let [instructions, interrupts] = [0, 0];
    for (let next = seed; instructions < 40_000; next++) {
      const program = generateProgram(next, 400, chosen);
      const result = runInLockstep(program, machine, stepped as HartMachine, engine);
      expect([next, result.divergence]).toEqual([next, undefined]);
      instructions += result.instructions;
      interrupts += result.interrupts;
    }
    expect(interrupts).toBeGreaterThan(30);
    expect(machine.bare.view.getUint32(UNITS_MADE, true) - units).toBeGreaterThan(100);
  });

  it('notices a register that differs', () => {
    const machine = translated as HartMachine;
    const program = generateProgram(7400n, 800, 'integer');
    const run = machine.run.bind(machine);
    let runs = 0;
    machine.run = (budget) => {
      run(budget);
      if (++runs === 4) machine.bare.setX(9, machine.bare.x(9) ^ 1n);
    };
    try {
      const { divergence } = runInLockstep(program, machine, stepped as HartMachine, 'translator');
      expect(divergence?.differences.map(({ field }) => field)).toEqual(['x9']);
    } finally {
      machine.run = run;
    }
  });
});
