// The control stream between the hypervisor and a partition process: length-prefixed messages on an inherited socket.
//
//   +0 payload bytes u32 | +4 type u8 (1 JSON, 2 module bytes) | +5 payload
// The hypervisor must survive whatever a compromised partition process writes, so what it accepts is small.
import type { Socket } from 'node:net';
import type { HostExit, PartitionConfiguration, PartitionCounters } from './partition-host.ts';

/** Hypervisor → partition process. */
export type ControlRequest =
  | { type: 'start'; configuration: PartitionConfiguration; isTightened: boolean; uid: number | undefined }
  | { type: 'pause'; timeoutMs: number }
  | { type: 'resume' }
  | { type: 'stop' }
  | { type: 'counters' };

/** Partition process → hypervisor. */
export type ControlEvent =
  | { type: 'ready'; walls: string[] }
  | { type: 'running' }
  | { type: 'exit'; exit: HostExit; counters: PartitionCounters }
  | { type: 'refused'; message: string }
  | { type: 'paused'; isPaused: boolean }
  | { type: 'refused-code'; counters: PartitionCounters; reason: string }
  | { type: 'throttled'; counters: PartitionCounters }
  | { type: 'counters'; counters: PartitionCounters };

const HEADER_BYTES = 5;
const TYPE_JSON = 1;
const TYPE_MODULE = 2;
const MAX_JSON_BYTES = 64 * 1024;
const MAX_MODULE_BYTES = 64 * 1024 * 1024;

/** The peer broke the protocol; its process is not to be trusted any further. */
export class ControlStreamError extends Error {
  readonly code = 'CONTROL_STREAM_MALFORMED';
}

export function sendControl(socket: Socket, message: ControlRequest | ControlEvent): void {
  send(socket, TYPE_JSON, Buffer.from(JSON.stringify(message)));
}

export function sendModule(socket: Socket, bytes: Uint8Array): void {
  send(socket, TYPE_MODULE, bytes);
}

function send(socket: Socket, type: number, payload: Uint8Array): void {
  if (socket.destroyed) return;
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt32LE(payload.length, 0);
  header[4] = type;
  socket.cork();
  socket.write(header);
  socket.write(payload);
  socket.uncork();
}

/** Splits a byte stream into messages. @param acceptsModules false on the hypervisor's side */
export class ControlReader {
  readonly #acceptsModules: boolean;
  readonly #onJson: (message: unknown) => void;
  readonly #onModule: (bytes: Uint8Array) => void;
  #pieces: Buffer[] = [];
  #bytes = 0;

  constructor(onJson: (message: unknown) => void, onModule?: (bytes: Uint8Array) => void) {
    this.#onJson = onJson;
    this.#onModule = onModule ?? (() => {});
    this.#acceptsModules = onModule !== undefined;
  }

  /** @throws ControlStreamError */
  push(piece: Buffer): void {
    this.#pieces.push(piece);
    this.#bytes += piece.length;
    while (this.#bytes >= HEADER_BYTES) {
      const header = this.#peek(HEADER_BYTES);
      const length = header.readUInt32LE(0);
      const type = header[4];
      const isModule = type === TYPE_MODULE && this.#acceptsModules;
      if (!isModule && type !== TYPE_JSON) throw new ControlStreamError(`control message of type ${type}`);
      const limit = isModule ? MAX_MODULE_BYTES : MAX_JSON_BYTES;
      if (length > limit) throw new ControlStreamError(`control message of ${length} bytes, limit ${limit}`);
      if (this.#bytes < HEADER_BYTES + length) return;
      const message = this.#take(HEADER_BYTES + length).subarray(HEADER_BYTES);
      if (isModule) this.#onModule(new Uint8Array(message));
      else this.#onJson(parseJson(message));
    }
  }

  #peek(length: number): Buffer {
    const first = this.#pieces[0] as Buffer;
    if (first.length >= length) return first;
    this.#pieces = [Buffer.concat(this.#pieces)];
    return this.#pieces[0] as Buffer;
  }

  #take(length: number): Buffer {
    const all = this.#pieces.length === 1 ? (this.#pieces[0] as Buffer) : Buffer.concat(this.#pieces);
    this.#bytes -= length;
    this.#pieces = this.#bytes > 0 ? [all.subarray(length)] : [];
    return all.subarray(0, length);
  }
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch (error) {
    throw new ControlStreamError('control message is not JSON', { cause: error });
  }
}
