// The compute kernel: loads, stores, multiplications and rotations on 64 KiB. No hypervisor in here, so that the same
// module computes the same inside a partition and called bare.

const WORDS: u32 = 16384;
const FNV_OFFSET: u32 = 0x811c9dc5;
const FNV_PRIME: u32 = 0x01000193;
let table: usize = 0;

/** Mixes the table `rounds` times from a fixed start; returns the checksum of all that was stored. */
export function computeKernel(rounds: u32): u32 {
  if (table == 0) table = heap.alloc(WORDS << 2);
  for (let i: u32 = 0; i < WORDS; i++) store<u32>(table + ((<usize>i) << 2), i * FNV_PRIME);
  let hash = FNV_OFFSET;
  for (let round: u32 = 0; round < rounds; round++) {
    for (let i: u32 = 0; i < WORDS; i++) {
      const other = load<u32>(table + ((<usize>(hash & (WORDS - 1))) << 2));
      const at = table + ((<usize>i) << 2);
      const mixed = rotl<u32>(load<u32>(at) ^ other, 7) + round;
      store<u32>(at, mixed);
      hash = (hash ^ mixed) * FNV_PRIME;
    }
  }
  return hash;
}
