// The frame of every build: cache lookup, lock, private folders, hashes, manifest, and one rename at the end.

import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type AptArchive, sha256Hex } from './apt-archive.ts';
import type { BuildOptions, BuiltImage } from './build-options.ts';
import type { BuildProgress } from './build-progress.ts';
import { pruneDownloads, withTemporaryFolder } from './guest-packages.ts';
import { ImageError } from './image-error.ts';
import { hashFile, ImageStore } from './image-store.ts';
import { INIT_FILES, READY_PATTERN } from './init-script.ts';
import type { ProfileName } from './manifest.ts';
import { type ImageFile, type ImageManifest, type ImageProfile, MANIFEST_SCHEMA } from './manifest.ts';
import type { PackageRecord } from './package-index.ts';

/** Raised whenever equal inputs would give another image: part of every hash. */
const BUILDER_VERSION = 7;

export interface BuildRequest {
  readonly name: string;
  /** All that the caller chose and that changes the result; plain JSON. */
  readonly inputs: Readonly<Record<string, unknown>>;
}

/** A build under way. */
export interface ImageBuild {
  /** The image's files go here. */
  readonly folder: string;
  /** For everything else; gone afterwards. */
  readonly temporaryFolder: string;
  readonly downloadCache: string;
  /** Kernel and symbols of an image, verified, that were compiled from equal inputs before. */
  findCompiledKernel(kernelBuildId: string): Promise<CompiledKernel | undefined>;
  /** To be called once with the packages that the request came down to. */
  resolved(packages: readonly PackageRecord[], others?: Readonly<Record<string, string>>): void;
}

/** Paths. */
export interface CompiledKernel {
  readonly kernel: string;
  readonly symbols: string;
}

/** What a builder knows before the costly part begins. */
export interface PreparedBuild {
  readonly index: ImageManifest['index'];
  readonly kernelRelease: string;
  readonly kernelBuildId?: string;
  readonly kernelSymbols?: string;
  readonly profiles: Readonly<Record<ProfileName, ImageProfile>>;
  readonly minimumMemoryMiB: number;
  /** Writes kernel and initramfs into the build's folder. Not called when an equal image exists. */
  readonly write: () => Promise<void>;
}

export async function runBuild(
  request: BuildRequest,
  options: BuildOptions,
  progress: BuildProgress,
  prepare: (build: ImageBuild) => Promise<PreparedBuild>,
): Promise<BuiltImage> {
  const store = new ImageStore(options.cacheFolder);
  const origin = { mirror: options.mirror ?? null, keyring: options.keyring ?? null };
  const description = { ...request.inputs, ...origin, builder: BUILDER_VERSION, init: [...INIT_FILES] };
  const requestId = hashOf([request.name, description]);
  const cached = await findCached(store, request.name, requestId, options, progress);
  if (cached !== undefined) return cached;
  const onWait = (): void =>
    progress({ phase: 'cache', text: `another build of ${request.name} is running; waiting for it` });
  return store.withLock(
    request.name,
    async () =>
      // While this build waited, another may have made the very same image.
      (await findCached(store, request.name, requestId, options, progress)) ??
      (await buildLocked({ store, request, requestId, options, progress, prepare })),
    { signal: options.signal, onWait },
  );
}

async function findCached(
  store: ImageStore,
  name: string,
  requestId: string,
  options: BuildOptions,
  progress: BuildProgress,
): Promise<BuiltImage | undefined> {
  const found = options.refresh === true ? undefined : store.findByRequest(name, requestId);
  if (found === undefined) return undefined;
  try {
    return { ...(await store.open(name, found.manifest.id)), isCached: true };
  } catch (error) {
    if (!(error instanceof ImageError) || error.code !== 'image-corrupt') throw error;
    progress({ phase: 'cache', text: `${error.message}\n  building it again`, isWarning: true });
    return undefined;
  }
}

interface LockedBuild {
  readonly store: ImageStore;
  readonly request: BuildRequest;
  readonly requestId: string;
  readonly options: BuildOptions;
  readonly progress: BuildProgress;
  readonly prepare: (build: ImageBuild) => Promise<PreparedBuild>;
}

