// A JavaScript engine's compilers: inline caches that change their minds, optimised code that is thrown away, regular
// expressions as code, WebAssembly, code from strings, generators and big numbers.
import { createHash } from 'node:crypto';

const digest = (value) =>
  createHash('sha256')
    .update(JSON.stringify(value, (_, item) => (typeof item === 'bigint' ? String(item) : item)))
    .digest('hex')
    .slice(0, 16);

function shapes() {
  const area = (shape) => shape.width * shape.height;
  let sum = 0;
  for (let index = 0; index < 400_000; index++) {
    // A new hidden class, then another kind of number, then a string: each makes optimised code bail out.
    if (index < 150_000) sum += area({ width: index & 15, height: 3 });
    else if (index < 300_000) sum += area({ height: 0.5, width: index & 7, depth: index });
    else sum += area({ width: String(index & 3), height: 2, name: 'x' });
  }
  return sum;
}

function sorting() {
  let state = 12345;
  const random = () => (state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff);
  const numbers = Array.from({ length: 60_000 }, random);
  const objects = numbers.map((number) => ({ number, text: number.toString(36) }));
  objects.sort((a, b) => (a.text < b.text ? -1 : a.text > b.text ? 1 : 0));
  return [Float64Array.from(numbers).sort()[30_000], objects[1234].text, objects.at(-1).number];
}

function expressions() {
  const text = Array.from(
    { length: 8000 },
    (_, i) => `key${i}="va\\"lue ${i * 7}" # ${'ab'.repeat(i % 5)}`,
  ).join('\n');
  const parts = [...text.matchAll(/^(\w+)="((?:[^"\\]|\\.)*)"\s*#\s*((?:ab)*)$/gmu)];
  return [parts.length, parts[777].slice(1), text.replace(/(?<=a)b/g, 'c').length];
}

function strings() {
  let sum = 0;
  for (let index = 0; index < 400; index++) {
    const make = new Function(
      'x',
      `let s = ${index}; for (let i = 0; i < 500; i++) s = (s * 31 + x + i) | 0; return s;`,
    );
    sum = (sum + make(index)) | 0;
  }
  return sum;
}

// (func (param i32) (result i32) (local i32) loop: local = local * 31 + n; n = n - 1; br_if)
const WASM = [
  0, 97, 115, 109, 1, 0, 0, 0, 1, 6, 1, 96, 1, 127, 1, 127, 3, 2, 1, 0, 7, 5, 1, 1, 102, 0, 0, 10, 30, 1, 28,
  1, 1, 127, 3, 64, 32, 1, 65, 31, 108, 32, 0, 106, 33, 1, 32, 0, 65, 1, 107, 34, 0, 13, 0, 11, 32, 1, 11,
];

function webAssembly() {
  const { f } = new WebAssembly.Instance(new WebAssembly.Module(Uint8Array.from(WASM))).exports;
  let expected = 0;
  for (let n = 1000; n > 0; n--) expected = (Math.imul(expected, 31) + n) | 0;
  if (f(1000) !== expected) throw new Error(`expected ${expected}, got ${f(1000)}`);
  return f(3_000_000);
}

function bigNumbers() {
  let [a, b] = [0n, 1n];
  for (let index = 0; index < 6000; index++) [a, b] = [b, a + b];
  return [a % 1_000_000_007n, (a * b) % 998_244_353n, String(a).length];
}

function* walk(depth) {
  if (depth === 0) yield 1;
  else for (let branch = 0; branch < 3; branch++) yield* walk(depth - 1);
}

function garbage() {
  let live = new Map();
  for (let index = 0; index < 200_000; index++) {
    live.set(index % 5000, { index, text: `item ${index}`, list: [index, index + 0.5] });
    if (index % 50_000 === 0) live = new Map(live);
  }
  return [live.size, live.get(4321).text];
}

function floats() {
  let x = 0.1;
  let sum = 0;
  for (let index = 0; index < 600_000; index++) {
    x = 3.9 * x * (1 - x);
    sum += Math.sin(x) * Math.sqrt(x) + Math.trunc(x * 1000) / (1 + (index & 7));
  }
  return [x, sum];
}

async function ticks() {
  let total = 0;
  const one = async (n) => n;
  for (let index = 0; index < 20_000; index++) total += await one(index);
  return total;
}

const parts = { shapes, sorting, expressions, strings, webAssembly, bigNumbers, garbage, floats, ticks };
for (const [name, part] of Object.entries(parts)) console.log(name, digest(await part()));
console.log('walk', [...walk(9)].length);
