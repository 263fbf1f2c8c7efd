// The generator of random programs and mutants, drawing from a fuzz case's stream.
import { Random } from '../../../guests/riscv/oracle/generator/random.ts';
import type { FuzzRandom } from '../../testing/fuzz/fuzz-random.ts';

export class StreamRandom extends Random {
  source: FuzzRandom | undefined;

  constructor(source: FuzzRandom) {
    super(0n);
    this.source = source;
  }

  /** The base's constructor draws before there is a source. */
  override next32(): number {
    return this.source === undefined ? 0 : this.source.next();
  }
}
