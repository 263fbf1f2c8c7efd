// Every fuzz target for a moment, and each bug that it must notice. The same at length: npm run fuzz.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runFuzz } from './fuzz-run.ts';
import { loadTargets, top } from './targets.ts';

const SEED = 20_261_128;
const known = [...(await loadTargets()).values()];

describe.each(known.map((each) => ({ name: each.target.name, ...each })))(
  'target $name',
  ({ file, target }) => {
    it(`finds nothing and sees everything in ${target.casesInTests} cases (seed ${SEED})`, async () => {
      const result = await runFuzz({ file, seed: SEED, cases: target.casesInTests });
      expect(result.finding).toBeUndefined();
      expect(result.cases).toBe(target.casesInTests);
      const never = Object.entries(result.outcomes).filter(([, count]) => count === 0);
      expect(never).toEqual([]);
    });

    it('has bugs planted, in files that it says it tests', () => {
      expect(target.plantedBugs.length).toBeGreaterThan(0);
      for (const file of target.decoders) expect([file, existsSync(join(top, file))]).toEqual([file, true]);
      for (const bug of target.plantedBugs) expect(target.decoders).toContain(bug.file);
    });

    it.each(target.plantedBugs)('notices that $name', async (bug) => {
      const result = await runFuzz({ file, seed: SEED, cases: bug.within, plantedBug: bug, shrinks: false });
      expect(result.finding?.message).toEqual(expect.any(String));
    });
  },
);
