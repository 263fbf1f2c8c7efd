// The differential test at the count that every change can afford: random programs of each class, register by register
// against QEMU. `node guests/riscv/oracle/main.ts` runs more of it. Needs qemu-system-riscv64, and fails without it.
import { beforeAll, describe, expect, it } from 'vitest';
import { type Machines, runCampaign } from './campaign.ts';
import { describeDivergence } from './compare.ts';
import { type GroupClass, groupClasses } from './generator/context.ts';
import type { Program } from './generator/program.ts';
import { HartMachine } from './hart-machine.ts';
import type { Machine } from './machine.ts';
import { requireQemu } from './qemu.ts';
import type { State } from './state.ts';

const SEED = 5n;
const INSTRUCTIONS = 7000;
const MIXED_INSTRUCTIONS = 60_000;
/** Groups per program: few where each is a loop of many instructions. */
const GROUPS = 200;
const loopGroups: Partial<Record<GroupClass | 'mixed', number>> = {
  loop: 20,
  call: 8,
  graph: 8,
  mapping: 30,
  'self-modifying': 30,
};

const compare = (chosen: GroupClass | 'mixed', machineFor: (program: Program) => Promise<Machines>) =>
  runCampaign(machineFor, {
    seed: SEED,
    instructions: chosen === 'mixed' ? MIXED_INSTRUCTIONS : INSTRUCTIONS,
    chosen,
    groups: loopGroups[chosen] ?? GROUPS,
    maxFailures: 1,
  });

let machines: Machines;
beforeAll(async () => {
  const [tested, stepped] = [await HartMachine.create(), await HartMachine.create()];
  machines = { tested, running: { machine: tested, stepped } };
}, 120_000);

describe('the hart beside QEMU', () => {
  it('has its oracle', () => expect(requireQemu()).toContain('QEMU emulator'));

  it.each(['mixed', ...groupClasses] as const)(
    `agrees on random programs of class %s (seed ${SEED})`,
    async (chosen) => {
      const { failures, instructions } = await compare(chosen, () => Promise.resolve(machines));
      const found = failures.map(({ program, comparison }) =>
        comparison?.divergence === undefined
          ? `seed ${program.seed}: memory or a whole run differs`
          : describeDivergence(comparison.divergence),
      );
      expect(found).toEqual([]);
      expect(instructions).toBeGreaterThanOrEqual(INSTRUCTIONS);
    },
  );

  it.each([['a timer that runs out where the fault of a fetch has just been taken', 20261505n]])(
    'agrees on what it once did not: %s (seed %i)',
    async (_what, seed) => {
      const options = { seed, instructions: 1, chosen: 'mixed', groups: 800, maxFailures: 1 } as const;
      const { failures, instructions } = await runCampaign(() => Promise.resolve(machines), options);
      expect(failures.map(({ program }) => program.seed)).toEqual([]);
      expect(instructions).toBeGreaterThan(10_000);
    },
  );

  it('notices one wrong bit of one register', async () => {
    const hart = await HartMachine.create();
    let steps = 0;
    const faulty: Machine = {
      load: (program) => hart.load(program),
      step: () => {
        hart.step();
        steps++;
      },
      readState: (state: State) => {
        hart.readState(state);
        // State words: pc and CSRs, then registers; the last is the high half of f31.
        if (steps === 500) state[state.length - 1] = (state[state.length - 1] as number) ^ 1;
      },
      letTimerRunOut: (timer) => hart.letTimerRunOut(timer),
      adopt: (field, value) => hart.adopt(field, value),
      memory: () => hart.memory(),
    };
    const { failures } = await compare('integer', () => Promise.resolve({ tested: faulty }));
    expect(failures[0]?.comparison?.divergence).toBeDefined();
  });
});
