// A CPU-bound kernel: counts primes and checks the answer. Boot argument limit=<n>, default 10,000,000.
import {
  HV_EXIT_GUEST_FAILURE,
  HV_EXIT_POWER_OFF,
  HV_VP_HALTED,
} from '../../../hypervisor/abi/hypercalls.ts';
import { bootArgumentNumber, readBootArguments } from '../../lib/boot-arguments.ts';
import { consoleOpen, consoleWrite } from '../../lib/console.ts';
import { referenceTime } from '../../lib/hv.ts';
import { exitPartition } from '../../lib/hypercalls.ts';
import { allocatePages } from '../../lib/memory-pages.ts';
import { countPrimes } from './sieve.ts';

const DEFAULT_LIMIT: u64 = 10_000_000;
/** OEIS A006880(7): primes below 10^7. */
const DEFAULT_COUNT: u32 = 664_579;

export { countPrimes };

export function run(_vpIndex: i32, _budget: i32): i32 {
  const console = consoleOpen();
  const page = allocatePages(1);
  readBootArguments(page);
  const limit = bootArgumentNumber(page, 'limit', DEFAULT_LIMIT);
  const start = referenceTime();
  const count = countPrimes(<u32>limit);
  const milliseconds = <i32>((referenceTime() - start) / 10_000);
  consoleWrite(console, `${count} primes below ${limit}, ${milliseconds} ms\n`);
  const isRight = limit != DEFAULT_LIMIT || count == DEFAULT_COUNT;
  exitPartition(isRight ? HV_EXIT_POWER_OFF : HV_EXIT_GUEST_FAILURE, isRight ? 0 : 1);
  return HV_VP_HALTED;
}
