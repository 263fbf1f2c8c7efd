// The compute kernel of the sample `primes` under Node, through AssemblyScript's loader: the module that guests run, with
// a hypervisor that it must not need. Needs `npm run build`.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type ASUtil, instantiate } from '@assemblyscript/loader';
import { beforeAll, describe, expect, it } from 'vitest';

const file = fileURLToPath(new URL('../../../build/guests/primes.wasm', import.meta.url));
const PAGES = 256;

interface Primes extends Record<string, unknown> {
  countPrimes(limit: number): number;
}

const absent = (): never => {
  throw new Error('the sieve called the hypervisor');
};

let primes: ASUtil & Primes;
beforeAll(async () => {
  const memory = new WebAssembly.Memory({ initial: PAGES, maximum: 65_536, shared: true });
  const module = await WebAssembly.compile(readFileSync(file));
  const { exports } = await instantiate<Primes>(module, {
    env: { memory },
    hv: { hypercall: absent, referenceTime: absent, idle: absent },
  });
  primes = exports;
});

describe('countPrimes', () => {
  // OEIS A006880: primes below 10^n.
  it.each([
    [10, 4],
    [100, 25],
    [1000, 168],
    [10_000, 1229],
    [100_000, 9592],
    [1_000_000, 78_498],
  ])('below %i', (limit, count) => expect(primes.countPrimes(limit)).toBe(count));

  it.each([
    [0, 0],
    [1, 0],
    [2, 0],
    [3, 1],
    [4, 2],
    [5, 2],
    [6, 3],
  ])('does not count the limit itself: %i', (limit, count) => expect(primes.countPrimes(limit)).toBe(count));

  it('agrees with trial division on every limit up to 2000', () => {
    let count = 0;
    for (let limit = 1; limit <= 2000; limit++) {
      expect(primes.countPrimes(limit)).toBe(count);
      if (isPrime(limit)) count++;
    }
  });
});

function isPrime(number: number): boolean {
  for (let divisor = 2; divisor * divisor <= number; divisor++) if (number % divisor === 0) return false;
  return number > 1;
}
