// Block requests under way. A request keeps what it needs of its chain, because the channel answers later.
//
//   own state +0x10: REQUESTS rows of 2 KiB:
//   +0 busy | +4 head | +8 operation | +12 failed | +16 offset in bytes u64 | +24 data bytes | +28 bytes asked for
//   +32 answers awaited | +36 segments | +40 status pointer | +44 writable bytes | +64 pointer, length pairs
import { OWN } from '../device-state.ts';

export const REQUESTS: u32 = 28;
const ROW_BYTES: usize = 0x800;
const ROWS: usize = OWN + 0x100;

export const BUSY: usize = 0;
export const HEAD: usize = 4;
export const OPERATION: usize = 8;
export const FAILED: usize = 12;
export const OFFSET: usize = 16;
export const DATA_BYTES: usize = 24;
export const ASKED: usize = 28;
export const AWAITED: usize = 32;
export const SEGMENTS: usize = 36;
export const STATUS_POINTER: usize = 40;
export const WRITTEN: usize = 44;
const LIST: usize = 64;
/** How many segments a row holds: more than a queue's worth. */
export const MAX_SEGMENTS: u32 = 200;

/** Address of row `row` of a device. */
export function requestRow(device: usize, row: u32): usize {
  return device + ROWS + <usize>row * ROW_BYTES;
}

/** A free row's number, or -1. */
export function freeRow(device: usize): i32 {
  for (let row: u32 = 0; row < REQUESTS; row++) {
    if (load<u32>(requestRow(device, row) + BUSY) == 0) return <i32>row;
  }
  return -1;
}

export function addRequestSegment(request: usize, pointer: usize, length: u32): void {
  const count = load<u32>(request + SEGMENTS);
  store<u32>(request + LIST + ((<usize>count) << 3), <u32>pointer);
  store<u32>(request + LIST + ((<usize>count) << 3), length, 4);
  store<u32>(request + SEGMENTS, count + 1);
}

export function requestPointer(request: usize, segment: u32): usize {
  return <usize>load<u32>(request + LIST + ((<usize>segment) << 3));
}

export function requestLength(request: usize, segment: u32): u32 {
  return load<u32>(request + LIST + ((<usize>segment) << 3), 4);
}

/** Copies `length` bytes of the request's data, from `offset`, to `target`. */
export function gather(request: usize, offset: u32, target: usize, length: u32): void {
  let skip = offset;
  let done: u32 = 0;
  for (let i: u32 = 0; i < load<u32>(request + SEGMENTS) && done < length; i++) {
    const bytes = requestLength(request, i);
    if (skip >= bytes) {
      skip -= bytes;
      continue;
    }
    const part = min<u32>(bytes - skip, length - done);
    memory.copy(target + done, requestPointer(request, i) + skip, part);
    done += part;
    skip = 0;
  }
}
