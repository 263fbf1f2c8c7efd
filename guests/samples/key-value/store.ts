// A key-value store as a log on a block device: every `set` appends one 512-byte record and makes it durable; opening
// the store reads the log. The last record of a key counts, and a torn or foreign record ends the log.
//
//   record  +0 magic u32 | +4 check u32 | +8 sequence u32 | +12 key bytes u16 | +14 value bytes u16 | +16 key, value
import { storageCapacity, storageFlush, storageRead, storageWrite } from '../../lib/storage.ts';

const RECORD_BYTES: u32 = 512;
const HEADER_BYTES: u32 = 16;
const MAGIC: u32 = 0x4c56_4b43;
export const MAX_ENTRY_BYTES: u32 = RECORD_BYTES - HEADER_BYTES;

/** FNV-1a over everything behind the check word. */
function checkOf(record: usize): u32 {
  let hash: u32 = 0x811c_9dc5;
  for (let at: u32 = 8; at < RECORD_BYTES; at++) hash = (hash ^ load<u8>(record + at)) * 0x0100_0193;
  return hash;
}

export class KeyValueStore {
  private entries: Map<string, string> = new Map<string, string>();
  private record: usize = heap.alloc(RECORD_BYTES);
  private next: u32 = 0;
  private capacity: u32;

  constructor(private volume: usize) {
    this.capacity = <u32>min<u64>(storageCapacity(volume) / RECORD_BYTES, u32.MAX_VALUE);
    while (this.next < this.capacity && this.replay()) this.next++;
  }

  /** Records in the log. */
  get length(): u32 {
    return this.next;
  }

  /** The value of `key`, or null. */
  find(key: string): string | null {
    return this.entries.has(key) ? this.entries.get(key) : null;
  }

  /** Sets the value, durably; false when it does not fit or the disk is full or fails. */
  put(key: string, value: string): bool {
    const keyBytes = String.UTF8.byteLength(key);
    const valueBytes = String.UTF8.byteLength(value);
    if (<u32>(keyBytes + valueBytes) > MAX_ENTRY_BYTES || this.next >= this.capacity) return false;
    memory.fill(this.record, 0, RECORD_BYTES);
    store<u32>(this.record, MAGIC);
    store<u32>(this.record, this.next, 8);
    store<u16>(this.record, <u16>keyBytes, 12);
    store<u16>(this.record, <u16>valueBytes, 14);
    String.UTF8.encodeUnsafe(changetype<usize>(key), key.length, this.record + HEADER_BYTES);
    String.UTF8.encodeUnsafe(changetype<usize>(value), value.length, this.record + HEADER_BYTES + keyBytes);
    store<u32>(this.record, checkOf(this.record), 4);
    if (storageWrite(this.volume, <u64>this.next * RECORD_BYTES, this.record, RECORD_BYTES) != 0)
      return false;
    if (storageFlush(this.volume) != 0) return false;
    this.entries.set(key, value);
    this.next++;
    return true;
  }

  /** Takes record `next` into the map; false when it is not one. */
  private replay(): bool {
    if (storageRead(this.volume, <u64>this.next * RECORD_BYTES, this.record, RECORD_BYTES) != 0) return false;
    const keyBytes = <u32>load<u16>(this.record, 12);
    const valueBytes = <u32>load<u16>(this.record, 14);
    const isRecord =
      load<u32>(this.record) == MAGIC &&
      load<u32>(this.record, 8) == this.next &&
      load<u32>(this.record, 4) == checkOf(this.record) &&
      keyBytes + valueBytes <= MAX_ENTRY_BYTES;
    if (!isRecord) return false;
    const text = this.record + HEADER_BYTES;
    this.entries.set(
      String.UTF8.decodeUnsafe(text, keyBytes),
      String.UTF8.decodeUnsafe(text + keyBytes, valueBytes),
    );
    return true;
  }
}
