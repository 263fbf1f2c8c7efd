// One partition's host: its memory, its VP thread, its socket to the root partition. Runs on the main thread of the
// partition process or, at isolation level `thread`, on the hypervisor's own. It takes frames from the root
// partition and puts them into the guest's rings, slots and flags; the other direction happens on the VP's thread.
import { Socket } from 'node:net';
import { Piscina } from 'piscina';
import {
  FRAME_ALL_OFFERS,
  FRAME_COMPLETION,
  FRAME_DATA,
  FRAME_EVENT,
  FRAME_MESSAGE,
  FRAME_OFFER,
  FRAME_OPENED,
  FRAME_RESCIND,
} from '../abi/frames.ts';
import { HV_BOOT_ARGUMENTS_BYTES } from '../abi/hypercalls.ts';
import { HV_STATUS_SUCCESS } from '../abi/status.ts';
import { HV_SYNIC_SINT_COUNT } from '../abi/synic.ts';
import { VMBUS_MAX_CHANNELS, VMBUS_OFFER_LABEL_BYTES, VMBUS_SINT } from '../abi/vmbus.ts';
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
  CHANNEL_ABSENT,
  CHANNEL_OFFERED,
  CHANNEL_SERVICE,
  CHANNEL_STATE,
  channelWord,
  count,
  counterNames,
  counterWord,
  createControlBlock,
  labelByte,
  REQUEST_PAUSE,
  REQUEST_RUN,
  REQUEST_STOP,
  VP_HALTED,
  VP_PAUSED,
  wake,
} from '../virtual-processor/control-block.ts';
import { watchThrottle } from '../virtual-processor/hypercall-throttle.ts';
import { RefusalWatch } from '../virtual-processor/refused-code.ts';
import type { VpOutcome, VpTask } from '../virtual-processor/vp-task.ts';
import { getWord } from '../vmbus/frame-header.ts';
import { type Frame, FrameReader } from '../vmbus/frame-reader.ts';
import { IncomingChannels } from '../vmbus/incoming-channels.ts';
import type { Inspection } from './inspection.ts';

const READ_BYTES = 256 * 1024;
/** Every host of this thread reads into this buffer and is done with it before the next one reads. Not a Buffer, whose
 *  `slice` would be a view of it. */
