// Compiles the floating-point code with its test entry (once, into build/) and wraps the result for tests.
import { existsSync, globSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { threadId } from 'node:worker_threads';
import asc from 'assemblyscript/asc';
import { operations } from './operations.ts';

const top = join(dirname(fileURLToPath(import.meta.url)), '../../../../..');
const output = 'build/tests/riscv-float.wasm';
const memoryPages = 256;
/** Records and operands are put here, past everything the module itself keeps. */
const scratch = 131072;

export const RECORD_BYTES = 40;
export const RECORDS_AT_ONCE = Math.floor((memoryPages * 65536 - scratch) / RECORD_BYTES);

interface Exports {
  calculate(
    operation: number,
    rm: number,
    a: bigint,
    b: bigint,
    c: bigint,
    flags: number,
    fast: number,
  ): bigint;
  accruedFlags(): number;
  firstMismatch(records: number, count: number, flags: number, fast: number): number;
  repeat(operation: number, rm: number, operands: number, count: number, fast: number): bigint;
}

export interface Outcome {
  result: bigint;
  flags: number;
}

/** Test files run side by side: each may compile, and a reader must never see half a file. */
async function compile(): Promise<Uint8Array> {
  const path = join(top, output);
  const inputs = globSync(['guests/riscv/machine/{float,hart,memory}/**/*.ts', 'asconfig.json'], {
    cwd: top,
  });
  const newest = Math.max(...inputs.map((file) => statSync(join(top, file)).mtimeMs));
  if (existsSync(path) && statSync(path).mtimeMs >= newest) return readFileSync(path);
  let binary: Uint8Array | undefined;
  const { error, stderr } = await asc.main(
    [
      'guests/riscv/machine/float/testing/entry.ts',
      ...[
        '--baseDir',
        top,
        '--config',
        join(top, 'asconfig.json'),
        '--memoryBase',
        '1024',
        '--outFile',
        output,
      ],
    ],
    {
      writeFile: (_name, contents) => {
        if (typeof contents !== 'string') binary = contents;
      },
    },
  );
  if (error || !binary) throw new Error(`the test entry does not compile:\n${stderr.toString()}`);
  mkdirSync(dirname(path), { recursive: true });
  const unfinished = `${path}.${process.pid}.${threadId}`;
  writeFileSync(unfinished, binary);
  renameSync(unfinished, path);
  return binary;
}

export class FloatModule {
  readonly #exports: Exports;
  readonly #memory: WebAssembly.Memory;

  private constructor(exports: Exports, memory: WebAssembly.Memory) {
    this.#exports = exports;
    this.#memory = memory;
  }

  static async load(): Promise<FloatModule> {
    const memory = new WebAssembly.Memory({ initial: memoryPages, maximum: 65536, shared: true });
    const { instance } = await WebAssembly.instantiate(await compile(), { env: { memory } });
    return new FloatModule(instance.exports as unknown as Exports, memory);
  }

  /** One operation by name, with fflags at `before`. Results are unsigned, as wide as the operation's result. */
  calculate(name: string, rm: number, operands: bigint[], { before = 0, fast = true } = {}): Outcome {
    const number = operations.findIndex((operation) => operation.name === name);
    if (number < 0) throw new Error(`no operation ${name}`);
    const [a = 0n, b = 0n, c = 0n] = operands;
    const result = this.#exports.calculate(number, rm, a, b, c, before, Number(fast));
    return { result: BigInt.asUintN(64, result), flags: this.#exports.accruedFlags() };
  }

  /** Index of the first record that comes out otherwise, or the number of records. See entry.ts. */
  firstMismatch(records: Uint8Array, { before, fast }: { before: number; fast: boolean }): number {
    this.#bytes().set(records);
    return this.#exports.firstMismatch(scratch, records.length / RECORD_BYTES, before, Number(fast));
  }

  /** Nanoseconds per operation over `operands` (triples of words), with fflags at `before`. */
  nanosecondsEach(
    name: string,
    operands: BigUint64Array,
    { before, fast }: { before: number; fast: boolean },
  ): number {
    const number = operations.findIndex((operation) => operation.name === name);
    const count = operands.length / 3;
    this.#bytes().set(new Uint8Array(operands.buffer, operands.byteOffset, operands.byteLength));
    this.#exports.calculate(11, 0, 0n, 0n, 0n, before, 1);
    const startMs = performance.now();
    this.#exports.repeat(number, 0, scratch, count, Number(fast));
    return ((performance.now() - startMs) * 1e6) / count;
  }

  #bytes(): Uint8Array {
    return new Uint8Array(this.#memory.buffer, scratch);
  }
}
