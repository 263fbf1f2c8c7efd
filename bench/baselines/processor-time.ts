// Processor time of a running process by its threads (proc_pid_schedstat in Linux Documentation/scheduler/sched-stats.rst).
import { readdirSync, readFileSync } from 'node:fs';

export interface ProcessorTime {
  /** Of the thread that the process began with. */
  mainMs: number;
  /** Of all others together; those that have ended are not counted. */
  othersMs: number;
}

export function processorTime(pid: number): ProcessorTime {
  const time = { mainMs: 0, othersMs: 0 };
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const [nanoseconds] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ');
    time[Number(thread) === pid ? 'mainMs' : 'othersMs'] += Number(nanoseconds) / 1e6;
  }
  return time;
}

export function since(start: ProcessorTime, end: ProcessorTime): ProcessorTime {
  return { mainMs: end.mainMs - start.mainMs, othersMs: end.othersMs - start.othersMs };
}
