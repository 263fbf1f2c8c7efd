// The hot dispatch path: hypercall, hypercall with memory parameters, message to another partition, brokered round trip
// to the root partition, at each isolation level, each beside its floor in the same run (rows P6 and P7); and the check
// of published code. `npm run bench [-- --json]`. benchmark.js decides how many batches to take; every batch checks its
// calls.
import { parseArgs } from 'node:util';
import {
  type Console,
  firstConnectionId,
  Hypervisor,
  type IsolationLevel,
  installationTop,
  isolationLevels,
  type Partition,
} from '../../hypervisor/index.ts';
import { closeDescriptor } from '../../hypervisor/isolation/descriptors.ts';
import { FreeLauncher } from '../../hypervisor/isolation/launcher.ts';
import { socketPair } from '../../hypervisor/isolation/socket-pair.ts';
import { describeMachine, machineLine } from '../machine.ts';
import { bareImportLoop, echoProgram, startRoundTripWorker } from './floors.ts';
import { measurePublishing } from './publishing.ts';
import { beside, type Result, results, sample } from './sample.ts';

const { values } = parseArgs({ options: { json: { type: 'boolean', default: false } } });
const PEER_SINT = 3;

/** Orders `calls` calls of kind `letter` and checks the guest's count of good ones. */
async function order(console: Console, letter: string, calls: number): Promise<void> {
  console.write(`${letter}${calls}\n`);
  const [, good] = await console.waitFor(new RegExp(`${letter} (\\d+) \\d+\\n`));
  if (Number(good) !== calls) throw new Error(`${calls - Number(good)} of ${calls} calls went wrong`);
}

async function measureFloors(): Promise<{ call: Result; trip: Result }> {
  const loop = bareImportLoop();
  const calls = 2_000_000;
  const call = await sample('import call', 'bare', calls, async () => {
    if (loop(calls) !== calls) throw new Error('calls were lost');
  });
  const [own, theirs] = socketPair();
  const launcher = new FreeLauncher();
  const echo = await launcher.launch({
    program: '-e',
    arguments: [echoProgram],
    engineFlags: [],
    fds: [theirs],
  });
  closeDescriptor(theirs);
  const worker = startRoundTripWorker(own);
  const trip = await sample('socket round trip', 'bare', 500, async () => {
    await worker.run(500);
  });
  await worker.close();
  closeDescriptor(own);
  echo.kill();
  await echo.exited;
  return { call, trip };
}

async function measureLevel(
  hypervisor: Hypervisor,
  level: IsolationLevel,
  floors: { call: Result; trip: Result },
): Promise<void> {
  const create = (role: string): Promise<Partition> =>
    hypervisor.createPartition({
      guest: { kind: 'unikernel', module: `${installationTop}/build/test-guests/bench-guest.wasm` },
      isolation: level,
      arguments: { role, connection: String(firstConnectionId) },
    });
  await using caller = await create('caller');
  await using partner = await create('echo');
  await hypervisor.connectPorts(caller, partner, PEER_SINT, firstConnectionId);
  await hypervisor.connectPorts(partner, caller, PEER_SINT, firstConnectionId);
  await using console = await caller.attachConsole();
  await using partnerConsole = await partner.attachConsole();
  partner.start();
  caller.start();
  await Promise.all([console.waitFor('ready'), partnerConsole.waitFor('ready')]);
  const row = async (name: string, letter: string, calls: number, floor: Result): Promise<void> => {
    await order(console, letter, calls);
    beside(await sample(name, level, calls, () => order(console, letter, calls)), floor);
  };
  await row('hypercall', 'h', 500_000, floors.call);
  await row('hypercall, 64 bytes in, 192 out', 'm', 100_000, floors.call);
  await row('brokered round trip', 'c', 500, floors.trip);
  await row('message to a partition and back', 'p', 250, floors.trip);
}

const machine = describeMachine();
await using hypervisor = await Hypervisor.start();
const floors = await measureFloors();
for (const level of isolationLevels) await measureLevel(hypervisor, level, floors);
await measurePublishing();
if (values.json) console.log(JSON.stringify({ machine, results }, null, 2));
else {
  console.log(machineLine(machine));
  for (const { level, name, nanoseconds, marginPercent, samples, floor, ratio } of results) {
    const time =
      nanoseconds < 1000 ? `${nanoseconds.toFixed(1)} ns` : `${(nanoseconds / 1000).toFixed(1)} µs`;
    const beside = ratio === null ? '(floor)' : `${ratio.toFixed(2)}x ${floor}`;
    console.log(
      `${level.padEnd(8)} ${name.padEnd(34)} ${time.padStart(10)} ±${marginPercent.toFixed(1)} % (n=${samples})  ${beside}`,
    );
  }
}
