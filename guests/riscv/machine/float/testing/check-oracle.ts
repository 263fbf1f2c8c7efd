// Development tool: compares the floating-point code with records from an oracle (see oracle.c), in bulk.
//   oracle-x86 1 10000000 | node check-oracle.ts
import { operations } from './operations.ts';
import { FloatModule, RECORD_BYTES, RECORDS_AT_ONCE } from './test-module.ts';

const float = await FloatModule.load();
const counts = new Map<string, number>();
let mismatches = 0;

function describe(record: Buffer): string {
  const operation = operations[record[0]!]!;
  const operands = operation.operands.map((_, i) => record.readBigUInt64LE(8 + 8 * i));
  const [fast, exact] = [true, false].map((isFast) =>
    float.calculate(operation.name, record[1]!, operands, { fast: isFast }),
  );
  const hex = (word: bigint): string => word.toString(16);
  return (
    `${operation.name} rm ${record[1]} ${operands.map(hex).join(' ')}: expected ` +
    `${hex(record.readBigUInt64LE(32))} flags ${record[2]}, fast ${hex(fast!.result)} ${fast!.flags}, ` +
    `exact ${hex(exact!.result)} ${exact!.flags}`
  );
}

function check(records: Buffer): void {
  for (const fast of [true, false]) {
    for (const before of [0, 1]) {
      let start = 0;
      while (start < records.length) {
        const bad = start + float.firstMismatch(records.subarray(start), { before, fast }) * RECORD_BYTES;
        if (bad >= records.length) break;
        if (mismatches++ < 20) console.log(describe(records.subarray(bad, bad + RECORD_BYTES)));
        start = bad + RECORD_BYTES;
      }
    }
  }
}

let pending = Buffer.alloc(0);
const known = Buffer.alloc(RECORDS_AT_ONCE * RECORD_BYTES);
for await (const chunk of process.stdin) {
  pending = Buffer.concat([pending, chunk as Buffer]);
  let length = 0;
  let at = 0;
  for (; at + RECORD_BYTES <= pending.length && length < known.length; at += RECORD_BYTES) {
    if (pending[at + 3] === 0) continue;
    pending.copy(known, length, at, at + RECORD_BYTES);
    length += RECORD_BYTES;
    const name = operations[pending[at]!]!.name;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  pending = pending.subarray(at);
  check(known.subarray(0, length));
}
const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
console.log([...counts].map(([name, count]) => `${name} ${count}`).join(', '));
console.log(`${total} cases, each with and without fast paths and sticky inexact: ${mismatches} mismatches`);
process.exitCode = mismatches === 0 && total > 0 ? 0 : 1;