const readBuffer = new Uint8Array(READ_BYTES);

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
  readonly #socket: Socket;
  readonly #socketFd: number;
  readonly #synic: Synic;
  readonly #incoming: IncomingChannels;
  readonly #offersComplete = Promise.withResolvers<void>();
  readonly #epochMs = sharedNowMs();
  readonly #refusals: RefusalWatch;
  readonly #endThrottleWatch: () => void;
  #disconnected: string | undefined;
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
    const guest = new GuestMemory(this.#memory.buffer);
    this.#synic = new Synic(this.#controlBlock, guest);
    this.#synic.reset();
    this.#incoming = new IncomingChannels(this.#controlBlock, guest);
    this.#pool = new Piscina({ filename: vpWorkerFile, name: 'run', minThreads: 1, maxThreads: 1 });
    this.#socketFd = socketFd;
    const reader = new FrameReader((frame) => this.#take(frame));
    this.#socket = new Socket({
      fd: socketFd,
      readable: true,
      writable: true,
      onread: {
        buffer: readBuffer,
        callback: (bytes) => this.#onRead(reader, readBuffer.subarray(0, bytes)),
      },
    } as ConstructorParameters<typeof Socket>[0]);
    this.#refusals = new RefusalWatch(this.#words, (reason) =>
      this.onRefusedCode?.({ counters: this.counters(), reason }),
    );
    this.#endThrottleWatch = watchThrottle(this.#words, () => this.onThrottled?.(this.counters()));
    this.#offersComplete.promise.catch(() => {});
    this.#listen();
  }

  /** Resolves when the VP's thread is up; after that the process needs to load nothing more. */
  async warmUp(): Promise<void> {
    await this.#pool.run({ warmUp: true });
  }

  /** Admits and compiles the module, waits for the offers, runs the VP to its end. */
  async run(moduleBytes: Uint8Array): Promise<HostExit> {
    const admitted = admitModule(moduleBytes, this.#configuration.memoryPages);
    const [module] = await Promise.all([WebAssembly.compile(admitted), this.#offersComplete.promise]);
    const bootArguments = Buffer.from(this.#configuration.bootArguments);
    if (bootArguments.length > HV_BOOT_ARGUMENTS_BYTES) throw new RangeError('boot arguments are too long');
    const task: VpTask = {
      partitionId: this.#configuration.partitionId,
      vpIndex: 0,
      module,
      memory: this.#memory,
      controlBlock: this.#controlBlock,
      socketFd: this.#socketFd,
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
    if (outcome.kind === 'trapped') return { kind: 'trapped', message: outcome.message };
    if (this.#disconnected !== undefined) return { kind: 'disconnected', message: this.#disconnected };
    if (outcome.kind === 'stopped') return { kind: 'stopped' };
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
    wake(this.#words);
  }

  counters(): PartitionCounters {
    const words = this.#words;
    return Object.fromEntries(
      counterNames.map((name) => [name, (words[counterWord[name]] as number) >>> 0]),
    ) as PartitionCounters;
  }

  /** Ends the VP's thread, whatever it is doing, and closes the socket. */
  async close(): Promise<void> {
    this.stop();
    this.#socket.destroy();
    this.#incoming.close();
    this.#refusals.close();
    this.#endThrottleWatch();
    await this.#pool.destroy();
  }

  #listen(): void {
    this.#socket.on('error', (error) => this.#disconnect(`root partition: ${error.message}`));
    this.#socket.on('close', () => this.#disconnect('root partition closed the connection'));
    this.#incoming.onBackPressure = (isFull) => (isFull ? this.#socket.pause() : this.#socket.resume());
    this.#incoming.onDrained = () => this.#signalChannels();
  }

  #onRead(reader: FrameReader, piece: Uint8Array): boolean {
    try {
      reader.push(piece);
      this.#signalChannels();
    } catch (error) {
      this.#disconnect(`root partition: ${(error as Error).message}`);
    }
    return true;
  }

  #disconnect(message: string): void {
    this.#disconnected ??= message;
    this.#offersComplete.reject(new Error(message));
    this.stop();
  }

  #signalChannels(): void {
    for (const channelId of this.#incoming.takeTouched()) {
      this.#synic.signal(VMBUS_SINT, channelId);
    }
  }

  #take(frame: Frame): void {
    switch (frame.kind) {
      case FRAME_OFFER:
        this.#noteOffer(frame);
        break;
      case FRAME_ALL_OFFERS:
        this.#offersComplete.resolve();
        break;
      case FRAME_RESCIND:
        if (isChannelId(frame.channelId)) {
          Atomics.store(this.#words, channelWord(frame.channelId) + CHANNEL_STATE, CHANNEL_ABSENT);
        }
        break;
      case FRAME_OPENED:
        if (isChannelId(frame.channelId)) this.#incoming.noteOpening(frame.channelId, frame.transactionLo);
        break;
      case FRAME_DATA:
      case FRAME_COMPLETION:
        if (isChannelId(frame.channelId)) this.#incoming.deliver(frame);
        break;
      case FRAME_MESSAGE:
        this.#post(frame.transactionLo, frame.transactionHi, frame.payload);
        break;
      case FRAME_EVENT:
        if (frame.transactionLo < HV_SYNIC_SINT_COUNT) {
          const status = this.#synic.signal(frame.transactionLo, frame.transactionHi);
          if (status === HV_STATUS_SUCCESS) count(this.#words, 'eventsReceived');
        }
        break;
      default:
        break;
    }
  }

  #post(sint: number, type: number, payload: Uint8Array): void {
    const isAccepted =
      sint < HV_SYNIC_SINT_COUNT && this.#synic.post(sint, type, payload) === HV_STATUS_SUCCESS;
    count(this.#words, isAccepted ? 'messagesReceived' : 'messagesDropped');
  }

  #noteOffer(frame: Frame): void {
    if (!isChannelId(frame.channelId) || frame.payload.length !== 4 + VMBUS_OFFER_LABEL_BYTES) return;
    const row = channelWord(frame.channelId);
    this.#words[row + CHANNEL_SERVICE] = getWord(frame.payload, 0);
    new Uint8Array(this.#controlBlock).set(frame.payload.subarray(4), labelByte(frame.channelId));
    Atomics.store(this.#words, row + CHANNEL_STATE, CHANNEL_OFFERED);
  }
}

function isChannelId(channelId: number): boolean {
  return channelId >= 1 && channelId <= VMBUS_MAX_CHANNELS;
}