function buildLocked(locked: LockedBuild): Promise<BuiltImage> {
  const { store, request, requestId, options, progress } = locked;
  return withTemporaryFolder(async (temporaryFolder) => {
    const folder = store.startBuild(request.name);
    try {
      let packages: readonly PackageRecord[] = [];
      let id = '';
      const prepared = await locked.prepare({
        folder,
        temporaryFolder,
        downloadCache: store.packagesFolder,
        findCompiledKernel: (kernelBuildId) => findCompiledKernel(store, kernelBuildId),
        resolved: (records, others = {}) => {
          packages = uniqueRecords(records);
          id = hashOf([requestId, packages.map((record) => record.sha256), others]);
        },
      });
      const same = store.list(request.name).find((image) => image.manifest.id === id);
      if (same !== undefined && (await isIntact(store, same.manifest))) return { ...same, isCached: true };
      await prepared.write();
      progress({ phase: 'store', text: 'hashing' });
      const files = await hashFiles(folder, prepared);
      const { write: _, ...facts } = prepared;
      const manifest: ImageManifest = {
        schema: MANIFEST_SCHEMA,
        name: request.name,
        id,
        requestId,
        createdAt: new Date().toISOString(),
        architecture: 'riscv64',
        ...facts,
        packages: packages.map(({ name, version, architecture, sha256 }) => ({
          name,
          version,
          architecture,
          sha256,
        })),
        files,
        defaultProfile: options.profile ?? 'stock',
        consoles: [
          { device: 'ttyS0', kind: 'uart-16550' },
          { device: 'hvc0', kind: 'virtio-console' },
        ],
        readyPattern: READY_PATTERN,
      };
      const image = store.commit(folder, manifest);
      pruneDownloads(
        store.packagesFolder,
        store.list().flatMap((each) => each.manifest.packages),
      );
      return { ...image, isCached: false };
    } finally {
      // Committed or not: after the rename there is nothing left here.
      rmSync(folder, { recursive: true, force: true });
    }
  });
}

async function findCompiledKernel(
  store: ImageStore,
  kernelBuildId: string,
): Promise<CompiledKernel | undefined> {
  for (const { folder, manifest } of store.list()) {
    const { kernelSymbols } = manifest;
    if (manifest.kernelBuildId !== kernelBuildId || kernelSymbols === undefined) continue;
    if (await isIntact(store, manifest))
      return { kernel: join(folder, 'kernel'), symbols: join(folder, kernelSymbols) };
  }
  return undefined;
}

async function isIntact(store: ImageStore, manifest: ImageManifest): Promise<boolean> {
  try {
    await store.open(manifest.name, manifest.id);
    return true;
  } catch {
    return false;
  }
}

function uniqueRecords(records: readonly PackageRecord[]): PackageRecord[] {
  const byHash = new Map(records.map((record) => [record.sha256, record]));
  return [...byHash.values()].sort((left, right) => (left.name < right.name ? -1 : 1));
}

async function hashFiles(
  folder: string,
  { profiles, kernelSymbols }: PreparedBuild,
): Promise<Record<string, ImageFile>> {
  const names = new Set(['kernel', ...Object.values(profiles).map((profile) => profile.initramfs)]);
  if (kernelSymbols !== undefined) names.add(kernelSymbols);
  const files: Record<string, ImageFile> = {};
  for (const name of names) {
    const path = join(folder, name);
    if (!existsSync(path)) throw new ImageError('image-corrupt', `the build wrote no ${name}`);
    files[name] = await hashFile(path);
  }
  return files;
}

/** 128 bits: the name of the image's folder. */
export function hashOf(value: unknown): string {
  return sha256Hex(JSON.stringify(value)).slice(0, 32);
}

/** The archive's part of a manifest. */
export function describeIndex(archive: AptArchive): ImageManifest['index'] {
  const { suite, date, validUntil, isExpired } = archive.index;
  return {
    suite,
    ...(date === undefined ? {} : { date }),
    ...(validUntil === undefined ? {} : { validUntil }),
    isExpired,
  };
}
