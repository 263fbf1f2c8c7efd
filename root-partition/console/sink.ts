// A byte stream from the guest to a file ("trace", "signature"): console OUTPUT packets, written in order, at most
// `maxBytes` of them. The guest waits for a slow file; nothing is dropped but what exceeds the cap, and that is counted.
import { close, write } from 'node:fs';
import { CONSOLE_HEADER_BYTES } from '../../hypervisor/abi/channels/console.ts';
import { CHANNEL_SERVICE_CONSOLE } from '../../hypervisor/abi/channels/services.ts';
import type { Channel } from '../channel.ts';
import type { Device } from '../device.ts';
import { isConsoleOutput } from './requests.ts';

interface Chunk {
  bytes: Uint8Array;
  channel: Channel;
  acceptedBytes: number;
}

export class SinkService implements Device {
  readonly service = CHANNEL_SERVICE_CONSOLE;
  readonly inFlightLimit = 64;
  readonly label: string;
  readonly #fd: number;
  readonly #maxBytes: number;
  #acceptedBytes = 0;
  #writtenBytes = 0;
  #droppedBytes = 0;
  #failedWrites = 0;
  #invalid = 0;
  #waiting: Chunk[] = [];
  #isWriting = false;
  #onIdle: () => void = () => {};

  /** Takes ownership of `fd`. */
  constructor(label: string, fd: number, maxBytes: number) {
    this.label = label;
    this.#fd = fd;
    this.#maxBytes = maxBytes;
  }

  open(): void {}
  close(): void {}

  receive(channel: Channel, payload: Uint8Array): void {
    if (!isConsoleOutput(payload)) {
      this.#invalid++;
      return;
    }
    const room = this.#maxBytes - this.#acceptedBytes;
    const length = Math.min(room, payload.length - CONSOLE_HEADER_BYTES);
    this.#droppedBytes += payload.length - CONSOLE_HEADER_BYTES - length;
    if (length === 0) return;
    this.#acceptedBytes += length;
    channel.beginRequest(length);
    const bytes = payload.slice(CONSOLE_HEADER_BYTES, CONSOLE_HEADER_BYTES + length);
    this.#waiting.push({ bytes, channel, acceptedBytes: length });
    this.#writeNext();
  }

  #writeNext(): void {
    const first = this.#waiting[0];
    if (this.#isWriting) return;
    if (first === undefined) {
      this.#onIdle();
      return;
    }
    this.#isWriting = true;
    write(this.#fd, first.bytes, 0, first.bytes.length, null, (error, written) => {
      this.#isWriting = false;
      if (error !== null) this.#failedWrites++;
      else this.#writtenBytes += written;
      if (error === null && written < first.bytes.length) {
        first.bytes = first.bytes.subarray(written);
      } else {
        this.#waiting.shift();
        first.channel.settleRequest(first.acceptedBytes);
      }
      this.#writeNext();
    });
  }

  statistics(): Record<string, number> {
    return {
      writtenBytes: this.#writtenBytes,
      droppedBytes: this.#droppedBytes,
      failedWrites: this.#failedWrites,
      invalidRequests: this.#invalid,
    };
  }

  async release(): Promise<void> {
    if (this.#isWriting || this.#waiting.length > 0) {
      await new Promise<void>((resolve) => {
        this.#onIdle = resolve;
      });
    }
    await new Promise<void>((resolve) => close(this.#fd, () => resolve()));
  }
}
