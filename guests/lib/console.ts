// Console output and input for unikernels (abi/channels/console.ts).
import {
  CONSOLE_HEADER_BYTES,
  CONSOLE_INPUT,
  CONSOLE_MAX_CHUNK_BYTES,
  CONSOLE_OUTPUT,
} from '../../hypervisor/abi/channels/console.ts';
import { CHANNEL_SERVICE_CONSOLE } from '../../hypervisor/abi/channels/services.ts';
import { openService } from './partition.ts';
import { ringPayloadBytes, ringRead, ringRelease } from './ring.ts';
import {
  channelHasPacket,
  channelIncomingBytes,
  channelIncomingRing,
  channelKick,
  channelQueue,
  waitForPacket,
} from './vmbus.ts';

/** Largest piece of output in one message. */
const CHUNK_BYTES: u32 = 4096;
let messageBuffer: usize = 0;

function message(): usize {
  if (messageBuffer == 0) messageBuffer = heap.alloc(CONSOLE_HEADER_BYTES + CONSOLE_MAX_CHUNK_BYTES);
  return messageBuffer;
}

/** Opens the console channel; 0 when there is none, and then writing does nothing. */
export function consoleOpen(): usize {
  return openService(CHANNEL_SERVICE_CONSOLE, 'console', 8, 4);
}

/** Writes `text` as UTF-8. */
export function consoleWrite(console: usize, text: string): void {
  const bytes = String.UTF8.encode(text);
  consoleWriteBytes(console, changetype<usize>(bytes), <u32>bytes.byteLength);
}

/** Writes bytes in chunks that fit the ring. */
export function consoleWriteBytes(console: usize, source: usize, length: u32): void {
  if (console == 0) return;
  const buffer = message();
  store<u32>(buffer, CONSOLE_OUTPUT);
  let done: u32 = 0;
  while (done < length) {
    const chunk = min<u32>(CHUNK_BYTES, length - done);
    memory.copy(buffer + CONSOLE_HEADER_BYTES, source + done, chunk);
    while (!channelQueue(console, 0, buffer, CONSOLE_HEADER_BYTES + chunk)) channelKick(console);
    done += chunk;
  }
  channelKick(console);
}

/** Waits for input and copies at most `capacity` bytes of it to `target`; what does not fit is lost. */
export function consoleRead(console: usize, target: usize, capacity: u32): u32 {
  const buffer = message();
  while (true) {
    waitForPacket(console);
    const ring = channelIncomingRing(console);
    const ringBytes = channelIncomingBytes(console);
    const payload = min(ringPayloadBytes(ring), CONSOLE_HEADER_BYTES + CONSOLE_MAX_CHUNK_BYTES);
    ringRead(ring, ringBytes, 0, buffer, payload);
    ringRelease(ring, ringBytes);
    if (payload < CONSOLE_HEADER_BYTES || load<u32>(buffer) != CONSOLE_INPUT) continue;
    const length = min(payload - CONSOLE_HEADER_BYTES, capacity);
    memory.copy(target, buffer + CONSOLE_HEADER_BYTES, length);
    return length;
  }
}
