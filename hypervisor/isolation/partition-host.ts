// One partition's host: makes its memory, its VP's thread and the doorbell by which it is woken, and asks it to pause and
// to stop. Runs on the main thread of the partition process or, at isolation level `thread`, on the hypervisor's own.
// What travels between guest and root partition does so on the VP's thread (virtual-processor/root-link.ts).
import { closeSync } from 'node:fs';
import { Piscina } from 'piscina';
import { HV_BOOT_ARGUMENTS_BYTES } from '../abi/hypercalls.ts';
import { admitModule } from '../partition/admission.ts';
import type { PrivilegeMask } from '../partition/privilege-mask.ts';
import { createGuestMemory, GuestMemory } from '../platform/guest-memory.ts';
import { sharedNowMs } from '../platform/reference-clock.ts';
import type { ProfileEntry } from '../platform/sampling-profiler.ts';
import { Synic } from '../synic/synic.ts';
import {
  CB_EXIT_CODE,
  CB_EXIT_REASON,
  CB_REQUEST,
  CB_SAMPLING,
  CB_VP_STATE,
  counterNames,
  counterWord,
  createControlBlock,
  REQUEST_PAUSE,
  REQUEST_RUN,
  REQUEST_STOP,
  VP_HALTED,
  VP_PAUSED,
} from '../virtual-processor/control-block.ts';
import { watchThrottle } from '../virtual-processor/hypercall-throttle.ts';
import { RefusalWatch } from '../virtual-processor/refused-code.ts';
import type { VpOutcome, VpTask } from '../virtual-processor/vp-task.ts';
import { Doorbell } from './doorbell.ts';
import { mustSystemCall } from './foreign-functions.ts';
import type { Inspection } from './inspection.ts';

const F_SETFL = 4;
const O_NONBLOCK = 0o4000;

/** Those whose VP's thread there may be: it sleeps where the engine cannot end it, and an exit would wait for it. */
const live = new Set<PartitionHost>();
process.on('exit', () => {
  for (const host of live) host.stop();
});

/** What a partition is made of, apart from its module. */
export interface PartitionConfiguration {
  partitionId: number;
  memoryPages: number;
  privileges: PrivilegeMask;
  /** `key=value` lines, at most HV_BOOT_ARGUMENTS_BYTES bytes of UTF-8. */
  bootArguments: string;
  granularityTicks: number;
  hypercallsPerSecond: number;
  /** Whether the guest may add code to its table (hypervisor/code-publishing). */
  mayPublishCode: boolean;
}

/** How a partition's run ended. */
export type HostExit =
  | { kind: 'exited'; reason: number; code: number }
  | { kind: 'stopped' }
  | { kind: 'trapped'; message: string }
  | { kind: 'disconnected'; message: string };

export type PartitionCounters = Record<(typeof counterNames)[number], number>;

/** That code was refused since the last such report: the counters now, and the first one's reason. */
export interface RefusalReport {
  counters: PartitionCounters;
  reason: string;
}

export class PartitionHost implements Inspection {
  readonly #configuration: PartitionConfiguration;
  readonly #memory: WebAssembly.Memory;
  readonly #controlBlock = createControlBlock();
  readonly #words = new Int32Array(this.#controlBlock);
  readonly #pool: Piscina;
  readonly #socketFd: number;
  readonly #doorbell = new Doorbell();
  readonly #epochMs = sharedNowMs();
  readonly #refusals: RefusalWatch;
  readonly #endThrottleWatch: () => void;
  /** Called for each second that VPs have waited because of their hypercalls. */
  onThrottled: ((counters: PartitionCounters) => void) | undefined;
  /** Called at most once a second. */
  onRefusedCode: ((report: RefusalReport) => void) | undefined;
  #keepsCode = false;
  samples: readonly ProfileEntry[] = [];
  publishedCode: ReadonlyMap<number, Uint8Array> = new Map();

  /**
   * @param vpWorkerFile the VP worker's program
   * @param socketFd the connected socket to the root partition; the host owns and closes it
   */
  constructor(configuration: PartitionConfiguration, vpWorkerFile: string, socketFd: number) {
    this.#configuration = configuration;
    this.#memory = createGuestMemory(configuration.memoryPages);
    new Synic(this.#controlBlock, new GuestMemory(this.#memory.buffer)).reset();
    this.#pool = new Piscina({ filename: vpWorkerFile, name: 'run', minThreads: 1, maxThreads: 1 });
    this.#socketFd = socketFd;
    mustSystemCall('fcntl', socketFd, F_SETFL, O_NONBLOCK);
    this.#refusals = new RefusalWatch(this.#words, (reason) =>
      this.onRefusedCode?.({ counters: this.counters(), reason }),
    );
    this.#endThrottleWatch = watchThrottle(this.#words, () => this.onThrottled?.(this.counters()));
    live.add(this);
  }

