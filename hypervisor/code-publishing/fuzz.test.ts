// Mutants of what the machine's own translator writes: refused, or kept to their memory and their table. The same at
// length: testing/fuzz-main.ts.
import { beforeAll, describe, expect, it } from 'vitest';
import { checkUnitModule } from './check-module.ts';
import { fuzz, mutantOf } from './testing/fuzz.ts';
import { fuzzCheck } from './testing/fuzz-check.ts';
import { putTogether, takeApart } from './testing/module-parts.ts';
import { attacks } from './testing/mutate-module.ts';
import { type PlacedUnit, ScratchMachine } from './testing/scratch-machine.ts';

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

  it(`mutated, are refused or have no other surface (seed ${SEED})`, () => {
    const { refused, invalid, valid, reasons, faults } = fuzzCheck(machine.units, SEED, 0, 6000);
    expect(faults).toEqual([]);
    expect(reasons.size).toBeGreaterThan(40);
    for (const count of [refused, invalid, valid]) expect(count).toBeGreaterThan(500);
  });

  it(`mutated and run, reach their memory and table alone (seed ${SEED})`, async () => {
    const { counts, escape: escaped } = await fuzz({ seed: SEED, mutants: 1500, programs: 3 });
    expect(escaped).toBeUndefined();
    expect(counts.returned).toBeGreaterThan(200);
    expect(counts.trapped).toBeGreaterThan(20);
    expect(Object.values(counts).reduce((sum, count) => sum + count)).toBe(1500);
  });

  it('are the same mutants for the same seed', () => {
    for (let number = 0; number < 100; number++)
      expect(mutantOf(machine.units, SEED, number)).toEqual(mutantOf(machine.units, SEED, number));
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

  it('the fuzzer finds an escape by itself', async () => {
    const { escape: escaped } = await fuzz({ seed: SEED, mutants: 2000, programs: 1, isChecked: false });
    expect(escaped).toMatch(/^mutant \d+ of seed 20261128: /);
  });
});
