// The sieve of Eratosthenes over odd numbers. No hypervisor in here: this also runs under Node for its test.

/** How many primes there are below `limit`. */
export function countPrimes(limit: u32): u32 {
  if (limit <= 2) return 0;
  const half: u32 = (limit - 1) / 2;
  // composite[i] speaks of the odd number 2i + 3.
  const composite = new Uint8Array(half);
  let count: u32 = 1;
  for (let i: u32 = 0; i < half; i++) {
    const number: u32 = 2 * i + 3;
    if (number >= limit) break;
    if (composite[i] != 0) continue;
    count++;
    // Above the square root every multiple has a smaller factor; the bound also keeps the square within 32 bits.
    if (number > 0xffff) continue;
    for (let multiple: u32 = (number * number - 3) / 2; multiple < half; multiple += number) {
      composite[multiple] = 1;
    }
  }
  return count;
}
