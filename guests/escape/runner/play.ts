// One half of an attempt's proof: makes the attempt in a child process of an installation, and judges what comes back.
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import type { IsolationLevel } from '../../../hypervisor/index.ts';
import type { Attempt } from '../attempt.ts';
import { nameOfSet } from '../controls.ts';
import type { StageEnd, StageMessage, Step } from '../stage/protocol.ts';
import { installationWithout } from './installations.ts';
import { judge, type Verdict } from './verdict.ts';

const DEADLINE_MS = 60_000;
const LEAVE_MS = 5000;
const STDERR_TAIL_CHARACTERS = 4096;

/** What is to be made. */
export interface Half {
  attempt: Attempt;
  /** Controls that are missing, beside those that have fallen anyway; none for the half with all controls on. */
  without: readonly string[];
  /** Default: the best that the machine offers. */
  isolation?: IsolationLevel | undefined;
}

/** What was seen. */
export interface PlayedHalf extends Half {
  verdict: Verdict;
  /** Whether the verdict is as it should be. */
  isGood: boolean;
  /** What the attacker tried and what was seen, in the order of events. */
  steps: readonly Step[];
  /** Why it is not good, or what else there is to say. */
  remark: string;
  milliseconds: number;
}

export type OnStep = (step: Step) => void;

/** Plays a half whose installation has been built. @param signal ends it early: it counts as failed then */
export async function play(half: Half, onStep: OnStep = () => {}, signal?: AbortSignal): Promise<PlayedHalf> {
  const startMs = performance.now();
  const steps: Step[] = [];
  const end = await stageProcess(half, signal, (step) => {
    steps.push(step);
    onStep(step);
  });
  const judgement = judge(half, end);
  return { ...half, ...judgement, steps, milliseconds: Math.round(performance.now() - startMs) };
}

function stageProcess(half: Half, signal: AbortSignal | undefined, onStep: OnStep): Promise<StageEnd> {
  const { attempt, without, isolation } = half;
  const program = join(installationWithout([...(attempt.fallen ?? []), ...without]), 'dist/escape-stage.js');
  const words = [attempt.id, ...(isolation === undefined ? [] : [isolation])];
  // A process group of its own: an interrupt at the terminal reaches us, and we take the stage down in order.
  const child = spawn(process.execPath, ['--no-warnings', program, ...words], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    detached: true,
  });
  let end: StageEnd | undefined;
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-STDERR_TAIL_CHARACTERS);
  });
  child.on('message', (message) => {
    const told = message as StageMessage;
    if ('step' in told) onStep(told.step);
    else end = told.end;
  });
  // It leaves by itself when its channel closes; when even that fails, by force.
  const leave = (): void => {
    if (child.connected) child.disconnect();
    setTimeout(() => child.kill('SIGKILL'), LEAVE_MS).unref();
  };
  let cause = '';
  const stop = (why: string): void => {
    cause ||= why;
    leave();
  };
  const timer = setTimeout(() => stop(`no end within ${DEADLINE_MS / 1000} s`), DEADLINE_MS);
  const onAbort = (): void => stop('interrupted');
  signal?.addEventListener('abort', onAbort);
  if (signal?.aborted) onAbort();
  return gone(child).then((how) => {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
    const message = `${cause || how} ${stderr.trim()}`.trim();
    return end ?? { kind: cause === '' && child.signalCode !== null ? 'died' : 'failed', message };
  });
}

/** Resolves with how the process ended. Node's `close` does not come when we were the one to disconnect. */
function gone(child: ChildProcess): Promise<string> {
  const exit = new Promise<string>((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('exit', (code, name) => resolve(`the stage's process ended with ${name ?? `status ${code}`}`));
  });
  const lastWords = new Promise((resolve) => child.stderr?.on('close', resolve));
  return Promise.all([exit, lastWords]).then(([how]) => how);
}

/** "E05a", "E05a without jail". */
export const titleOf = ({ attempt, without }: Half): string =>
  without.length === 0 ? attempt.id : `${attempt.id} without ${nameOfSet(without)}`;
