// What the hypervisor's main thread and its launcher thread say to each other. Structured-clone data.
import type { PathGrant } from './landlock.ts';

/** What to start: a program of Cofferdam's on the pinned engine. */
export interface LaunchRequest {
  program: string;
  arguments: string[];
  engineFlags: string[];
  /** Descriptors that the process inherits, as 3, 4, … in this order. */
  fds: number[];
  /** Those that it may run on; default: all that we may. */
  processors?: readonly number[] | undefined;
}

export interface LauncherThreadData {
  /** What stays readable; null leaves Landlock out, as on a kernel without it. */
  grants: PathGrant[] | null;
}

export type LauncherRequest = { id: number } & LaunchRequest;

export type LauncherEvent =
  | { type: 'confined'; walls: string[] }
  | { type: 'started'; id: number; pid: number }
  | { type: 'failed'; id: number; message: string }
  | { type: 'stderr'; id: number; text: string }
  | { type: 'exited'; id: number; code: number | null; signal: string | null };
