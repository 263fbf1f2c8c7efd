// The storage VSP (abi/channels/storage.ts): requests in, answers out, whatever keeps the bytes. Several requests are
// in flight at a time; answers go out as they are ready. An answer that comes after its channel was closed is dropped,
// but its request still counts as in flight until then.

import { CHANNEL_SERVICE_STORAGE } from '../../hypervisor/abi/channels/services.ts';
import {
  STORAGE_ANSWER_HEADER_BYTES,
  STORAGE_BLOCK_BYTES,
  STORAGE_DISCARD,
  STORAGE_FLAG_DISCARD,
  STORAGE_FLAG_READ_ONLY,
  STORAGE_FLUSH,
  STORAGE_MAX_TRANSFER_BYTES,
  STORAGE_QUERY,
  STORAGE_QUERY_ANSWER_BYTES,
  STORAGE_READ,
  STORAGE_REQUEST_HEADER_BYTES,
  STORAGE_STATUS_OK,
  STORAGE_WRITE,
  STORAGE_WRITE_ZEROES,
} from '../../hypervisor/abi/channels/storage.ts';
import { putWord } from '../../hypervisor/vmbus/frame-header.ts';
import type { Channel } from '../channel.ts';
import type { Device } from '../device.ts';
import { parseStorageRequest, type StorageRequest } from './requests.ts';
import { Turns } from './turns.ts';
import type { Volume } from './volume.ts';

/** A request being carried out: where its answer goes, and the buffer that its data passes through. */
interface Operation {
  channel: Channel;
  generation: number;
  lo: number;
  hi: number;
  request: StorageRequest;
  buffer: Uint8Array;
}

/** Buffers have one of two sizes, so that small requests keep no large ones and find theirs again. */
const SMALL_BUFFER_BYTES = 4096;
const BUFFERS_KEPT = 32;

