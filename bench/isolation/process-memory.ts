// What processes hold and use, by the kernel's word: smaps_rollup and smaps (proc_pid_smaps(5)), pagemap
// (Documentation/admin-guide/mm/pagemap.rst), and schedstat of each thread.
import { closeSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';

const KIB_PER_MIB = 1024;
const PAGE_BYTES = 4096;
const PAGEMAP_ENTRY_BYTES = 8;
/** Bit 63 of an entry: the page is in memory. */
const PRESENT_BYTE = 7;
const PRESENT_BIT = 0x80;
const NS_PER_MS = 1_000_000;

/** MiB of memory that no other process shares, from the text of smaps_rollup. */
export function privateMib(rollup: string): number {
  const kib = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(rollup)?.[1]);
  const sum = kib('Private_Clean') + kib('Private_Dirty');
  if (Number.isNaN(sum)) throw new Error('smaps_rollup holds no private memory');
  return sum / KIB_PER_MIB;
}

/** @throws where the process may not be looked into */
export const processPrivateMib = (pid: number): number =>
  privateMib(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'));

export interface Mapping {
  start: number;
  bytes: number;
}

/** The mappings in the text of /proc/PID/maps that can be read and written. */
export function writableMappings(maps: string): Mapping[] {
  return [...maps.matchAll(/^([0-9a-f]+)-([0-9a-f]+) rw/gm)].map(([, from, to]) => {
    const start = Number.parseInt(from as string, 16);
    return { start, bytes: Number.parseInt(to as string, 16) - start };
  });
}

/**
 * MiB of a guest's RAM that are in memory: what the guest touched.
 * @param memoryBytes of its linear memory, which is a mapping of just that size
 * @param ramOffset where in it RAM begins
 */
export function touchedRamMib(pid: number, memoryBytes: number, ramOffset: number): number {
  const mapping = writableMappings(readFileSync(`/proc/${pid}/maps`, 'utf8')).find(
    ({ bytes }) => bytes === memoryBytes,
  );
  if (mapping === undefined) throw new Error(`process ${pid} has no mapping of ${memoryBytes} bytes`);
  const entries = Buffer.alloc(((memoryBytes - ramOffset) / PAGE_BYTES) * PAGEMAP_ENTRY_BYTES);
  const fd = openSync(`/proc/${pid}/pagemap`, 'r');
  try {
    readSync(
      fd,
      entries,
      0,
      entries.length,
      ((mapping.start + ramOffset) / PAGE_BYTES) * PAGEMAP_ENTRY_BYTES,
    );
  } finally {
    closeSync(fd);
  }
  let present = 0;
  for (let at = PRESENT_BYTE; at < entries.length; at += PAGEMAP_ENTRY_BYTES) {
    if (((entries[at] as number) & PRESENT_BIT) !== 0) present++;
  }
  return (present * PAGE_BYTES) / KIB_PER_MIB / KIB_PER_MIB;
}

/** Milliseconds that all threads of a process which live now have run. */
export function threadsRunMs(pid: number): number {
  let sum = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    try {
      sum += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]);
    } catch {
      // The thread ended in between; what it did before it was looked at is not ours to count.
    }
  }
  return sum / NS_PER_MS;
}
