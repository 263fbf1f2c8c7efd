// The thread in which a target's cases run, so that whoever started it can end it when a case does not come back, or
// takes all memory.
import { parentPort, workerData } from 'node:worker_threads';
import { CaseRunner, type FailedCase } from './case-runner.ts';
import type { PlantedBug } from './fuzz-target.ts';
import { checkPlanted, plant } from './planted-bug.ts';
import { shrink } from './shrink.ts';
import { loadTarget } from './targets.ts';

/** What the thread is given. */
export interface FuzzTask {
  file: string;
  seed: number;
  firstCase: number;
  /** Where to stop, Infinity for never. */
  endCase: number;
  plantedBug: PlantedBug | undefined;
  shared: SharedArrayBuffer;
}

/** Shared between thread and starter: the case that runs, cases done, and whether to stop. */
export const AT_CASE = 0;
export const CASES_DONE = 1;
export const STOP = 2;
export const SHARED_BYTES = 24;

export interface Finding extends FailedCase {
  /** Cases and numbers that are left of it, and what they do. */
  casesLeft: number;
  notes: string[];
}

export type ThreadMessage =
  | { type: 'started' }
  | { type: 'progress'; outcomes: Record<string, number> }
  | { type: 'end'; outcomes: Record<string, number>; finding: Finding | undefined };

const PROGRESS_MS = 250;
const NOTES_LIMIT = 60;
/** What a single turn of the loop may take, so that the thread sees its messages and Ctrl-C works. */
const CASES_PER_TURN = 65_536;

async function runTask({
  file,
  seed,
  firstCase,
  endCase,
  plantedBug,
  shared,
}: FuzzTask): Promise<ThreadMessage> {
  plant(plantedBug);
  const target = await loadTarget(file);
  const words = new Float64Array(shared);
  const session = await target.start(seed);
  parentPort?.postMessage({ type: 'started' } satisfies ThreadMessage);
  try {
    const runner = new CaseRunner(session, seed);
    const failed = await runBatches(runner, words, firstCase, endCase, () =>
      parentPort?.postMessage({ type: 'progress', outcomes: { ...session.outcomes } }),
    );
    checkPlanted();
    const outcomes = { ...session.outcomes };
    words[AT_CASE] = -1;
    return { type: 'end', outcomes, finding: failed && (await explain(runner, failed)) };
  } finally {
    await session.close?.();
  }
}

async function runBatches(
  runner: CaseRunner,
  words: Float64Array,
  first: number,
  endCase: number,
  onProgress: () => void,
): Promise<FailedCase | undefined> {
  const size = runner.casesPerBatch;
  let [reportedMs, turn] = [performance.now(), 0];
  for (let at = first - (first % size); at < endCase && words[STOP] === 0; ) {
    const end = Math.min(at + size, endCase);
    const failed = await runner.run(at, end, (caseNumber) => {
      words[AT_CASE] = caseNumber;
    });
    words[CASES_DONE] =
      (words[CASES_DONE] as number) + (failed === undefined ? end : failed.caseNumber + 1) - at;
    if (failed !== undefined) return failed;
    turn += end - at;
    at = end;
    if (turn < CASES_PER_TURN && performance.now() - reportedMs < PROGRESS_MS) continue;
    [reportedMs, turn] = [performance.now(), 0];
    onProgress();
    await new Promise((resolve) => setImmediate(resolve));
  }
  return undefined;
}

/** Makes the failure small and puts it into words. */
async function explain(runner: CaseRunner, failed: FailedCase): Promise<Finding> {
  const first = failed.caseNumber - (failed.caseNumber % runner.casesPerBatch);
  const recorded = await runner.record(first, failed.caseNumber);
  const fails = async (cases: readonly (readonly number[])[]) =>
    (await runner.replay(cases)).message !== undefined;
  if (!(await fails(recorded))) {
    return { ...failed, casesLeft: recorded.length, notes: ['(does not fail again when it is repeated)'] };
  }
  const smallest = await shrink(recorded, fails);
  const { message, notes } = await runner.replay(smallest);
  return {
    caseNumber: failed.caseNumber,
    message: message ?? failed.message,
    casesLeft: smallest.length,
    notes: notes.slice(0, NOTES_LIMIT),
  };
}

parentPort?.postMessage(await runTask(workerData as FuzzTask));
