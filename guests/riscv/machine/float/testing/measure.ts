// Development tool: nanoseconds per operation, native fast paths beside exact routines, interleaved in one run.
// Operands are normal numbers of moderate size, so that results are ordinary. The column "floor" is the loop
// around the operation with the cheapest one in it (classification).
import { operations } from './operations.ts';
import { FloatModule } from './test-module.ts';

const float = await FloatModule.load();
const count = 200_000;
const samples = 15;

let state = 1n;
function randomWord(): bigint {
  state = BigInt.asUintN(64, state * 6364136223846793005n + 1442695040888963407n);
  return state ^ (state >> 29n);
}

/** A number from 2^-16 to 2^16, or a random integer. */
function operandOf(type: string): bigint {
  const word = randomWord();
  if (type === 'f64') return (word & 0x800fffffffffffffn) | ((1007n + ((word >> 53n) & 31n)) << 52n);
  if (type === 'f32') return (word & 0x807fffffn) | ((111n + ((word >> 24n) & 31n)) << 23n);
  return word >> 1n;
}

const median = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1]!;

console.log(
  `ns per operation, medians of ${samples} samples of ${count}: ${process.argv[0]} ${process.version}`,
);
console.log(['operation'.padEnd(12), 'fast', 'exact', 'floor'].join('\t'));
for (const operation of operations) {
  if (!/Add|Sub|Mul|Div|Sqrt|To|Min|Lt/.test(operation.name)) continue;
  const operands = new BigUint64Array(3 * count);
  for (let i = 0; i < operands.length; i++) {
    const type = operation.operands[i % 3] ?? 'f64';
    operands[i] =
      type === 'f64' && operation.name.endsWith('Sqrt')
        ? operandOf(type) & (2n ** 63n - 1n)
        : operandOf(type);
    if (operation.name === 'f32Sqrt') operands[i]! &= 0x7fffffffn;
  }
  const times: number[][] = [[], [], []];
  for (let sample = 0; sample < samples; sample++) {
    times[0]!.push(float.nanosecondsEach(operation.name, operands, { before: 1, fast: true }));
    times[1]!.push(float.nanosecondsEach(operation.name, operands, { before: 1, fast: false }));
    times[2]!.push(float.nanosecondsEach('f64Classify', operands, { before: 1, fast: true }));
  }
  console.log([operation.name.padEnd(12), ...times.map((list) => median(list).toFixed(1))].join('\t'));
}
