// Builds everything that runs: guests (AssemblyScript → build/guests/*.wasm) and the host's programs
// (TypeScript → dist/*.js, bundles, because processes under --jitless cannot strip types).
// Outputs that are newer than all of their inputs are left alone; `node build.ts --force` rebuilds them.
// `node build.ts --without ID+ID …` also makes, for the escape attempts, an installation in build/without/ID+ID in which
// those controls are edited out of the sources (guests/escape/controls.ts).
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  globSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type InputOptions, type OutputOptions, rolldown } from 'rolldown';
import { controlSet, nameOfSet, removalOf } from './guests/escape/controls.ts';
import { editedSources } from './guests/escape/source-edit.ts';
import { MANIFEST } from './hypervisor/isolation/installation-check.ts';
import { ordinaryPrivateNames } from './private-names.ts';

const top = dirname(fileURLToPath(import.meta.url));
const { values: options } = parseArgs({
  options: { force: { type: 'boolean', default: false }, without: { type: 'string', multiple: true } },
});

/** One Wasm module: its entry file and whatever asc options it needs beyond asconfig.json. */
interface GuestTarget {
  name: string;
  entry: string;
  options: string[];
  /** Not a guest that people would run. */
  isForTests?: boolean;
}

/** Path from the top → text to build instead of the file's. */
type EditedSources = ReadonlyMap<string, string>;

const guestTargets: GuestTarget[] = [
  {
    name: 'riscv-machine',
    entry: 'guests/riscv/machine/index.ts',
    // With the functions' names, for profiles.
    options: ['--memoryBase', '1024', '--exportTable', '--growTable', '--debug'],
  },
  { name: 'covert-guest', entry: 'bench/covert/guest.ts', options: [], isForTests: true },
  { name: 'bench-guest', entry: 'bench/isolation/guest.ts', options: [], isForTests: true },
  {
    name: 'hostile-guest',
    entry: 'hypervisor/isolation/testing/hostile-guest.ts',
    options: [],
    isForTests: true,
  },
  {
    name: 'clock-guest',
    entry: 'hypervisor/isolation/testing/clock-guest.ts',
    options: [],
    isForTests: true,
  },
  ...globSync('guests/samples/*/index.ts', { cwd: top }).map((entry) => ({
    name: basename(dirname(entry)),
    entry,
    options: [],
  })),
  ...globSync('guests/escape/*/guest.ts', { cwd: top }).map((entry) => ({
    name: `escape/${basename(dirname(entry))}`,
    entry,
    // With a table, for those that publish code into it.
    options: ['--exportTable'],
    isForTests: true,
  })),
].filter((target) => existsSync(join(top, target.entry)));

/** What runs partitions, and the child processes that an escape attempt and the flag game run in. */
const partitionPrograms: Record<string, string> = {
  'launcher-thread': 'hypervisor/isolation/launcher-thread.ts',
  'partition-process': 'hypervisor/isolation/partition-process.ts',
  'vp-worker': 'hypervisor/virtual-processor/vp-worker.ts',
  'escape-stage': 'guests/escape/stage/main.ts',
  'escape-game': 'guests/escape/game/main.ts',
};
const hostPrograms: Record<string, string> = {
  ...partitionPrograms,
  index: 'hypervisor/index.ts',
  cli: 'root-partition/admin/cli/main.ts',
};

/** What runs under --jitless: every look-up that the build can spare it counts. */
const interpretedPrograms: Record<string, string> = { 'root-partition': 'root-partition/main.ts' };

/** Files that host programs read beside themselves. */
const hostFiles = ['guests/images/tiny-virt.config'];

/** What bundles load that is in no bundle: the packages that the project depends on, and what these load. */
const dependencyFiles = [
  'node_modules/commander/{package.json,*.js,*.mjs,lib/**/*.js}',
  'node_modules/piscina/{package.json,dist/**/*.{js,mjs}}',
  'node_modules/@napi-rs/nice*/*.{json,js,node}',
];

const newest = (patterns: string[]): number =>
  Math.max(0, ...globSync(patterns).map((file) => statSync(file).mtimeMs));

const isFresh = (output: string, inputsMtimeMs: number): boolean =>
  !options.force && existsSync(output) && statSync(output).mtimeMs >= inputsMtimeMs;

const guestOutput = (target: GuestTarget): string =>
  join(target.isForTests ? 'build/test-guests' : 'build/guests', `${target.name}.wasm`);

const guestInputs = (target: GuestTarget): string[] => [
  'hypervisor/abi/**/*.ts',
  'guests/lib/**/*.ts',
  target.entry.endsWith('/index.ts') ? `${dirname(target.entry)}/**/*.ts` : target.entry,
  ...(target.name === 'bench-guest' ? ['bench/isolation/compute-kernel.ts'] : []),
  ...(target.name === 'riscv-machine' ? ['guests/riscv/{isa,translator}/**/*.ts'] : []),
  'asconfig.json',
  'package-lock.json',
];

