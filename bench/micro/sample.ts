// One row of the micro-benchmarks: samples by benchmark.js of a batch that checks its own results.
import Benchmark from 'benchmark';
import type { IsolationLevel } from '../../hypervisor/index.ts';

export interface Result {
  name: string;
  level: IsolationLevel | 'bare';
  nanoseconds: number;
  /** Relative margin of error at 95 %, in per cent. */
  marginPercent: number;
  samples: number;
  floor: string | null;
  ratio: number | null;
}

const SECONDS = 0.5;
/** All rows so far. */
export const results: Result[] = [];

/** Lets benchmark.js sample `batch`, which makes `calls` calls and throws when one went wrong. */
export function sample(
  name: string,
  level: Result['level'],
  calls: number,
  batch: () => Promise<void>,
): Promise<Result> {
  return new Promise((resolve, reject) => {
    let failure: unknown;
    const benchmark = new Benchmark(name, {
      defer: true,
      maxTime: SECONDS,
      minSamples: 5,
      fn: (deferred: { resolve(): void }) => {
        batch()
          .catch((error) => {
            failure = error;
          })
          .finally(() => deferred.resolve());
      },
      onComplete: () => {
        if (failure !== undefined) return reject(failure);
        const { mean, rme, sample: taken } = benchmark.stats;
        const result = {
          name,
          level,
          nanoseconds: (mean / calls) * 1e9,
          marginPercent: rme,
          samples: taken.length,
        };
        const whole: Result = { ...result, floor: null, ratio: null };
        results.push(whole);
        process.stderr.write(`${level} ${name}\n`);
        resolve(whole);
      },
    });
    benchmark.run({ async: true });
  });
}

/** Says what a row is to be compared with. */
export function beside(result: Result, floor: Result): void {
  result.floor = `${floor.level} ${floor.name}`;
  result.ratio = result.nanoseconds / floor.nanoseconds;
}
