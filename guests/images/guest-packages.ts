// Brings Debian packages from the archive (or the download cache) into memory and sorts out the user's part of an
// image: core tools picked file by file, packages asked for with all that they depend on.
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AptArchive, sha256Hex } from './apt-archive.ts';
import type { BuildProgress } from './build-progress.ts';
import type { CpioTree } from './cpio.ts';
import type { PackageRecord } from './package-index.ts';
import { runCommand } from './subprocess.ts';
import { TarReader } from './tar-reader.ts';
import {
  buildUserland,
  CORE_PACKAGES,
  isTakenWhole,
  isWantedFile,
  mergeUsr,
  type PackageFiles,
} from './userland.ts';

export interface PackageSourceOptions {
  readonly archive: AptArchive;
  readonly downloadCache: string;
  /** The build's own, gone afterwards. */
  readonly folder: string;
  readonly progress: BuildProgress;
  readonly signal?: AbortSignal | undefined;
}

/** Runs with a folder of its own under the system's temporary folder; the folder goes in every case. */
export async function withTemporaryFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'cofferdam-image-'));
  // Under root apt fetches as the user _apt, who must be able to come here.
  chmodSync(folder, 0o755);
  try {
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Paths of the packages' files in the build's own folder, in the order given: copied from the download cache where
 * their hash is right, else downloaded. Other builds may add to the cache and prune it at any time.
 */
export async function fetchPackages(
  records: readonly PackageRecord[],
  options: PackageSourceOptions,
): Promise<string[]> {
  const own = (record: PackageRecord): string => join(options.folder, `${record.sha256}.deb`);
  const cached = (record: PackageRecord): string => join(options.downloadCache, `${record.sha256}.deb`);
  mkdirSync(options.downloadCache, { recursive: true });
  const missing = records.filter(
    (record) => !existsSync(own(record)) && !copyVerified(cached(record), own(record), record.sha256),
  );
  if (missing.length > 0) {
    const downloads = await options.archive.download(missing, join(options.folder, 'downloads'));
    for (const [index, record] of missing.entries()) {
      renameSync(downloads[index]!, own(record));
      copyFileSync(own(record), cached(record));
    }
  }
  return records.map(own);
}

/** Copies first and checks the copy: what was checked is what will be used. */
function copyVerified(from: string, to: string, sha256: string): boolean {
  try {
    copyFileSync(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return false;
  }
  if (sha256Hex(readFileSync(to)) === sha256) return true;
  rmSync(to);
  return false;
}

/** Forgets downloads that none of the given packages is. */
export function pruneDownloads(downloadCache: string, keep: readonly { readonly sha256: string }[]): void {
  if (!existsSync(downloadCache)) return;
  const kept = new Set(keep.map((record) => `${record.sha256}.deb`));
  for (const name of readdirSync(downloadCache))
    if (!kept.has(name)) rmSync(join(downloadCache, name), { force: true });
}

/** The files of a package, in memory. */
export async function readPackage(
  path: string,
  wants: (path: string) => boolean,
  signal?: AbortSignal,
): Promise<PackageFiles> {
  const reader = new TarReader(wants);
  // An error thrown by the reader must not escape into the stream's event handler.
  let failure: unknown;
  await runCommand('dpkg-deb', ['--fsys-tarfile', path], {
    signal,
    onStdout: (chunk) => {
      if (failure !== undefined) return;
      try {
        reader.write(chunk);
      } catch (error) {
        failure = error;
      }
    },
  });
  if (failure !== undefined) throw failure;
  return reader.finish();
}

export interface UserlandPlan {
  readonly records: readonly PackageRecord[];
  /** Asked for by name: taken whole. */
  readonly requested: ReadonlySet<string>;
  /** Asked for or depended on by what was asked for. */
  readonly extra: ReadonlySet<string>;
}

/** Resolves the core packages and those asked for. */
export async function planUserland(archive: AptArchive, requested: readonly string[]): Promise<UserlandPlan> {
  const extra = await archive.closure(requested);
  const records = await archive.closure([...CORE_PACKAGES, ...requested]);
  return { records, requested: new Set(requested), extra: new Set(extra.map((record) => record.name)) };
}

/** Reads the planned packages and lays the guest's files out. */
export async function assembleUserland(plan: UserlandPlan, options: PackageSourceOptions): Promise<CpioTree> {
  const paths = await fetchPackages(plan.records, options);
  const files: PackageFiles = new Map();
  const extra = new Set<string>();
  for (const [index, record] of plan.records.entries()) {
    options.progress({ phase: 'unpack', text: record.name, done: index, total: plan.records.length });
    const isExtra = plan.extra.has(record.name);
    for (const [path, member] of await readPackage(paths[index]!, isWantedFile, options.signal)) {
      const merged = mergeUsr(path);
      files.set(merged, member);
      if (isExtra && isTakenWhole(merged, plan.requested.has(record.name))) extra.add(merged);
    }
  }
  return buildUserland({ files, extra });
}
