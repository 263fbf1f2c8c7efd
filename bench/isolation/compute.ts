// Row P8: a unikernel's compute kernel in a partition, beside the same module called bare; all checksums the same.
import type { Bench, Family } from './bench.ts';
import { BenchGuest, benchGuestFile, WrongResult } from './bench-guest.ts';
import { computeReference, KERNEL_WORDS } from './compute-reference.ts';
import { BareModule } from './floors.ts';

const ROUNDS = 2000;
const STEPS_PER_MS = 1000;

export const computeRows: Family = { group: 'compute', names: ['compute'], measure };

/** Million steps per second. @throws WrongResult unless the checksum is right */
export function checkedSpeed(expected: number, checksum: number, milliseconds: number): number {
  if (checksum === expected) return (ROUNDS * KERNEL_WORDS) / milliseconds / STEPS_PER_MS;
  throw new WrongResult(`compute: checksum ${checksum}, expected ${expected}`);
}

async function measure(bench: Bench): Promise<void> {
  await using owner = new AsyncDisposableStack();
  const expected = computeReference(ROUNDS);
  const bare = owner.use(new BareModule(benchGuestFile));
  const floor = {
    name: 'module called bare',
    sample: async () => {
      const { checksum, milliseconds } = await bare.compute(ROUNDS);
      return checkedSpeed(expected, checksum, milliseconds);
    },
  };
  const cases = [];
  for (const level of bench.settings.levels) {
    const guest = await owner.use(await BenchGuest.start(bench.hypervisor, level)).ready();
    const sample = async (): Promise<number> => {
      const { check, milliseconds } = await guest.order('k', ROUNDS);
      return checkedSpeed(expected, check, milliseconds);
    };
    cases.push({ level, floor, sample });
  }
  await bench.measure({ group: 'compute', name: 'compute', unit: 'Mstep/s', cases });
}
