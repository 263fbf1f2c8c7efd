// Writes a pattern over the first MiB of disk0, makes it durable, reads it back and compares.
import {
  HV_EXIT_GUEST_FAILURE,
  HV_EXIT_POWER_OFF,
  HV_VP_HALTED,
} from '../../../hypervisor/abi/hypercalls.ts';
import { consoleOpen, consoleWrite } from '../../lib/console.ts';
import { exitPartition } from '../../lib/hypercalls.ts';
import { storageCapacity, storageFlush, storageOpen, storageRead, storageWrite } from '../../lib/storage.ts';

const CHUNK_BYTES: u32 = 65_536;
const MAX_BYTES: u64 = 1_048_576;
/** Odd, so that multiplying loses nothing. */
const SCRAMBLE: u64 = 0x9e37_79b1;

/** A pattern in which every 8 bytes differ: their own place on the disk, scrambled. */
function fill(buffer: usize, offset: u64): void {
  for (let at: u32 = 0; at < CHUNK_BYTES; at += 8) {
    store<u64>(buffer + at, (offset + at) * SCRAMBLE);
  }
}

function isSame(a: usize, b: usize): bool {
  for (let at: u32 = 0; at < CHUNK_BYTES; at += 8) {
    if (load<u64>(a + at) != load<u64>(b + at)) return false;
  }
  return true;
}

function check(volume: usize, bytes: u64): i64 {
  const written = heap.alloc(CHUNK_BYTES);
  const read = heap.alloc(CHUNK_BYTES);
  for (let offset: u64 = 0; offset < bytes; offset += CHUNK_BYTES) {
    fill(written, offset);
    if (storageWrite(volume, offset, written, CHUNK_BYTES) != 0) return <i64>offset;
  }
  if (storageFlush(volume) != 0) return 0;
  for (let offset: u64 = 0; offset < bytes; offset += CHUNK_BYTES) {
    fill(written, offset);
    if (storageRead(volume, offset, read, CHUNK_BYTES) != 0) return <i64>offset;
    if (!isSame(written, read)) return <i64>offset;
  }
  return -1;
}

export function run(_vpIndex: i32, _budget: i32): i32 {
  const console = consoleOpen();
  const volume = storageOpen('disk0');
  const bytes = volume == 0 ? 0 : min<u64>(storageCapacity(volume), MAX_BYTES) & ~(<u64>CHUNK_BYTES - 1);
  if (bytes == 0) {
    consoleWrite(console, 'no disk0 of at least 64 KiB: give one with --disk\n');
    exitPartition(HV_EXIT_GUEST_FAILURE, 1);
    return HV_VP_HALTED;
  }
  const wrong = check(volume, bytes);
  if (wrong < 0) consoleWrite(console, `${bytes} bytes written, flushed, read back: the same\n`);
  else consoleWrite(console, `first difference in the 64 KiB from byte ${wrong}\n`);
  exitPartition(wrong < 0 ? HV_EXIT_POWER_OFF : HV_EXIT_GUEST_FAILURE, wrong < 0 ? 0 : 2);
  return HV_VP_HALTED;
}
