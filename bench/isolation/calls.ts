// Rows P6 and P7: hypercalls beside a bare import call; what goes through the root partition beside a bare round trip
// between two processes. Where the two ends run decides what waking costs, on some machines more than all else: both
// pairs are placed alike, each way, and free once more.
import { availableParallelism } from 'node:os';
import { firstConnectionId, type IsolationLevel } from '../../hypervisor/index.ts';
import { type Placement, place, unplace } from '../placement.ts';
import type { Bench, Family } from './bench.ts';
import { BenchGuest } from './bench-guest.ts';
import { BarePair, bareImportLoop } from './floors.ts';
import type { Floor } from './row.ts';
import { VolumeFile } from './volume-file.ts';

const PEER_SINT = 3;
const NS_PER_MS = 1_000_000;
const IMPORT_CALLS = 2_000_000;
const HYPERCALLS = 1_000_000;
const MEMORY_HYPERCALLS = 100_000;
const ROUND_TRIPS = 5000;
const MESSAGES = 500;

type Names = [string, string, string, string, string, string];

export const callRows: Family = {
  group: 'calls',
  names: [
    'hypercall',
    'hypercall, 64 bytes in, 192 out',
    'brokered round trip, one processor',
    'brokered round trip, two processors',
    'brokered round trip, anywhere',
    'message to a partition and back',
  ],
  measure,
};

/** Two guests that may post each other messages. */
async function connectedGuests(bench: Bench, level: IsolationLevel, owner: AsyncDisposableStack) {
  const { hypervisor } = bench;
  const start = async (role: string): Promise<BenchGuest> => {
    const options = { arguments: { role, connection: String(firstConnectionId) } };
    return owner.use(await BenchGuest.start(hypervisor, level, options)).ready();
  };
  const caller = await start('caller');
  const partner = await start('echo');
  const { partition } = caller;
  await hypervisor.connectPorts(partition, partner.partition, PEER_SINT, firstConnectionId);
  await hypervisor.connectPorts(partner.partition, partition, PEER_SINT, firstConnectionId);
  return { level, caller };
}

async function measure(bench: Bench): Promise<void> {
  await using owner = new AsyncDisposableStack();
  const loop = bareImportLoop();
  const importCall: Floor = {
    name: 'bare import call',
    sample: () => {
      const startMs = performance.now();
      if (loop(IMPORT_CALLS) !== IMPORT_CALLS) throw new Error('calls were lost');
      return Promise.resolve(((performance.now() - startMs) * NS_PER_MS) / IMPORT_CALLS);
    },
  };
  using file = new VolumeFile();
  const pair = owner.use(await BarePair.start(file.path));
  const socketTrip: Floor = {
    name: 'bare socket round trip',
    sample: async () => ((await pair.run({ count: ROUND_TRIPS })) * NS_PER_MS) / ROUND_TRIPS,
  };
  const guests: Awaited<ReturnType<typeof connectedGuests>>[] = [];
  for (const level of bench.settings.levels) guests.push(await connectedGuests(bench, level, owner));
  const row = (name: string, letter: string, count: number, floor: Floor): Promise<void> =>
    bench.measure({
      group: 'calls',
      name,
      unit: 'ns',
      cases: guests.map(({ level, caller }) => ({
        level,
        floor,
        sample: async () => ((await caller.calls(letter, count)) * NS_PER_MS) / count,
      })),
    });
  const [short, long, together, apart, anywhere, message] = callRows.names as Names;
  await row(short, 'h', HYPERCALLS, importCall);
  await row(long, 'm', MEMORY_HYPERCALLS, importCall);
  const near = [process.pid, ...guests.map(({ caller }) => caller.partition.pid)];
  const far = [bench.hypervisor.rootPid, pair.peerPid];
  const placedRow = async (name: string, placement: Placement): Promise<void> => {
    if (!bench.wants({ group: 'calls', name })) return;
    if (placement === 'apart' && availableParallelism() < 2) {
      bench.skip('calls', name, 'there is one processor');
      return;
    }
    place(placement, near, far);
    try {
      await row(name, 'c', ROUND_TRIPS, socketTrip);
    } finally {
      unplace([...near, ...far]);
    }
  };
  await placedRow(together, 'together');
  await placedRow(apart, 'apart');
  await row(anywhere, 'c', ROUND_TRIPS, socketTrip);
  await row(message, 'p', MESSAGES, socketTrip);
}
