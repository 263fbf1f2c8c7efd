// What a process has used of the processors, and what it waited for them, by the kernel's own measure (Linux:
// clock_getcpuclockid(3); Documentation/scheduler/sched-stats.rst, "/proc/<pid>/schedstat").
import { closeSync, existsSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';
import type { CpuSample } from '../scheduler/fair-share.ts';
import { hasForeignFunctions, systemCall } from './foreign-functions.ts';

const PROCESS_CLOCK = 2;
const NS_PER_MS = 1e6;
/** What a thread must have run since the last search to take the place of another. */
const NOTICEABLE_MS = 5;
/** The busiest thread is looked for again after so many samples. */
const SAMPLES_PER_SEARCH = 8;

/** Processor time of all threads of a process, in milliseconds; undefined when it is gone. */
export function processCpuMs(pid: number): number | undefined {
  const time = new Uint8Array(16);
  if (systemCall('clock_gettime', (~pid << 3) | PROCESS_CLOCK, time) !== 0) return undefined;
  const view = new DataView(time.buffer);
  return Number(view.getBigInt64(0, true)) * 1000 + Number(view.getBigInt64(8, true)) / NS_PER_MS;
}

/** Whether this kernel measures both. */
export function canMeasureProcessors(): boolean {
  return (
    hasForeignFunctions() && processCpuMs(process.pid) !== undefined && existsSync('/proc/self/schedstat')
  );
}

/** `ran waited slices`, in nanoseconds but for the last. */
function parseSchedstat(text: string): { ranMs: number; waitedMs: number } {
  const [ran, waited] = text.split(' ').map(Number);
  return { ranMs: (ran ?? 0) / NS_PER_MS, waitedMs: (waited ?? 0) / NS_PER_MS };
}

/** Samples one process. Close it in the end. */
export class ProcessorTime {
  readonly #pid: number;
  readonly #buffer = Buffer.alloc(96);
  #fd: number | undefined;
  #tid = 0;
  /** What each thread had run at the last search. */
  #ranMs = new Map<number, number>();
  #samples = 0;
  /** Waiting that the present thread's earlier ones had come to, less what it had itself when it became the one. */
  #waitedBeforeMs = 0;
  #waitedMs = 0;

  constructor(pid: number) {
    this.#pid = pid;
  }

  /** @returns undefined when the process is gone */
  sample(): CpuSample | undefined {
    const usedMs = processCpuMs(this.#pid);
    if (usedMs === undefined) return undefined;
    if (this.#samples++ % SAMPLES_PER_SEARCH === 0) this.#findBusiest();
    this.#waitedMs = Math.max(this.#waitedMs, this.#waitedBeforeMs + this.#readWaited());
    return { usedMs, waitedMs: this.#waitedMs };
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  #readWaited(): number {
    if (this.#fd === undefined) return 0;
    try {
      const length = readSync(this.#fd, this.#buffer, 0, this.#buffer.length, 0);
      return parseSchedstat(this.#buffer.toString('latin1', 0, length)).waitedMs;
    } catch {
      // The thread has ended.
      this.#samples = 0;
      return 0;
    }
  }

  /** A partition has one thread that matters, its VP's; it shows by what it has run since the last search. */
  #findBusiest(): void {
    const folder = `/proc/${this.#pid}/task`;
    try {
      const threads = readdirSync(folder).map((tid) => {
        const file = `${folder}/${tid}/schedstat`;
        return { tid: Number(tid), file, ...parseSchedstat(readFileSync(file, 'latin1')) };
      });
      const ran = (thread: { tid: number; ranMs: number }): number =>
        thread.ranMs - (this.#ranMs.get(thread.tid) ?? 0);
      const busiest = threads.reduce((most, each) => (ran(each) > ran(most) ? each : most));
      const present = threads.find(({ tid }) => tid === this.#tid);
      const isTaken = present !== undefined && ran(busiest) < NOTICEABLE_MS + 2 * ran(present);
      this.#ranMs = new Map(threads.map(({ tid, ranMs }) => [tid, ranMs]));
      if (isTaken) return;
      this.close();
      this.#fd = openSync(busiest.file, 'r');
      this.#tid = busiest.tid;
      this.#waitedBeforeMs = this.#waitedMs - busiest.waitedMs;
    } catch {
      // It is ending, or /proc does not show it: the next search will tell.
    }
  }
}
