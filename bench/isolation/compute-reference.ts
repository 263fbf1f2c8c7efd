// The compute kernel once more, in plain TypeScript and from its description: what its checksum has to be.

export const KERNEL_WORDS = 16_384;
const FNV_OFFSET = 0x811c_9dc5;
const FNV_PRIME = 0x0100_0193;

/** The checksum of `rounds` rounds (compute-kernel.ts). */
export function computeReference(rounds: number): number {
  const table = Int32Array.from({ length: KERNEL_WORDS }, (_, index) => Math.imul(index, FNV_PRIME));
  let hash = FNV_OFFSET | 0;
  for (let round = 0; round < rounds; round++) {
    for (let index = 0; index < KERNEL_WORDS; index++) {
      const sum = (table[index] as number) ^ (table[hash & (KERNEL_WORDS - 1)] as number);
      const mixed = (((sum << 7) | (sum >>> 25)) + round) | 0;
      table[index] = mixed;
      hash = Math.imul(hash ^ mixed, FNV_PRIME);
    }
  }
  return hash >>> 0;
}
