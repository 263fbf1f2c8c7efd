// Brokered reads: the root partition reads a file that the page cache holds, its bytes travel to the guest; beside a bare
// process that does the same for a bare thread.
import type { Bench, Family } from './bench.ts';
import { BenchGuest } from './bench-guest.ts';
import { BarePair } from './floors.ts';
import { VolumeFile } from './volume-file.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
const MS_PER_S = 1000;

const sizes: readonly { name: string; bytes: number; reads: number }[] = [
  { name: 'reads of 4 KiB', bytes: 4 * KIB, reads: 500 },
  { name: 'reads of 64 KiB', bytes: 64 * KIB, reads: 250 },
  { name: 'reads of 1 MiB', bytes: MIB, reads: 50 },
];

export const throughputRows: Family = {
  group: 'throughput',
  names: sizes.map(({ name }) => name),
  measure,
};

async function measure(bench: Bench): Promise<void> {
  await using owner = new AsyncDisposableStack();
  const file = owner.use(new VolumeFile());
  const pair = owner.use(await BarePair.start(file.path));
  const guests: { level: (typeof bench.settings.levels)[number]; guest: BenchGuest }[] = [];
  for (const level of bench.settings.levels) {
    const options = { disks: [{ path: file.path, isReadOnly: true }] };
    const guest = owner.use(await BenchGuest.start(bench.hypervisor, level, options));
    guests.push({ level, guest: await guest.ready() });
  }
  for (const { name, bytes, reads } of sizes) {
    const speed = (milliseconds: number): number => (bytes * reads * MS_PER_S) / MIB / milliseconds;
    const floor = {
      name: 'bare reads over a socket',
      sample: async () => speed(await pair.run({ count: reads, readBytes: bytes })),
    };
    const cases = guests.map(({ level, guest }) => ({
      level,
      floor,
      sample: async () => speed(await guest.calls('r', reads, bytes)),
    }));
    await bench.measure({ group: 'throughput', name, unit: 'MiB/s', cases });
  }
}
