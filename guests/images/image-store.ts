// The cache of built images, below $XDG_CACHE_HOME/cofferdam or ~/.cache/cofferdam (XDG Base Directory
// Specification 0.8):
//
//   images/<name>/<id>/{kernel, initramfs, …, manifest.json}    complete, never changed afterwards
//   images/<name>/.lock                                         process id of the build that is running
//   images/<name>/.building-<pid>-<random>/                     one build's files until they are complete
//   packages/<sha256>.deb                                       downloads, verified
//
// An image appears by one rename and is named after its inputs, so readers need no lock, and a build that dies
// leaves nothing that could be taken for an image. The lock only saves two builds from doing the same work.
import { createHash } from 'node:crypto';
import {
  createReadStream,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { ImageError } from './image-error.ts';
import { type ImageManifest, parseManifest } from './manifest.ts';

const LOCK_POLL_MS = 200;

export interface StoredImage {
  readonly folder: string;
  readonly manifest: ImageManifest;
}

export class ImageStore {
  readonly root: string;

  constructor(root = defaultCacheFolder()) {
    this.root = root;
  }

  get packagesFolder(): string {
    return join(this.root, 'packages');
  }

  #nameFolder(name: string): string {
    if (!/^[a-z0-9][a-z0-9-]{0,63}$/.test(name)) {
      throw new ImageError('image-name-invalid', `not a name of an image: ${JSON.stringify(name)}`, {
        expected: 'lower-case letters, digits and -',
      });
    }
    return join(this.root, 'images', name);
  }

  /** All images whose manifest can be read, newest first; damaged ones are left out (open() reports them). */
  list(name?: string): StoredImage[] {
    const names = name === undefined ? subfolders(join(this.root, 'images')) : [name];
    return names
      .flatMap((each) => this.#ids(each).map((id) => join(this.#nameFolder(each), id)))
      .flatMap((folder) => {
        try {
          return [readStored(folder)];
        } catch (error) {
          if (error instanceof ImageError) return [];
          throw error;
        }
      })
      .sort((left, right) => right.manifest.createdAt.localeCompare(left.manifest.createdAt));
  }

  /** The image that an earlier, equal request built. */
  findByRequest(name: string, requestId: string): StoredImage | undefined {
    return this.list(name).find((image) => image.manifest.requestId === requestId);
  }

  /**
   * The newest image of that name, or the one with that id (a unique beginning will do), its files verified against
   * their hashes. Throws `image-not-found` or `image-corrupt`.
   */
  async open(name: string, id?: string): Promise<StoredImage> {
    const image = id === undefined ? this.list(name)[0] : readStored(this.#folderOf(name, id));
    if (image === undefined) {
      // No readable image: a damaged one explains more than "not found".
      const damaged = this.#ids(name)[0];
      if (damaged !== undefined) readStored(join(this.#nameFolder(name), damaged));
      throw notFound(name, id);
    }
    await verifyFiles(image);
    return image;
  }

  /** Removes one image, or all of that name. Returns the ids removed. */
  remove(name: string, id?: string): string[] {
    const ids = id === undefined ? this.#ids(name) : [this.#folderOf(name, id).split('/').at(-1)!];
    if (ids.length === 0) throw notFound(name, id);
    for (const each of ids) {
      // Out of sight first: nobody may open an image that is half removed.
      const doomed = join(this.#nameFolder(name), `.removed-${process.pid}-${each}`);
      renameSync(join(this.#nameFolder(name), each), doomed);
      rmSync(doomed, { recursive: true, force: true });
    }
    return ids;
  }

  /** Runs a build alone for its name: waits for a running one, sweeps what dead ones left. */
  async withLock<T>(name: string, build: () => Promise<T>, waiting: LockWaiting = {}): Promise<T> {
    const folder = this.#nameFolder(name);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const lock = join(folder, '.lock');
    for (let isFirst = true; !tryLock(lock); isFirst = false) {
      if (waiting.signal?.aborted) throw new ImageError('aborted', `the build of ${name} was aborted`);
      if (isFirst) waiting.onWait?.();
      await delay(LOCK_POLL_MS);
    }
    try {
      sweep(folder);
      return await build();
    } finally {
      unlinkSync(lock);
    }
  }

  /** A fresh folder for a build; hand it to `commit`, or remove it. */
  startBuild(name: string): string {
    return mkdtempSync(join(this.#nameFolder(name), `.building-${process.pid}-`));
  }

  /** Makes the folder's files and manifest visible as an image, at once. */
  commit(folder: string, manifest: ImageManifest): StoredImage {
    writeFileSync(join(folder, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`, { flush: true });
    const destination = join(this.#nameFolder(manifest.name), manifest.id);
    rmSync(destination, { recursive: true, force: true });
    renameSync(folder, destination);
    return readStored(destination);
  }

  #ids(name: string): string[] {
    return subfolders(this.#nameFolder(name)).filter((id) => /^[0-9a-f]{32}$/.test(id));
  }

  #folderOf(name: string, id: string): string {
    const found = this.#ids(name).filter((candidate) => id !== '' && candidate.startsWith(id));
    if (found.length !== 1) throw notFound(name, id);
    return join(this.#nameFolder(name), found[0]!);
  }
}

export interface LockWaiting {
  readonly signal?: AbortSignal | undefined;
  readonly onWait?: () => void;
}

export function defaultCacheFolder(environment: NodeJS.ProcessEnv = process.env): string {
  const configured = environment['XDG_CACHE_HOME'];
  // The specification: relative paths are invalid and to be ignored.
  const base = configured?.startsWith('/') ? configured : join(environment['HOME'] || homedir(), '.cache');
  return join(base, 'cofferdam');
}

/** Hash and length of a file, streamed. */
export async function hashFile(path: string): Promise<{ sha256: string; bytes: number }> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return { sha256: hash.digest('hex'), bytes: statSync(path).size };
}

function readStored(folder: string): StoredImage {
  const path = join(folder, 'manifest.json');
  if (!existsSync(path)) {
    throw new ImageError('image-corrupt', `${path} is missing`, {
      remedy: 'remove the image and build it again',
    });
  }
  const manifest = parseManifest(readFileSync(path, 'utf8'), path);
  const belongs = join(manifest.name, manifest.id);
  if (!folder.endsWith(`/${belongs}`)) {
    throw new ImageError('image-corrupt', `${path} describes another image`, {
      expected: folder,
      came: belongs,
    });
  }
  return { folder, manifest };
}

async function verifyFiles(image: StoredImage): Promise<void> {
  for (const [name, expected] of Object.entries(image.manifest.files)) {
    const path = join(image.folder, name);
    const came = existsSync(path) ? await hashFile(path) : undefined;
    if (came?.sha256 === expected.sha256) continue;
    throw new ImageError('image-corrupt', `${path} is not what was built`, {
      expected: `sha256 ${expected.sha256}, ${expected.bytes} bytes`,
      came: came === undefined ? 'no file' : `sha256 ${came.sha256}, ${came.bytes} bytes`,
      remedy: 'remove the image and build it again',
    });
  }
}

function subfolders(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    .map((entry) => entry.name);
}

function notFound(name: string, id: string | undefined): ImageError {
  return new ImageError('image-not-found', `no image ${name}${id === undefined ? '' : ` with id ${id}`}`, {
    remedy: `build it: cofferdam image build ${name}`,
  });
}

function tryLock(path: string): boolean {
  // Written aside and linked, so that a lock always has its holder's id inside.
  const own = `${path}-${process.pid}-${Math.random().toString(36).slice(2)}`;
  writeFileSync(own, String(process.pid));
  try {
    linkSync(own, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    removeIfStale(path);
    return false;
  } finally {
    unlinkSync(own);
  }
}

function removeIfStale(path: string): void {
  try {
    if (!isAlive(Number(readFileSync(path, 'utf8')))) unlinkSync(path);
  } catch (error) {
    // Its holder, or another waiter, was faster.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Removes the folders of builds and removals whose process is gone. */
function sweep(folder: string): void {
  for (const name of readdirSync(folder)) {
    const pid = /^\.(?:building|removed|lock)-(\d+)-/.exec(name)?.[1];
    if (pid !== undefined && !isAlive(Number(pid)))
      rmSync(join(folder, name), { recursive: true, force: true });
  }
}
