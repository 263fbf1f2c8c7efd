// The modules of the official WebAssembly test suite, as a Debian source package carries it: fetched with apt (state of
// its own, signatures checked), turned into binaries by wabt's wast2json, kept in the cache. Nothing of it is in this
// project. Needs apt, tar and wast2json, and fails without them.
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { findDebianArchive } from '../../../guests/images/apt-sources.ts';
import { defaultCacheFolder } from '../../../guests/images/image-store.ts';

/** A source package that has the suite in it, and where. */
const SUITE = 'bookworm';
const SOURCE_PACKAGE = 'binaryen=108-1';
const SUITE_FOLDER = 'test/spec';

export interface SuiteModule {
  /** `binary.wast:17`. */
  where: string;
  /** What the suite says: `malformed`, `invalid`, `unlinkable`, `uninstantiable`, or `module` when it is right. */
  kind: string;
  /** Why. */
  text: string;
  bytes: Uint8Array<ArrayBuffer>;
}

interface Command {
  type: string;
  line: number;
  filename?: string;
  text?: string;
  module_type?: string;
}

/** All of them; fetched on first use, about 15 MB. */
export function specificationSuite(): SuiteModule[] {
  const folder = join(defaultCacheFolder(), `specification-suite-${SOURCE_PACKAGE}`);
  if (!existsSync(folder)) fetchSuite(folder);
  return readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .flatMap((file) => readCommands(folder, file));
}

function readCommands(folder: string, file: string): SuiteModule[] {
  const { commands } = JSON.parse(readFileSync(join(folder, file), 'utf8')) as { commands: Command[] };
  return commands.flatMap(({ type, line, filename, text = '' }) =>
    filename?.endsWith('.wasm')
      ? {
          where: `${basename(file, '.json')}.wast:${line}`,
          kind: type.replace('assert_', ''),
          text,
          bytes: new Uint8Array(readFileSync(join(folder, filename))),
        }
      : [],
  );
}

function fetchSuite(folder: string): void {
  const work = mkdtempSync(join(tmpdir(), 'cofferdam-suite-'));
  try {
    // Under root apt fetches as the user _apt, who must be able to come here.
    chmodSync(work, 0o755);
    fetchSource(work);
    const archive = readdirSync(work).find((name) => /\.orig\.tar\./.test(name)) as string;
    const sources = join(work, 'suite');
    mkdirSync(sources);
    const strip = SUITE_FOLDER.split('/').length + 1;
    execFileSync('tar', [
      '-xf',
      join(work, archive),
      '-C',
      sources,
      `--strip-components=${strip}`,
      '--wildcards',
      `*/${SUITE_FOLDER}/*.wast`,
    ]);
    const binaries = join(work, 'binaries');
    mkdirSync(binaries);
    for (const file of readdirSync(sources))
      convert(join(sources, file), join(binaries, `${basename(file, '.wast')}.json`));
    mkdirSync(join(folder, '..'), { recursive: true });
    execFileSync('cp', ['-r', binaries, `${folder}.${process.pid}`]);
    renameSync(`${folder}.${process.pid}`, folder);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function fetchSource(work: string): void {
  const { uris, keyring } = findDebianArchive();
  mkdirSync(join(work, 'lists/partial'), { recursive: true });
  const source = [
    'Types: deb-src',
    `URIs: ${uris.join(' ')}`,
    `Suites: ${SUITE}`,
    'Components: main',
    `Signed-By: ${keyring}`,
  ];
  writeFileSync(join(work, 'suite.sources'), `${source.join('\n')}\n`);
  const state = [
    `Dir::State::lists=${join(work, 'lists')}`,
    `Dir::Etc::sourcelist=${join(work, 'suite.sources')}`,
    'Dir::Etc::sourceparts=-',
  ];
  const options = ['-qq', ...state.flatMap((option) => ['-o', option])];
  execFileSync('apt-get', [...options, 'update'], { cwd: work, stdio: 'pipe' });
  execFileSync('apt-get', [...options, '--download-only', 'source', SOURCE_PACKAGE], {
    cwd: work,
    stdio: 'pipe',
  });
}

/** Some files are older or newer than what wast2json reads; they are left out. */
function convert(wast: string, json: string): void {
  try {
    execFileSync('wast2json', ['--enable-all', '-o', json, wast], { stdio: 'pipe' });
  } catch (error) {
    rmSync(json, { force: true });
    if ((error as NodeJS.ErrnoException).code === 'ENOENT')
      throw new Error('wast2json is needed; install it: apt-get install -y wabt');
  }
}
