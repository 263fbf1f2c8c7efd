// A virtual processor's run loop: runs the guest in budgets, parks it when it idles, pauses and stops it on request.
// Everything here is trusted and runs on the VP's thread.
import { HV_VP_HALTED } from '../abi/hypercalls.ts';
import { HV_PRIVILEGE_ACCESS_PARTITION_REFERENCE_COUNTER } from '../abi/privileges.ts';
import { CodePublisher } from '../code-publishing/code-publisher.ts';
import { createHypercallImport } from '../hypercall/dispatcher.ts';
import type { HypercallContext } from '../hypercall/hypercall-context.ts';
import { hasPrivilege } from '../partition/privilege-mask.ts';
import { FrameSocket } from '../platform/frame-socket.ts';
import { GuestMemory } from '../platform/guest-memory.ts';
import { createReferenceClock } from '../platform/reference-clock.ts';
import { SamplingProfiler } from '../platform/sampling-profiler.ts';
import { RUN_BUDGET } from '../scheduler/run-budget.ts';
import { Synic } from '../synic/synic.ts';
import { FrameOutbox } from '../vmbus/frame-outbox.ts';
import { IncomingFrames } from '../vmbus/incoming-frames.ts';
import { VmbusServer } from '../vmbus/vmbus-server.ts';
import {
  CB_REQUEST,
  CB_SAMPLING,
  CB_VP_STATE,
  CB_WAKE,
  counterWord,
  REQUEST_PAUSE,
  REQUEST_RUN,
  REQUEST_STOP,
  VP_HALTED,
  VP_IDLE,
  VP_PAUSED,
  VP_RUNNING,
} from './control-block.ts';
import { HypercallThrottle } from './hypercall-throttle.ts';
import { noteRefusal } from './refused-code.ts';
import { RootLink, RootPartitionLost } from './root-link.ts';
import type { VpOutcome, VpTask } from './vp-task.ts';

/** Unwinds the guest's frames when the partition is stopped inside a hypercall or while it idles. */
class VpStopped extends Error {}

type RunExport = (vpIndex: number, budget: number) => number;

/** Runs one VP until its guest halts, traps or is stopped. */
export function runVirtualProcessor(task: VpTask): VpOutcome {
  const profiler = new SamplingProfiler();
  const publishedCode = task.keepsCode ? new Map<number, Uint8Array>() : undefined;
  const outcome = runToEnd(task, profiler, publishedCode);
  profiler.stop();
  const samples = profiler.entries();
  return {
    ...outcome,
    ...(samples.length === 0 ? {} : { samples }),
    ...(publishedCode === undefined ? {} : { publishedCode }),
  };
}

function runToEnd(
  task: VpTask,
  profiler: SamplingProfiler,
  publishedCode: Map<number, Uint8Array> | undefined,
): VpOutcome {
  const words = new Int32Array(task.controlBlock);
  const memory = new GuestMemory(task.memory.buffer);
  const synic = new Synic(task.controlBlock, memory);
  const socket = new FrameSocket(task.socketFd, task.doorbellFd);
  const link = new RootLink(words, socket, new IncomingFrames(task.controlBlock, memory, synic), () =>
    lookAround(words),
  );
  const outbox = new FrameOutbox((bytes, length) => link.send(bytes, length));
  const publisher = task.mayPublishCode
    ? new CodePublisher(task.memory, (kind, reason) => noteRefusal(words, kind, reason))
    : undefined;
  publisher?.keepIn(publishedCode);
  const { referenceTime, waitMs } = createReferenceClock(task.epochMs, task.granularityTicks);
  const context: HypercallContext = {
    partitionId: task.partitionId,
    vpIndex: task.vpIndex,
    words,
    memory,
    privileges: task.privileges,
    synic,
    vmbus: new VmbusServer(task.controlBlock, memory, synic, outbox),
    bootArguments: task.bootArguments,
    referenceTime,
    throttle: new HypercallThrottle(words, task.hypercallsPerSecond, (ms) => sleep(words, ms)),
    publisher,
  };
  try {
    link.awaitOffers();
    const exports = instantiate(task, {
      hypercall: createHypercallImport(context),
      referenceTime: mayReadTime(task) ? referenceTime : () => 0,
      idle: createIdleImport(words, link, waitMs),
    });
    publisher?.attach(exports['table']);
    return loop(words, link, exports['run'] as RunExport, task.vpIndex, profiler);
  } catch (error) {
    if (error instanceof VpStopped) return { kind: 'stopped' };
    if (error instanceof RootPartitionLost) return { kind: 'disconnected', message: error.message };
    return { kind: 'trapped', message: String(error instanceof Error ? error.message : error) };
  } finally {
    socket.close();
  }
}

