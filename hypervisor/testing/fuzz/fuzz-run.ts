// Runs a fuzz target in a thread of its own, for so many cases or so long, and says what came of it.
import { Worker } from 'node:worker_threads';
import type { FailedCase } from './case-runner.ts';
import type { PlantedBug } from './fuzz-target.ts';
import {
  AT_CASE,
  asItIs,
  CASES_DONE,
  type Finding,
  type FuzzTask,
  SHARED_BYTES,
  STOP,
  type ThreadMessage,
} from './thread-protocol.ts';

export interface FuzzRunOptions {
  /** File of the target, from the project's top. */
  file: string;
  seed: number;
  firstCase?: number;
  /** Cases to run; default: no end. */
  cases?: number;
  plantedBug?: PlantedBug | undefined;
  /** After so many milliseconds no further batch is begun. */
  forMs?: number;
  /** Whether a failure is made small before it is reported (default true). */
  shrinks?: boolean;
  /** Looks at a case that does not end, after which it counts as endless. */
  looks?: number;
  /** Ends the run early, with what it has. */
  signal?: AbortSignal;
  onProgress?: (cases: number) => void;
}

export interface FuzzResult {
  cases: number;
  seconds: number;
  outcomes: Record<string, number>;
  finding: Finding | undefined;
}

const LOOK_MS = 250;
/** Looks, not time: a process may be stopped for as long as its machine likes. */
const LOOKS = 80;
/** A decoder that needs more than this for what a case gives it is a finding. */
const HEAP_LIMIT_MB = 1024;

export async function runFuzz(options: FuzzRunOptions): Promise<FuzzResult> {
  const { file, seed, firstCase = 0, cases = Infinity, plantedBug, shrinks = true } = options;
  const shared = new SharedArrayBuffer(SHARED_BYTES);
  const words = new Float64Array(shared);
  words[AT_CASE] = -1;
  const task: FuzzTask = { file, seed, firstCase, endCase: firstCase + cases, plantedBug, shrinks, shared };
  let startMs = performance.now();
  const worker = new Worker(new URL('./fuzz-thread.ts', import.meta.url), {
    workerData: task,
    execArgv: ['--no-warnings'],
    resourceLimits: { maxOldGenerationSizeMb: HEAP_LIMIT_MB },
  });
  const stop = (): void => {
    words[STOP] = 1;
  };
  options.signal?.addEventListener('abort', stop);
  if (options.signal?.aborted === true) stop();
  let timer: NodeJS.Timeout | undefined;
  worker.on('message', ({ type }: ThreadMessage) => {
    if (type !== 'started') return;
    startMs = performance.now();
    if (options.forMs !== undefined) timer = setTimeout(stop, options.forMs);
  });
  try {
    const { outcomes, finding } = await follow(worker, words, options);
    const done = words[CASES_DONE] as number;
    return { cases: done, seconds: (performance.now() - startMs) / 1000, outcomes, finding };
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener('abort', stop);
    await worker.terminate();
  }
}

/** Waits for the thread's last word, or for the moment when there will be none. */
function follow(
  worker: Worker,
  words: Float64Array,
  { looks: most = LOOKS, onProgress }: FuzzRunOptions,
): Promise<{ outcomes: Record<string, number>; finding: Finding | undefined }> {
  let outcomes: Record<string, number> = {};
  let found: FailedCase | undefined;
  return new Promise((resolve, reject) => {
    const lost = (message: string): void => {
      clearInterval(timer);
      const finding =
        found === undefined
          ? asItIs({ caseNumber: words[AT_CASE] as number, message })
          : asItIs(found, `(a smaller one ${message})`);
      resolve({ outcomes, finding });
    };
    let [seenCase, looks] = [-1, 0];
    const timer = setInterval(() => {
      const at = words[AT_CASE] as number;
      looks = at === seenCase && at >= 0 ? looks + 1 : 0;
      seenCase = at;
      if (looks > most) lost(`did not come back within ${(most * LOOK_MS) / 1000} s`);
      onProgress?.(words[CASES_DONE] as number);
    }, LOOK_MS);
    worker.on('message', (message: ThreadMessage) => {
      if (message.type === 'started') return;
      if (message.type === 'found') {
        found = message.failed;
        return;
      }
      outcomes = message.outcomes;
      if (message.type !== 'end') return;
      clearInterval(timer);
      resolve({ outcomes, finding: message.finding });
    });
    worker.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ERR_WORKER_OUT_OF_MEMORY' && (words[AT_CASE] as number) >= 0) {
        lost(`took more than ${HEAP_LIMIT_MB} MiB of memory`);
        return;
      }
      clearInterval(timer);
      reject(error);
    });
    worker.on('exit', (code) => {
      clearInterval(timer);
      reject(new Error(`the fuzz thread ended with code ${code}`));
    });
  });
}
