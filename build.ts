// Builds everything that runs: guests (AssemblyScript → build/guests/*.wasm) and the host's programs
// (TypeScript → dist/*.js, one bundle per process, because processes under --jitless cannot strip types).
// Outputs that are newer than all of their inputs are left alone; `node build.ts --force` rebuilds them.
import { copyFileSync, existsSync, globSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';
import { rolldown } from 'rolldown';

const top = dirname(fileURLToPath(import.meta.url));
const force = process.argv.includes('--force');

/** One Wasm module: its entry file and whatever asc options it needs beyond asconfig.json. */
interface GuestTarget {
  name: string;
  entry: string;
  options: string[];
  /** Not a guest that people would run. */
  isForTests?: boolean;
}

const guestTargets: GuestTarget[] = [
  {
    name: 'riscv-machine',
    entry: 'guests/riscv/machine/index.ts',
    // With the functions' names, for profiles.
    options: ['--memoryBase', '1024', '--exportTable', '--growTable', '--debug'],
  },
  { name: 'bench-guest', entry: 'bench/micro/guest.ts', options: [], isForTests: true },
  {
    name: 'hostile-guest',
    entry: 'hypervisor/isolation/testing/hostile-guest.ts',
    options: [],
    isForTests: true,
  },
  ...globSync('guests/samples/*/index.ts', { cwd: top }).map((entry) => ({
    name: basename(dirname(entry)),
    entry,
    options: [],
  })),
].filter((target) => existsSync(join(top, target.entry)));

const hostPrograms: Record<string, string> = {
  index: 'hypervisor/index.ts',
  'launcher-thread': 'hypervisor/isolation/launcher-thread.ts',
  'partition-process': 'hypervisor/isolation/partition-process.ts',
  'vp-worker': 'hypervisor/virtual-processor/vp-worker.ts',
  'root-partition': 'root-partition/main.ts',
  cli: 'root-partition/admin/cli/main.ts',
};

/** Files that host programs read beside themselves. */
const hostFiles = ['guests/images/tiny-virt.config'];

const newest = (patterns: string[]): number =>
  Math.max(0, ...globSync(patterns, { cwd: top }).map((file) => statSync(join(top, file)).mtimeMs));

const isFresh = (output: string, inputsMtimeMs: number): boolean =>
  !force && existsSync(output) && statSync(output).mtimeMs >= inputsMtimeMs;

async function buildGuest(target: GuestTarget): Promise<void> {
  const output = join(target.isForTests ? 'build/test-guests' : 'build/guests', `${target.name}.wasm`);
  const inputs = newest([
    'hypervisor/abi/**/*.ts',
    'guests/lib/**/*.ts',
    target.entry.endsWith('/index.ts') ? `${dirname(target.entry)}/**/*.ts` : target.entry,
    ...(target.name === 'riscv-machine' ? ['guests/riscv/{isa,translator}/**/*.ts'] : []),
    'asconfig.json',
    'package-lock.json',
  ]);
  if (isFresh(join(top, output), inputs)) return;
  const startMs = performance.now();
  const { error, stderr } = await asc.main(
    [target.entry, '--config', 'asconfig.json', '--outFile', output, ...target.options],
    { readFile: (name, base) => readText(join(base, name)) },
  );
  if (error) throw new Error(`${target.entry} does not compile:\n${stderr.toString()}`);
  process.stderr.write(`built ${output} in ${Math.round(performance.now() - startMs)} ms\n`);
}

const readText = (path: string): string | null => (existsSync(path) ? readFileSync(path, 'utf8') : null);

async function buildHost(): Promise<void> {
  const input = Object.fromEntries(
    Object.entries(hostPrograms).filter(([, entry]) => existsSync(join(top, entry))),
  );
  const inputs = newest([
    'hypervisor/**/*.ts',
    'root-partition/**/*.ts',
    'guests/images/**/*.ts',
    'guests/riscv/{inspection,isa}/*.ts',
    'guests/riscv/machine/{hart/state,memory/layout}.ts',
    'guests/riscv/translator/{locals,leave-reasons}.ts',
    ...hostFiles,
    'build.ts',
  ]);
  const outputs = Object.keys(input).map((name) => join(top, 'dist', `${name}.js`));
  if (outputs.length === 0 || outputs.every((output) => isFresh(output, inputs))) return;
  const startMs = performance.now();
  rmSync(join(top, 'dist'), { recursive: true, force: true });
  const bundle = await rolldown({ cwd: top, input, platform: 'node', external: [/^[^./]/] });
  await bundle.write({ dir: 'dist', format: 'esm', sourcemap: true, entryFileNames: '[name].js' });
  await bundle.close();
  for (const file of hostFiles) copyFileSync(join(top, file), join(top, 'dist', basename(file)));
  process.stderr.write(`built dist/ in ${Math.round(performance.now() - startMs)} ms\n`);
}

process.chdir(top);
mkdirSync('build/guests', { recursive: true });
for (const target of guestTargets) await buildGuest(target);
await buildHost();
