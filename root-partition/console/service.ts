// The console VSP (abi/channels/console.ts): scroll-back in a ring, any number of attached readers, input from all of
// them. Output never waits for a reader; input waits for the guest within a bound.
import {
  CONSOLE_HEADER_BYTES,
  CONSOLE_INPUT,
  CONSOLE_MAX_CHUNK_BYTES,
  CONSOLE_RESIZE,
} from '../../hypervisor/abi/channels/console.ts';
import { CHANNEL_SERVICE_CONSOLE } from '../../hypervisor/abi/channels/services.ts';
import { putWord } from '../../hypervisor/vmbus/frame-header.ts';
import type { Channel } from '../channel.ts';
import type { Device } from '../device.ts';
import { ConsoleReader } from './reader.ts';
import { isConsoleOutput } from './requests.ts';
import { ScrollBack } from './scroll-back.ts';

export const DEFAULT_SCROLL_BACK_BYTES = 256 * 1024;
/** Input that the guest has not taken; readers are not read while there is more. */
const INPUT_LIMIT_BYTES = 64 * 1024;
export const READERS_LIMIT = 16;

export class ConsoleService implements Device {
  readonly service = CHANNEL_SERVICE_CONSOLE;
  readonly label = 'console';
  readonly inFlightLimit = Infinity;
  readonly #scrollBack: ScrollBack;
  readonly #readers = new Map<number, ConsoleReader>();
  #channel: Channel | undefined;
  #input: Uint8Array[] = [];
  #inputBytes = 0;
  #size: { columns: number; rows: number } | undefined;
  #invalid = 0;
  #droppedBytes = 0;
  /** Called when a reader is gone, with what it lost. */
  onReaderEnd: (readerId: number, droppedBytes: number) => void = () => {};

  constructor(scrollBackBytes = DEFAULT_SCROLL_BACK_BYTES) {
    this.#scrollBack = new ScrollBack(scrollBackBytes);
  }

  open(channel: Channel): void {
    this.#channel = channel;
    this.#sendSize();
    this.resume();
  }

  close(): void {
    this.#channel = undefined;
  }

  receive(_channel: Channel, payload: Uint8Array): void {
    if (!isConsoleOutput(payload)) {
      this.#invalid++;
      return;
    }
    const output = payload.subarray(CONSOLE_HEADER_BYTES);
    this.#scrollBack.append(output);
    for (const reader of this.#readers.values()) reader.write(output);
  }

  /** Takes ownership of `fd`. False when the reader exists or there are too many. */
  attach(readerId: number, fd: number): boolean {
    if (this.#readers.has(readerId) || this.#readers.size >= READERS_LIMIT) return false;
    const reader = new ConsoleReader(fd, this.#scrollBack.snapshot(), {
      onInput: (bytes) => this.#takeInput(bytes),
      onEnd: () => this.#forget(readerId),
    });
    this.#readers.set(readerId, reader);
    return true;
  }

  detach(readerId: number): boolean {
    const reader = this.#readers.get(readerId);
    if (reader === undefined) return false;
    reader.end();
    this.#forget(readerId);
    return true;
  }

  #forget(readerId: number): void {
    const reader = this.#readers.get(readerId);
    if (reader === undefined) return;
    this.#readers.delete(readerId);
    this.#droppedBytes += reader.droppedBytes;
    this.onReaderEnd(readerId, reader.droppedBytes);
  }

  resize(columns: number, rows: number): void {
    this.#size = { columns, rows };
    this.#sendSize();
  }

  #sendSize(): void {
    if (this.#size === undefined || this.#channel === undefined) return;
    const message = new Uint8Array(8);
    putWord(message, 0, CONSOLE_RESIZE);
    putWord(message, 4, this.#size.columns | (this.#size.rows << 16));
    this.#channel.send(message, new Uint8Array(0));
  }

  #takeInput(bytes: Uint8Array): void {
    this.#input.push(bytes);
    this.#inputBytes += bytes.length;
    this.#passInput();
    if (this.#inputBytes > INPUT_LIMIT_BYTES) for (const reader of this.#readers.values()) reader.pause();
  }

  /** The guest may have room again. */
  resume(): void {
    this.#passInput();
    if (this.#inputBytes <= INPUT_LIMIT_BYTES) for (const reader of this.#readers.values()) reader.resume();
  }

  #passInput(): void {
    const header = new Uint8Array(CONSOLE_HEADER_BYTES);
    putWord(header, 0, CONSOLE_INPUT);
    for (let first = this.#input[0]; first !== undefined; first = this.#input[0]) {
      const chunk = first.subarray(0, CONSOLE_MAX_CHUNK_BYTES);
      if (this.#channel?.send(header, chunk) !== true) return;
      this.#inputBytes -= chunk.length;
      if (chunk.length === first.length) this.#input.shift();
      else this.#input[0] = first.subarray(chunk.length);
    }
  }

  statistics(): Record<string, number> {
    let droppedBytes = this.#droppedBytes;
    for (const reader of this.#readers.values()) droppedBytes += reader.droppedBytes;
    return {
      outputBytes: this.#scrollBack.totalBytes,
      readers: this.#readers.size,
      droppedBytes,
      waitingInputBytes: this.#inputBytes,
      invalidRequests: this.#invalid,
    };
  }

  release(): Promise<void> {
    for (const readerId of [...this.#readers.keys()]) this.detach(readerId);
    return Promise.resolve();
  }
}
