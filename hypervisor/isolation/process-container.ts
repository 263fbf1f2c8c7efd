// Isolation levels `process` and `jail`: the partition is a process of its own, spawned by a launcher that is free or
// confined. The hypervisor talks to it over a control stream and believes nothing that it says beyond its own fate.
import { Socket } from 'node:net';
import { TokenBucket } from '../scheduler/token-bucket.ts';
import { checkedCounters, checkedExit } from './control-events.ts';
import {
  type ControlEvent,
  ControlReader,
  type ControlRequest,
  ControlStreamError,
  sendControl,
  sendModule,
} from './control-stream.ts';
import { closeDescriptor } from './descriptors.ts';
import { partitionEngineFlags } from './engine-flags.ts';
import type { LaunchedProcess, Launcher } from './launcher.ts';
import { MemoryGroup, processMemoryBytes } from './memory-group.ts';
import type { ContainerExit, ContainerOptions, PartitionContainer } from './partition-container.ts';
import type { PartitionCounters, RefusalReport } from './partition-host.ts';
import { programFile } from './program-files.ts';
import { socketPair } from './socket-pair.ts';

const READY_TIMEOUT_MS = 20_000;
/** Messages of a partition process that answer nothing: it has a handful to send, then one or two a second. */
const UNASKED_PER_SECOND = 8;
const UNASKED_AT_ONCE = 64;
const WASM_PAGE_BYTES = 65_536;
/** A guest that cannot pause by itself is stopped by the kernel; the signal takes no time to speak of. */
const PAUSE_ANSWER_SLACK_MS = 200;

export class ProcessContainer implements PartitionContainer {
  readonly level: 'process' | 'jail';
  readonly exited: Promise<ContainerExit>;
  onRefusedCode: ((report: RefusalReport) => void) | undefined;
  onThrottled: ((counters: PartitionCounters) => void) | undefined;
  walls: string[] = [];
  pid = 0;
  readonly #options: ContainerOptions;
  readonly #launcher: Launcher;
  readonly #uid: number | undefined;
  readonly #exit = Promise.withResolvers<ContainerExit>();
  readonly #ready = Promise.withResolvers<void>();
  #process: LaunchedProcess | undefined;
  #memoryGroup: MemoryGroup | undefined;
  #control: Socket | undefined;
  #onPaused: ((isPaused: boolean) => void) | undefined;
  /** Those who asked for counters, in order. */
  readonly #askers: ((counters: PartitionCounters) => void)[] = [];
  readonly #unasked = new TokenBucket(UNASKED_PER_SECOND, UNASKED_AT_ONCE);
  #isReady = false;
  #endGoverning: () => void = () => {};
  #lastCounters: PartitionCounters = checkedCounters({});

  /** @param launcher confined or not, which is what makes the level */
  constructor(options: ContainerOptions, launcher: Launcher, uid: number | undefined) {
    this.level = launcher.isConfined ? 'jail' : 'process';
    this.#options = options;
    this.#launcher = launcher;
    this.#uid = uid;
    this.exited = this.#exit.promise;
    // Nobody may be waiting any more when the process ends.
    this.#ready.promise.catch(() => {});
  }

