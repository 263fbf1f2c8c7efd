// JSON as an attacker writes it: fields that a reader knows with values that it does not expect, names that mean
// something to JavaScript, numbers that are none, depth, duplicates.
import type { FuzzRandom } from './fuzz-random.ts';

const oddValues: readonly string[] = [
  ...[
    'null',
    'true',
    'false',
    '0',
    '-0',
    '-1',
    '1',
    '1.5',
    '1e999',
    '-1e999',
    '1e-999',
    '4294967295',
    '4294967296',
  ],
  ...['9007199254740993', '18446744073709551616', '""', '"0"', '[]', '{}', '[[]]', '[null]', '"\\u0000"'],
  ...[
    '{"toString":1}',
    '{"valueOf":1,"toString":1}',
    '{"__proto__":{"polluted":1}}',
    '{"length":4294967295}',
  ],
];

/** @param words names and strings that the reader knows */
export function jsonText(random: FuzzRandom, words: readonly string[], depth = 4): string {
  const kind = random.below(8);
  if (depth === 0 || kind === 6) return random.pick(oddValues);
  if (kind === 7) return String(random.word());
  if (kind >= 4) return JSON.stringify(random.pick(words));
  const items = Array.from({ length: random.below(5) }, () => {
    const value = jsonText(random, words, depth - 1);
    return kind === 0 ? value : `${JSON.stringify(random.pick(words))}:${value}`;
  });
  return kind === 0 ? `[${items.join()}]` : `{${items.join()}}`;
}

/** Changes a few values of something that is right, at any depth, and gives its text. */
export function disturbedJson(random: FuzzRandom, good: unknown, words: readonly string[]): string {
  const odds = random.pick([4, 8, 16, 50, 150]);
  const write = (value: unknown): string => {
    if (random.oneIn(odds)) return jsonText(random, words, 2);
    if (Array.isArray(value)) return `[${value.map(write).join()}]`;
    if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
    const fields = Object.entries(value)
      .filter(() => !random.oneIn(odds))
      .map(
        ([name, field]) =>
          `${JSON.stringify(random.oneIn(odds) ? random.pick(words) : name)}:${write(field)}`,
      );
    if (random.oneIn(odds))
      fields.push(`${JSON.stringify(random.pick(words))}:${jsonText(random, words, 2)}`);
    return `{${fields.join()}}`;
  };
  return write(good);
}