/** A guest without AccessPartitionReferenceCounter sees no time: its import says 0. */
function mayReadTime({ privileges }: VpTask): boolean {
  return hasPrivilege(privileges, HV_PRIVILEGE_ACCESS_PARTITION_REFERENCE_COUNTER);
}

function instantiate(task: VpTask, hv: Record<string, unknown>): Record<string, unknown> {
  // Null prototypes: an import called "constructor" or "__proto__" finds nothing.
  const imports = Object.assign(Object.create(null), {
    hv: Object.assign(Object.create(null), hv),
    env: Object.assign(Object.create(null), { memory: task.memory }),
  });
  return new WebAssembly.Instance(task.module, imports).exports;
}

function loop(
  words: Int32Array,
  link: RootLink,
  run: RunExport,
  vpIndex: number,
  profiler: SamplingProfiler,
): VpOutcome {
  Atomics.store(words, CB_VP_STATE, VP_RUNNING);
  for (;;) {
    lookAround(words);
    link.wait(0);
    if ((words[CB_SAMPLING] !== 0) !== profiler.isOn) {
      if (profiler.isOn) profiler.stop();
      else profiler.start();
    }
    words[counterWord.runs] = (words[counterWord.runs] as number) + 1;
    const disposition = run(vpIndex, RUN_BUDGET);
    if (disposition === HV_VP_HALTED || Atomics.load(words, CB_VP_STATE) === VP_HALTED) break;
  }
  Atomics.store(words, CB_VP_STATE, VP_HALTED);
  return { kind: 'halted' };
}

/** To be called wherever the VP may stop or pause. @throws VpStopped */
function lookAround(words: Int32Array): void {
  if (Atomics.load(words, CB_REQUEST) !== REQUEST_RUN) obeyRequest(words);
}

/** Waits out a pause. @throws VpStopped when the partition is to stop */
function obeyRequest(words: Int32Array): void {
  const previous = Atomics.load(words, CB_VP_STATE);
  for (;;) {
    const request = Atomics.load(words, CB_REQUEST);
    if (request === REQUEST_STOP) throw new VpStopped();
    if (request !== REQUEST_PAUSE) break;
    Atomics.store(words, CB_VP_STATE, VP_PAUSED);
    Atomics.notify(words, CB_VP_STATE);
    Atomics.wait(words, CB_REQUEST, REQUEST_PAUSE);
  }
  Atomics.store(words, CB_VP_STATE, previous);
}

/** Blocks the VP for so long, or for a pause. @throws VpStopped when the partition is to stop */
function sleep(words: Int32Array, ms: number): void {
  const endMs = performance.now() + ms;
  for (let leftMs = ms; leftMs > 0; leftMs = endMs - performance.now()) {
    Atomics.wait(words, CB_REQUEST, REQUEST_RUN, leftMs);
    lookAround(words);
  }
}

function createIdleImport(
  words: Int32Array,
  link: RootLink,
  waitMs: (deadline: number) => number,
): (deadline: number) => number {
  let seen = Atomics.load(words, CB_WAKE);
  // Named for the sampling profiler.
  return function idle(deadline) {
    words[counterWord.idleCalls] = (words[counterWord.idleCalls] as number) + 1;
    // Once around with a deadline in the past, which NaN from a guest counts as: what has come is taken.
    for (let isOver = false; ; ) {
      lookAround(words);
      const sequence = Atomics.load(words, CB_WAKE);
      if (sequence !== seen) {
        seen = sequence;
        return 1;
      }
      if (isOver) return 0;
      const leftMs = waitMs(deadline);
      isOver = !(leftMs > 0);
      Atomics.store(words, CB_VP_STATE, VP_IDLE);
      link.wait(isOver ? 0 : leftMs);
      Atomics.store(words, CB_VP_STATE, VP_RUNNING);
    }
  };
}