  async prepare(): Promise<void> {
    const [ownEnd, theirEnd] = socketPair();
    const { configuration, rootSocketFd, processors } = this.#options;
    try {
      this.#process = await this.#launcher.launch({
        program: programFile('partition-process'),
        arguments: [],
        engineFlags: partitionEngineFlags({ memoryPages: configuration.memoryPages }),
        fds: [rootSocketFd, theirEnd],
        processors,
      });
    } finally {
      closeDescriptor(rootSocketFd);
      closeDescriptor(theirEnd);
    }
    this.pid = this.#process.pid;
    if (this.level === 'jail') {
      const guestBytes = configuration.memoryPages * WASM_PAGE_BYTES;
      this.#memoryGroup = MemoryGroup.around(this.pid, processMemoryBytes(guestBytes));
    }
    void this.#process.exited.then(({ code, signal }) => this.#onProcessEnd(code, signal));
    this.#control = new Socket({ fd: ownEnd, readable: true, writable: true });
    this.#listen(this.#control);
    this.#send({ type: 'start', configuration, isTightened: this.level === 'jail', uid: this.#uid });
    const timer = setTimeout(
      () =>
        this.#ready.reject(new Error(`partition process did not get ready within ${READY_TIMEOUT_MS} ms`)),
      READY_TIMEOUT_MS,
    );
    try {
      await this.#ready.promise;
    } finally {
      clearTimeout(timer);
    }
  }

  run(module: Uint8Array): void {
    this.#endGoverning = this.#govern();
    if (this.#control !== undefined) sendModule(this.#control, module);
  }

  async pause(timeoutMs: number): Promise<boolean> {
    const answer = new Promise<boolean>((resolve) => {
      this.#onPaused = resolve;
      setTimeout(() => resolve(false), timeoutMs + PAUSE_ANSWER_SLACK_MS).unref();
    });
    this.#send({ type: 'pause', timeoutMs });
    if (await answer) return true;
    // The guest neither idles nor makes hypercalls: stop all of its threads.
    this.#process?.hold('pause');
    return true;
  }

  resume(): void {
    this.#process?.release('pause');
    this.#send({ type: 'resume' });
  }

  stop(): void {
    // It is to end: however far ahead of its share it is, its last orders must reach it.
    this.#endGoverning();
    this.#send({ type: 'stop' });
  }

  counters(): Promise<PartitionCounters> {
    const answer = new Promise<PartitionCounters>((resolve) => this.#askers.push(resolve));
    this.#send({ type: 'counters' });
    return Promise.race([answer, this.exited.then(() => this.#lastCounters)]);
  }

  #govern(): () => void {
    const launched = this.#process;
    if (launched === undefined) return () => {};
    const { governor, cpu, processors } = this.#options;
    return governor.govern(
      {
        pid: launched.pid,
        hold: () => launched.hold('scheduler'),
        release: () => launched.release('scheduler'),
      },
      cpu,
      processors,
    );
  }

  async kill(): Promise<void> {
    this.#endGoverning();
    this.#exit.resolve({ kind: 'killed', message: 'the partition was killed' });
    this.#process?.kill();
    await this.#process?.exited;
    await this.#memoryGroup?.remove();
    this.#control?.destroy();
  }

  #send(request: ControlRequest): void {
    if (this.#control !== undefined) sendControl(this.#control, request);
  }

  #listen(control: Socket): void {
    const reader = new ControlReader((message) => this.#take(message));
    control.on('data', (piece: Buffer) => {
      try {
        reader.push(piece);
      } catch (error) {
        // Only a process that is no longer running our program writes such bytes.
        this.#exit.resolve({ kind: 'killed', message: (error as Error).message });
        this.#process?.kill();
      }
    });
    control.on('error', () => {});
  }

  #take(message: unknown): void {
    const event = message as ControlEvent;
    if (!this.#isAwaited(event.type) && !this.#unasked.charge(1)) {
      throw new ControlStreamError('the partition process talks too much');
    }
    switch (event.type) {
      case 'ready':
        // What it says of itself counts once: before it has seen a byte of its guest.
        if (this.#isReady) break;
        this.#isReady = true;
        this.walls = [
          ...this.#launcher.walls,
          ...(Array.isArray(event.walls) ? event.walls.map(String) : []),
        ];
        if (this.#memoryGroup !== undefined) this.walls.push(this.#memoryGroup.wall);
        this.#ready.resolve();
        break;
      case 'exit':
        this.#lastCounters = checkedCounters(event.counters);
        this.#exit.resolve(checkedExit(event.exit));
        break;
      case 'refused':
        this.#exit.resolve({ kind: 'refused', message: String(event.message) });
        break;
      case 'paused':
        this.#onPaused?.(event.isPaused === true);
        this.#onPaused = undefined;
        break;
      case 'refused-code':
        this.onRefusedCode?.({ counters: checkedCounters(event.counters), reason: String(event.reason) });
        break;
      case 'throttled':
        this.onThrottled?.(checkedCounters(event.counters));
        break;
      case 'counters':
        this.#lastCounters = checkedCounters(event.counters);
        this.#askers.shift()?.(this.#lastCounters);
        break;
      default:
        break;
    }
  }

  #isAwaited(type: ControlEvent['type']): boolean {
    return type === 'counters' ? this.#askers.length > 0 : type === 'paused' && this.#onPaused !== undefined;
  }

  #onProcessEnd(code: number | null, signal: string | null): void {
    this.#endGoverning();
    const cause = signal === null ? `ended with code ${code}` : `was ended by ${signal}`;
    const detail = this.#process?.stderrTail().trim();
    const message = `the partition process ${cause}${detail ? `: ${detail}` : ''}`;
    this.#ready.reject(new Error(message));
    this.#exit.resolve({ kind: 'killed', message });
    this.#control?.destroy();
  }
}
