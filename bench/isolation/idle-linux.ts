// Row P9: a Linux guest that sits at its prompt. Its processor share counts the partition process and the root partition
// process; its memory is the partition process's private memory without the pages of RAM that the guest has touched.
import { setTimeout as delay } from 'node:timers/promises';
import { bootFiles } from '../../guests/images/index.ts';
import { RAM_BASE } from '../../guests/riscv/machine/memory/layout.ts';
import { type CofferdamShell, startCofferdam } from '../macro/guest-shell.ts';
import { findImage, isMissing, settingsFor } from '../macro/images.ts';
import type { Bench, Family } from './bench.ts';
import { processPrivateMib, threadsRunMs, touchedRamMib } from './process-memory.ts';

const SHARE = 'idle Linux, processor share';
const MEMORY = 'idle Linux, memory beyond the guest';
const TOUCHED = 'idle Linux, memory that the guest touched';
const GUEST_MIB = 256;
const BYTES_PER_MIB = 2 ** 20;
/** What booted is compiled and collected within this. */
const SETTLE_MS = 5000;
const WATCHED_MS = 2000;
const PERCENT = 100;

export const idleLinuxRows: Family = { group: 'Linux at idle', names: [SHARE, MEMORY, TOUCHED], measure };

/** In per cent of one processor, over WATCHED_MS. */
async function processorShare(pids: readonly number[]): Promise<number> {
  const run = (): number => pids.reduce((sum, pid) => sum + threadsRunMs(pid), 0);
  const startMs = performance.now();
  const before = run();
  await delay(WATCHED_MS);
  return (PERCENT * (run() - before)) / (performance.now() - startMs);
}

function memoryMib({ pid }: CofferdamShell): { touched: number; beyond: number } {
  const touched = touchedRamMib(pid, RAM_BASE + GUEST_MIB * BYTES_PER_MIB, RAM_BASE);
  return { touched, beyond: processPrivateMib(pid) - touched };
}

async function measure(bench: Bench): Promise<void> {
  const { hypervisor, settings, signal } = bench;
  const group = 'Linux at idle';
  const image = await findImage(settings.image);
  if (isMissing(image)) {
    for (const name of idleLinuxRows.names) bench.skip(group, name, image.reason);
    return;
  }
  // Inside the partition process at level thread would be the hypervisor, and everything else that this measures.
  const levels = settings.levels.filter((level) => level !== 'thread');
  await using owner = new AsyncDisposableStack();
  const guests: { level: (typeof levels)[number]; shell: CofferdamShell }[] = [];
  for (const level of levels) {
    const bootSettings = settingsFor(image, bootFiles(image), GUEST_MIB, signal);
    guests.push({ level, shell: owner.use(await startCofferdam(hypervisor, bootSettings, level)) });
  }
  await delay(SETTLE_MS);
  const casesOf = (sampleOf: (shell: CofferdamShell) => Promise<number>) =>
    guests.map(({ level, shell }) => ({ level, sample: () => sampleOf(shell) }));
  const rootPid = hypervisor.rootPid;
  await bench.measure({
    group,
    name: SHARE,
    unit: '%',
    cases: casesOf(({ pid }) => processorShare([pid, rootPid])),
  });
  await bench.measure({
    group,
    name: MEMORY,
    unit: 'MiB',
    cases: casesOf((shell) => Promise.resolve(memoryMib(shell).beyond)),
  });
  await bench.measure({
    group,
    name: TOUCHED,
    unit: 'MiB',
    cases: casesOf((shell) => Promise.resolve(memoryMib(shell).touched)),
  });
}
