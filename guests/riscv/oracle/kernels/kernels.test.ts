// Compiled C on the translator, with room for all of its units and for two, beside single steps, with interrupts in between,
// and its checksums beside those of another computer.
import { describe, expect, it } from 'vitest';
import { HartMachine } from '../hart-machine.ts';
import { describeLockstepDivergence, runInLockstep } from '../lockstep.ts';
import { RunCoverage } from '../run-coverage.ts';
import { readKernels, sourcesDigest } from './kernels.ts';

const LIMIT = 10_000_000;
const kernels = readKernels();
const { program, symbols } = kernels;

function checksumsOf({ bare }: HartMachine): [string, bigint][] {
  return kernels.checksums.map(([name], index) => [
    name,
    bare.read(BigInt(symbols.begin_signature + 8 * index), 8),
  ]);
}

describe('the compiled kernels', () => {
  it('are made of the sources beside them (else: make-fixture.ts)', () =>
    expect(kernels.sources).toBe(sourcesDigest()));

  it.each([
    ['translator', { heat: 1 }, [50, 300], 0.9],
    ['translator', { heat: 3000 }, [3000, 20_000], 0.5],
    ['evicting', { heat: 3000, units: 2 }, [3000, 20_000], 0.1],
    ['evicting', { heat: 500, units: 16 }, [3000, 20_000], 0.3],
  ] as const)(
    'give the same on the %s (%j) as in single steps, compared every %j instructions',
    async (engine, settings, stretch, leastShare) => {
      const { heat, units } = { units: undefined, ...settings };
      const [translated, stepped] = [await HartMachine.create(), await HartMachine.create()];
      const coverage = new RunCoverage();
      const { interrupts, divergence } = coverage.measure(translated, engine, () => {
        translated.bare.translateFrom(heat, units);
        return runInLockstep(program, translated, stepped, { engine, stretch, limit: LIMIT });
      });
      expect(divergence && describeLockstepDivergence(divergence)).toBeUndefined();
      expect(checksumsOf(translated)).toEqual(kernels.checksums);
      const { instructions, inUnits, unitsEvicted } = coverage.of(engine);
      expect(interrupts).toBeGreaterThan(20);
      expect(inUnits / instructions).toBeGreaterThan(leastShare);
      if (units !== undefined) expect(unitsEvicted).toBeGreaterThan(100);
    },
  );
});