export class StorageService implements Device {
  readonly service = CHANNEL_SERVICE_STORAGE;
  readonly inFlightLimit = 32;
  readonly label: string;
  readonly #volume: Volume;
  readonly #turns: Turns;
  readonly #smallBuffers: Uint8Array[] = [];
  readonly #largeBuffers: Uint8Array[] = [];
  #inFlight = 0;
  #onIdle: () => void = () => {};
  readonly #counters = {
    requests: 0,
    refusedRequests: 0,
    failedRequests: 0,
    bytesRead: 0,
    bytesWritten: 0,
    flushes: 0,
  };

  /** @param turns shared by all disks of the partition */
  constructor(label: string, volume: Volume, turns = new Turns()) {
    this.#turns = turns;
    this.label = label;
    this.#volume = volume;
  }

  open(): void {}
  close(): void {}

  receive(channel: Channel, payload: Uint8Array, lo: number, hi: number): void {
    const request = parseStorageRequest(payload, this.#volume);
    this.#counters.requests++;
    if (request.status !== STORAGE_STATUS_OK) {
      this.#counters.refusedRequests++;
      this.#answer(channel, channel.generation, request, lo, hi);
      return;
    }
    if (request.operation === STORAGE_QUERY) {
      this.#answerQuery(channel, lo, hi);
      return;
    }
    const hasData = request.operation === STORAGE_READ || request.operation === STORAGE_WRITE;
    const operation: Operation = {
      channel,
      generation: channel.generation,
      lo,
      hi,
      request,
      buffer: hasData ? this.#takeBuffer(request.length) : new Uint8Array(0),
    };
    channel.beginRequest(hasData ? request.length : 0);
    this.#inFlight++;
    if (request.operation === STORAGE_WRITE) {
      operation.buffer.set(payload.subarray(STORAGE_REQUEST_HEADER_BYTES));
    }
    this.#turns.begin(() => this.#start(operation));
  }

  #start(operation: Operation): void {
    const { request, buffer } = operation;
    const { offset, length } = request;
    const done = (status: number): void => this.#finish(operation, status);
    switch (request.operation) {
      case STORAGE_READ:
        this.#volume.read({ bytes: buffer, at: 0, length }, offset, done);
        return;
      case STORAGE_WRITE:
        this.#volume.write({ bytes: buffer, at: 0, length }, offset, done);
        return;
      case STORAGE_FLUSH:
        this.#volume.flush(done);
        return;
      case STORAGE_DISCARD:
        this.#volume.discard(offset, length, done);
        return;
      case STORAGE_WRITE_ZEROES:
        this.#volume.writeZeroes(offset, length, done);
        return;
    }
  }

  #finish(operation: Operation, status: number): void {
    const { channel, request, buffer } = operation;
    request.status = status;
    this.#inFlight--;
    if (status !== STORAGE_STATUS_OK) this.#counters.failedRequests++;
    else if (request.operation === STORAGE_READ) this.#counters.bytesRead += request.length;
    else if (request.operation === STORAGE_WRITE) this.#counters.bytesWritten += request.length;
    else if (request.operation === STORAGE_FLUSH) this.#counters.flushes++;
    const hasData = status === STORAGE_STATUS_OK && request.operation === STORAGE_READ;
    const data = hasData ? buffer.subarray(0, request.length) : undefined;
    this.#answer(channel, operation.generation, request, operation.lo, operation.hi, data);
    channel.settleRequest(buffer.length > 0 ? request.length : 0);
    this.#giveBack(buffer, request.length);
    this.#turns.end();
    if (this.#inFlight === 0) this.#onIdle();
  }

  /** Keeps a buffer for another request, with nothing of this one in it. */
  #giveBack(buffer: Uint8Array, usedBytes: number): void {
    const free = this.#buffersFor(buffer.length);
    if (buffer.length === 0 || free.length >= BUFFERS_KEPT) return;
    buffer.fill(0, 0, usedBytes);
    free.push(buffer);
  }

  /** A buffer of at least `length` bytes; all zero; most requests find one that was used before. */
  #takeBuffer(length: number): Uint8Array {
    const size = length <= SMALL_BUFFER_BYTES ? SMALL_BUFFER_BYTES : STORAGE_MAX_TRANSFER_BYTES;
    return this.#buffersFor(size).pop() ?? new Uint8Array(size);
  }

  #buffersFor(size: number): Uint8Array[] {
    return size > SMALL_BUFFER_BYTES ? this.#largeBuffers : this.#smallBuffers;
  }

  #answer(
    channel: Channel,
    generation: number,
    request: StorageRequest,
    lo: number,
    hi: number,
    data?: Uint8Array,
  ): void {
    const at = channel.beginCompletion(
      generation,
      STORAGE_ANSWER_HEADER_BYTES + (data === undefined ? 0 : data.length),
      lo,
      hi,
    );
    if (at < 0) return;
    const bytes = channel.outgoingBytes;
    putWord(bytes, at, request.status);
    putWord(bytes, at + 4, request.status === STORAGE_STATUS_OK ? request.length : 0);
    if (data !== undefined) bytes.set(data, at + STORAGE_ANSWER_HEADER_BYTES);
  }

  #answerQuery(channel: Channel, lo: number, hi: number): void {
    const at = channel.beginCompletion(channel.generation, STORAGE_QUERY_ANSWER_BYTES, lo, hi);
    const { capacityBytes, isReadOnly, canDiscard } = this.#volume;
    const bytes = channel.outgoingBytes;
    putWord(bytes, at, STORAGE_STATUS_OK);
    putWord(bytes, at + 4, STORAGE_QUERY_ANSWER_BYTES - STORAGE_ANSWER_HEADER_BYTES);
    putWord(bytes, at + 8, capacityBytes % 0x1_0000_0000);
    putWord(bytes, at + 12, Math.floor(capacityBytes / 0x1_0000_0000));
    putWord(bytes, at + 16, STORAGE_BLOCK_BYTES);
    putWord(bytes, at + 20, STORAGE_MAX_TRANSFER_BYTES);
    putWord(
      bytes,
      at + 24,
      (isReadOnly ? STORAGE_FLAG_READ_ONLY : 0) | (canDiscard ? STORAGE_FLAG_DISCARD : 0),
    );
    putWord(bytes, at + 28, 0);
  }

  statistics(): Record<string, number> {
    return { ...this.#counters, inFlight: this.#inFlight };
  }

  async release(): Promise<void> {
    if (this.#inFlight > 0) {
      await new Promise<void>((resolve) => {
        this.#onIdle = resolve;
      });
    }
    await new Promise<void>((resolve) => this.#volume.flush(() => resolve()));
    await this.#volume.close();
  }
}
