// The thread in which a target's cases run, so that whoever started it can end it when a case does not come back, or
// takes all memory.
import { parentPort, workerData } from 'node:worker_threads';
import { CaseRunner, type Choices, type FailedCase } from './case-runner.ts';
import { checkPlanted, plant } from './planted-bug.ts';
import { shrink } from './shrink.ts';
import { loadTarget } from './targets.ts';
import {
  AT_CASE,
  asItIs,
  CASES_DONE,
  type Finding,
  type FuzzTask,
  STOP,
  type ThreadMessage,
} from './thread-protocol.ts';

const PROGRESS_MS = 250;
const NOTES_LIMIT = 60;
const SHRINK_MS = 20_000;
/** What a single turn of the loop may take, so that the thread sees its messages and Ctrl-C works. */
const CASES_PER_TURN = 65_536;

async function runTask({
  file,
  seed,
  firstCase,
  endCase,
  plantedBug,
  shrinks,
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
    if (failed === undefined || !shrinks) return { type: 'end', outcomes, finding: failed && asItIs(failed) };
    parentPort?.postMessage({ type: 'found', failed } satisfies ThreadMessage);
    return { type: 'end', outcomes, finding: await explain(runner, failed, words) };
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
async function explain(runner: CaseRunner, failed: FailedCase, words: Float64Array): Promise<Finding> {
  const first = failed.caseNumber - (failed.caseNumber % runner.casesPerBatch);
  const recorded = await runner.record(first, failed.caseNumber);
  const endMs = performance.now() + SHRINK_MS;
  const fails = async (cases: readonly Choices[]): Promise<boolean> => {
    // Shows that this goes on, as running cases does.
    words[AT_CASE] = failed.caseNumber + Math.random();
    return performance.now() < endMs && (await runner.replay(cases)).message !== undefined;
  };
  if (!(await fails(recorded))) return asItIs(failed, '(does not fail again when it is repeated)');
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
