// Fuzz target `published-code`: mutants of the units that the machine's translator wrote, before the check and, if that
// admits them, before the engine. The same mutants, run: `published-code-runs`.
import type { FuzzRandom } from '../testing/fuzz/fuzz-random.ts';
import { type FuzzSession, type FuzzTarget, must } from '../testing/fuzz/fuzz-target.ts';
import { takeApart } from './testing/module-parts.ts';
import { type Genuine, ModuleMutator } from './testing/mutate-module.ts';
import { StreamRandom } from './testing/stream-random.ts';
import { translatedUnits } from './testing/translated-units.ts';
import { newCheckResult, tryModule } from './testing/try-module.ts';

/** Programs of each class that the units come from. */
const PROGRAMS = 2;

class CheckSession implements FuzzSession {
  readonly #units: readonly Genuine[];
  readonly #result = newCheckResult();

  constructor(units: readonly Genuine[]) {
    this.#units = units;
  }

  get outcomes(): Record<string, number> {
    const { refused, invalid, valid } = this.#result;
    return { refused, 'refused by the engine': invalid, admitted: valid };
  }

  runCase(random: FuzzRandom): void {
    const mutant = new ModuleMutator(this.#units, new StreamRandom(random)).mutant();
    if (random.isTraced) random.note(`module ${Buffer.from(mutant).toString('hex')}`);
    tryModule(mutant, 'the mutant', this.#result);
    const fault = this.#result.faults.pop();
    must(fault === undefined, fault ?? '');
  }
}

export const target: FuzzTarget = {
  name: 'published-code',
  about:
    "Units that a guest publishes: refused in words of the check's own, or with a unit's surface and no other.",
  decoders: ['hypervisor/code-publishing/check-module.ts', 'hypervisor/code-publishing/opcodes.ts'],
  casesInTests: 2000,
  plantedBugs: [
    {
      name: 'sections may follow those of a unit',
      file: 'hypervisor/code-publishing/check-module.ts',
      from: 'if (cursor.at !== cursor.end) throw',
      to: 'if (cursor.at > cursor.end) throw',
      within: 20_000,
    },
    {
      name: 'a label may lead anywhere',
      file: 'hypervisor/code-publishing/check-module.ts',
      from: "cursor.index(depth, 'label');",
      to: 'cursor.u32();',
      within: 20_000,
    },
  ],
  start: async (seed) => {
    const { units } = await translatedUnits(BigInt(seed), PROGRAMS);
    return new CheckSession(units.map(({ bytes }) => ({ bytes, parts: takeApart(bytes) })));
  },
};
