// Units that the machine's own translator writes, and mutants of them: what the fuzz targets `published-code` and
// `published-code-runs` rely on.
import { beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../../guests/riscv/oracle/generator/random.ts';
import { checkUnitModule } from './check-module.ts';
import { putTogether, takeApart } from './testing/module-parts.ts';
import { attacks, ModuleMutator } from './testing/mutate-module.ts';
import { type PlacedUnit, ScratchMachine } from './testing/scratch-machine.ts';
import { newCheckResult, tryModule } from './testing/try-module.ts';

const SEED = 20_261_128n;

let machine: ScratchMachine;
beforeAll(async () => {
  machine = await ScratchMachine.create(SEED, 3);
}, 120_000);

describe('units of the translator', () => {
  it('are admitted as they are, and as the fuzzer puts them together', () => {
    expect(machine.units.length).toBeGreaterThan(50);
    for (const unit of machine.units) {
      expect(machine.run(unit.bytes, unit)).toEqual({ kind: 'returned' });
      expect(machine.run(putTogether(takeApart(unit.bytes)), unit)).toEqual({ kind: 'returned' });
    }
  });

  it(`mutated, break every kind of rule (seed ${SEED})`, () => {
    const mutator = new ModuleMutator(machine.units, new Random(SEED));
    const result = newCheckResult();
    for (let number = 0; number < 6000; number++) tryModule(mutator.mutant(), `mutant ${number}`, result);
    const { refused, invalid, valid, reasons, faults } = result;
    expect(faults).toEqual([]);
    expect(reasons.size).toBeGreaterThan(40);
    for (const count of [refused, invalid, valid]) expect(count).toBeGreaterThan(500);
  });
});

describe('without the check', () => {
  /** A unit that does something before it does what it should. */
  const attacked = ({ parts: { sections, functions } }: PlacedUnit, attack: readonly number[]) => {
    const [{ locals, instructions }, ...others] = functions as [(typeof functions)[0]];
    const body = { locals, instructions: [Uint8Array.from(attack), ...instructions] };
    return putTogether({ sections, functions: [body, ...others] });
  };

  it.each([
    ['grows the memory', 'the memory grew'],
    ['grows the table', 'the table grew'],
    ['clears an entry of the table', 'entry 1025 of the table was written'],
    ['copies in the table', 'entry 1025 of the table was written'],
  ])('a mutant that %s would be noticed', (what, trace) => {
    const unit = machine.units[0] as PlacedUnit;
    const mutant = attacked(unit, attacks[what] as readonly number[]);
    expect(machine.run(mutant, unit)).toEqual({ kind: 'refused by the check' });
    expect(checkUnitModule(mutant)).toContain('opcode');
    expect(machine.run(mutant, unit, false)).toEqual({ kind: 'escaped', what: trace });
  });
});