async function compileGuest(target: GuestTarget, output: string, edited: EditedSources): Promise<void> {
  const startMs = performance.now();
  // Loading the compiler takes longer than most builds that need none.
  const { default: asc } = await import('assemblyscript/asc');
  const { error, stderr } = await asc.main(
    [target.entry, '--config', 'asconfig.json', '--outFile', output, ...target.options],
    { readFile: (name, base) => readSource(join(base, name), edited) },
  );
  if (error) throw new Error(`${target.entry} does not compile:\n${stderr.toString()}`);
  process.stderr.write(`built ${output} in ${Math.round(performance.now() - startMs)} ms\n`);
}

function readSource(path: string, edited: EditedSources): string | null {
  return edited.get(relative(top, resolve(path))) ?? (existsSync(path) ? readFileSync(path, 'utf8') : null);
}

async function bundlePrograms(
  programs: Record<string, string>,
  folder: string,
  edited: EditedSources,
): Promise<void> {
  const startMs = performance.now();
  rmSync(join(top, folder), { recursive: true, force: true });
  const source = {
    cwd: top,
    platform: 'node',
    external: [/^[^./]/],
  } satisfies InputOptions;
  const output = {
    dir: folder,
    format: 'esm',
    sourcemap: true,
    entryFileNames: '[name].js',
  } satisfies OutputOptions;
  const plugins = [{ name: 'edited-sources', load: (id: string) => edited.get(relative(top, id)) ?? null }];
  await using compiled = await rolldown({ ...source, input: programs, plugins });
  await compiled.write(output);
  await using interpreted = await rolldown({
    ...source,
    input: interpretedPrograms,
    plugins: [...plugins, ordinaryPrivateNames()],
    optimization: { inlineConst: { mode: 'all', pass: 2 } },
  });
  // Without `const`, there is no looking whether a name has its value yet.
  await interpreted.write({ ...output, topLevelVar: true });
  process.stderr.write(`built ${folder}/ in ${Math.round(performance.now() - startMs)} ms\n`);
}

/** Hashes of everything that the programs of `installation` are loaded from. */
function writeManifest(installation: string): void {
  const hashes = (files: string[], from: string): [string, string][] =>
    files.sort().map((file) => [
      file,
      createHash('sha256')
        .update(readFileSync(join(from, file)))
        .digest('hex'),
    ]);
  const files = Object.fromEntries([
    ...hashes(globSync('dist/*.js', { cwd: installation }), installation),
    // Every installation has the same.
    ...hashes(globSync(dependencyFiles, { cwd: top }), top),
  ]);
  writeFileSync(join(installation, MANIFEST), `${JSON.stringify({ files }, null, 1)}\n`);
}

const hostInputs = [
  'hypervisor/**/*.ts',
  'root-partition/**/*.ts',
  'guests/{escape,images}/**/*.ts',
  'guests/riscv/{inspection,isa}/*.ts',
  'guests/riscv/machine/{hart/state,memory/layout}.ts',
  'guests/riscv/translator/{locals,leave-reasons}.ts',
  ...hostFiles,
  'build.ts',
  'private-names.ts',
  'package-lock.json',
];

async function buildInstallation(): Promise<void> {
  mkdirSync('build/guests', { recursive: true });
  for (const target of guestTargets) {
    if (!isFresh(guestOutput(target), newest(guestInputs(target))))
      await compileGuest(target, guestOutput(target), new Map());
  }
  const outputs = [
    ...Object.keys({ ...hostPrograms, ...interpretedPrograms }).map((name) => `dist/${name}.js`),
    MANIFEST,
  ];
  const inputs = newest(hostInputs);
  if (outputs.every((output) => isFresh(output, inputs))) return;
  await bundlePrograms(hostPrograms, 'dist', new Map());
  for (const file of hostFiles) copyFileSync(file, join('dist', basename(file)));
  writeManifest(top);
}

/** An installation without those controls, beside the real one, with which it shares what does not differ. */
async function buildWithout(ids: string): Promise<void> {
  const edited = editedSources(top, removalOf(controlSet(ids)));
  const concerned = guestTargets.filter((target) =>
    globSync(guestInputs(target)).some((file) => edited.has(file)),
  );
  const folder = join('build/without', nameOfSet(ids.split('+')));
  const inputs = newest([...hostInputs, ...concerned.flatMap(guestInputs)]);
  if (isFresh(join(folder, 'dist/escape-stage.js'), inputs)) return;
  // Made aside and moved into place, so that whoever finds it finds all of it.
  const unfinished = `${folder}.${process.pid}`;
  process.once('exit', () => rmSync(unfinished, { recursive: true, force: true }));
  await bundlePrograms(partitionPrograms, join(unfinished, 'dist'), edited);
  writeManifest(unfinished);
  copyFileSync('package.json', join(unfinished, 'package.json'));
  symlinkSync(join(top, 'node_modules'), join(unfinished, 'node_modules'));
  for (const target of guestTargets) {
    const output = join(unfinished, guestOutput(target));
    mkdirSync(dirname(output), { recursive: true });
    if (concerned.includes(target)) await compileGuest(target, output, edited);
    else symlinkSync(join(top, guestOutput(target)), output);
  }
  // Somebody else may have been faster, and may be running what is there.
  if (isFresh(join(folder, 'dist/escape-stage.js'), inputs)) return;
  rmSync(folder, { recursive: true, force: true });
  renameSync(unfinished, folder);
}

process.chdir(top);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
await buildInstallation();
for (const ids of options.without ?? []) await buildWithout(ids);
