// Compiles a part of the machine with an entry of its own for tests, once, into build/tests.
import { existsSync, globSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { threadId } from 'node:worker_threads';

const top = join(dirname(fileURLToPath(import.meta.url)), '../../../..');
const sources = [
  'guests/riscv/{machine,translator}/**/*.ts',
  'guests/lib/*.ts',
  'hypervisor/abi/**/*.ts',
  'asconfig.json',
];
/** Run in Node, whatever their folder. */
const others = [
  '**/*.test.ts',
  '**/*.fuzz.ts',
  '**/*-{host,machine,stub,driver,module}.ts',
  '**/assembler.ts',
  '**/engines.ts',
];

/** One place of one source file that is compiled as if it said something else. */
export interface SourceChange {
  /** From the project's top. */
  readonly file: string;
  /** Occurs once. */
  readonly from: string;
  readonly to: string;
}

/**
 * @param entry AssemblyScript file, from the project's top
 * @param output name of the module in build/tests; what is there is taken unless a source is newer
 * @param change compiles what is not kept
 */
export async function compileTestModule(
  entry: string,
  output: string,
  options: readonly string[],
  change?: SourceChange,
): Promise<Uint8Array<ArrayBuffer>> {
  if (change !== undefined) return compile(entry, options, change);
  const path = join(top, 'build/tests', output);
  const newest = Math.max(
    ...globSync(sources, { cwd: top, exclude: others }).map((file) => statSync(join(top, file)).mtimeMs),
  );
  if (existsSync(path) && statSync(path).mtimeMs >= newest) return new Uint8Array(readFileSync(path));
  const module = await compile(entry, options);
  // Test files run side by side: each may compile, and a reader must never see half a file.
  mkdirSync(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}.${threadId}`;
  writeFileSync(temporary, module);
  renameSync(temporary, path);
  return module;
}

async function compile(
  entry: string,
  options: readonly string[],
  change?: SourceChange,
): Promise<Uint8Array<ArrayBuffer>> {
  // Half a second to load, for nothing when there is nothing to compile.
  const { default: asc } = await import('assemblyscript/asc');
  const files = new Map<string, Uint8Array | string>();
  let isChanged = change === undefined;
  const { error, stderr } = await asc.main(
    [
      entry,
      '--baseDir',
      top,
      '--config',
      'asconfig.json',
      '--memoryBase',
      '1024',
      ...options,
      '--outFile',
      'test.wasm',
    ],
    {
      readFile: (name, base) => {
        const path = join(base, name);
        if (!existsSync(path)) return null;
        const text = readFileSync(path, 'utf8');
        if (change === undefined || path !== join(top, change.file)) return text;
        const places = text.split(change.from).length - 1;
        if (places !== 1)
          throw new Error(`${change.file}: ${JSON.stringify(change.from)} occurs ${places} times`);
        isChanged = true;
        return text.replace(change.from, () => change.to);
      },
      writeFile: (name, contents) => void files.set(name, contents),
    },
  );
  if (error) throw new Error(`${entry} does not compile:\n${stderr.toString()}`);
  if (!isChanged) throw new Error(`${change?.file} is no part of ${entry}`);
  return new Uint8Array(files.get('test.wasm') as Uint8Array);
}
