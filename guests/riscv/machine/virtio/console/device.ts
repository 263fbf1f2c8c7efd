// virtio console, one port (virtio 1.3 §5.3): queue 0 receives, queue 1 transmits.
import { consolePut, consoleTake, consoleUntake, isConsoleVirtio } from '../../console.ts';
import {
  FEATURE_INDIRECT,
  FEATURE_VERSION_1,
  FEATURES,
  QUEUE_COUNT,
  TYPE,
  VIRTIO_CONSOLE,
  virtioDevice,
} from '../device-state.ts';
import {
  CHAIN_READABLE,
  chainSegments,
  completeChain,
  isQueueLive,
  isSegmentWritable,
  NO_CHAIN,
  needsReset,
  noteWritten,
  segmentLength,
  segmentPointer,
  takeChain,
} from '../virtqueue.ts';

const RECEIVE: u32 = 0;
const TRANSMIT: u32 = 1;
/** In one buffer: what a notification may cost has to end some time. */
const MAX_OUTPUT_BYTES: u32 = 0x10_0000;

export function attachConsole(index: u32): void {
  const device = virtioDevice(index);
  store<u32>(device + TYPE, VIRTIO_CONSOLE);
  store<u32>(device + QUEUE_COUNT, 2);
  store<u64>(device + FEATURES, FEATURE_VERSION_1 | FEATURE_INDIRECT);
}

export function notifyConsole(index: u32, queue: u32): void {
  if (queue == TRANSMIT) transmit(index);
  else pollConsole(index);
}

function transmit(index: u32): void {
  for (let head = takeChain(index, TRANSMIT); head != NO_CHAIN; head = takeChain(index, TRANSMIT)) {
    if (load<u32>(CHAIN_READABLE) > MAX_OUTPUT_BYTES) {
      needsReset(index);
      return;
    }
    for (let i: u32 = 0; i < chainSegments(); i++) {
      if (isSegmentWritable(i)) continue;
      const pointer = segmentPointer(i);
      for (let at: u32 = 0; at < segmentLength(i); at++) consolePut(load<u8>(pointer + at));
    }
    completeChain(index, TRANSMIT, <u32>head, 0);
  }
}

/** Moves input into the driver's buffers, when this is the console that gets it. */
export function pollConsole(index: u32): void {
  if (!isConsoleVirtio() || !isQueueLive(index, RECEIVE)) return;
  for (let byte = consoleTake(); byte >= 0; ) {
    const head = takeChain(index, RECEIVE);
    if (head == NO_CHAIN) {
      consoleUntake();
      return;
    }
    let written: u32 = 0;
    for (let i: u32 = 0; i < chainSegments() && byte >= 0; i++) {
      if (!isSegmentWritable(i)) continue;
      const pointer = segmentPointer(i);
      const length = segmentLength(i);
      let at: u32 = 0;
      while (at < length && byte >= 0) {
        store<u8>(pointer + at++, <u8>byte);
        byte = consoleTake();
      }
      noteWritten(pointer, at);
      written += at;
    }
    completeChain(index, RECEIVE, <u32>head, written);
  }
}