  /** Resolves when the VP's thread is up; after that the process needs to load nothing more. */
  async warmUp(): Promise<void> {
    await this.#pool.run({ warmUp: true });
  }

  /** Admits and compiles the module, and runs the VP to its end. */
  async run(moduleBytes: Uint8Array): Promise<HostExit> {
    const admitted = admitModule(moduleBytes, this.#configuration.memoryPages);
    const module = await WebAssembly.compile(admitted);
    const bootArguments = Buffer.from(this.#configuration.bootArguments);
    if (bootArguments.length > HV_BOOT_ARGUMENTS_BYTES) throw new RangeError('boot arguments are too long');
    const task: VpTask = {
      partitionId: this.#configuration.partitionId,
      vpIndex: 0,
      module,
      memory: this.#memory,
      controlBlock: this.#controlBlock,
      socketFd: this.#socketFd,
      doorbellFd: this.#doorbell.fd,
      privileges: this.#configuration.privileges,
      bootArguments: new Uint8Array(bootArguments),
      epochMs: this.#epochMs,
      granularityTicks: this.#configuration.granularityTicks,
      hypercallsPerSecond: this.#configuration.hypercallsPerSecond,
      mayPublishCode: this.#configuration.mayPublishCode,
      keepsCode: this.#keepsCode,
    };
    const outcome = (await this.#pool.run(task)) as VpOutcome;
    this.samples = outcome.samples ?? [];
    this.#refusals.flush();
    this.publishedCode = outcome.publishedCode ?? new Map();
    return this.#explain(outcome);
  }

  #explain(outcome: VpOutcome): HostExit {
    const { kind } = outcome;
    if (kind === 'trapped' || kind === 'disconnected') return { kind, message: outcome.message };
    if (kind === 'stopped') return { kind };
    return {
      kind: 'exited',
      reason: this.#words[CB_EXIT_REASON] as number,
      code: (this.#words[CB_EXIT_CODE] as number) >>> 0,
    };
  }

  /**
   * Asks the VP to pause and waits until it has.
   * @returns false when the guest did not come to a pause within `timeoutMs` (it goes on running then)
   */
  async pause(timeoutMs: number): Promise<boolean> {
    this.#setRequest(REQUEST_PAUSE);
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const state = Atomics.load(this.#words, CB_VP_STATE);
      if (state === VP_PAUSED || state === VP_HALTED) return state === VP_PAUSED;
      const leftMs = deadline - performance.now();
      if (leftMs <= 0) break;
      const waiting = Atomics.waitAsync(this.#words, CB_VP_STATE, state, Math.min(leftMs, 5));
      await waiting.value;
    }
    this.resume();
    return false;
  }

  sample(isOn: boolean): void {
    Atomics.store(this.#words, CB_SAMPLING, isOn ? 1 : 0);
  }

  keepCode(): void {
    this.#keepsCode = true;
  }

  get memory(): Uint8Array {
    return new Uint8Array(this.#memory.buffer);
  }

  resume(): void {
    this.#setRequest(REQUEST_RUN);
  }

  /** Asks the VP to stop at its next hypercall, idle or budget's end. */
  stop(): void {
    this.#setRequest(REQUEST_STOP);
  }

  #setRequest(request: number): void {
    Atomics.store(this.#words, CB_REQUEST, request);
    Atomics.notify(this.#words, CB_REQUEST);
    this.#doorbell.ring();
  }

  counters(): PartitionCounters {
    const words = this.#words;
    return Object.fromEntries(
      counterNames.map((name) => [name, (words[counterWord[name]] as number) >>> 0]),
    ) as PartitionCounters;
  }

  /** Ends the VP's thread, whatever it is doing, and closes the socket. To be called once. */
  async close(): Promise<void> {
    this.stop();
    this.#refusals.close();
    this.#endThrottleWatch();
    await this.#pool.destroy();
    live.delete(this);
    closeSync(this.#socketFd);
    this.#doorbell.close();
  }
}
