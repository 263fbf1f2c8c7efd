// The description of a built image, stored as manifest.json beside its files, and its checked reading: a manifest
// from the cache is input like any other.
import { ImageError } from './image-error.ts';

export const MANIFEST_SCHEMA = 1;

/** Of a value that is wrong, in characters. */
const MOST_SHOWN = 200;

export const PROFILE_NAMES = ['stock', 'fast'] as const;
export type ProfileName = (typeof PROFILE_NAMES)[number];

export interface ImageProfile {
  /** Kernel command line without `console=`. */
  readonly commandLine: string;
  /** Name of the initramfs file to use with it. */
  readonly initramfs: string;
}

const CONSOLE_KINDS = ['uart-16550', 'virtio-console'] as const;

export interface ImageConsole {
  /** As in `console=`: ttyS0 is the 16550, hvc0 the virtio console. */
  readonly device: string;
  readonly kind: (typeof CONSOLE_KINDS)[number];
}

export interface ImageFile {
  readonly sha256: string;
  readonly bytes: number;
}

export interface ImagePackage {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  readonly sha256: string;
}

export interface ImageManifest {
  readonly schema: number;
  readonly name: string;
  /** Hash of everything that went in; also the name of the folder. */
  readonly id: string;
  /** Hash of what was asked for: the same request finds this image again. */
  readonly requestId: string;
  readonly createdAt: string;
  readonly architecture: string;
  readonly kernelRelease: string;
  /** Hash of source, configuration and compiler, when the kernel was compiled for this image. */
  readonly kernelBuildId?: string;
  /** Which of the files holds the kernel's symbols, as System.map has them. */
  readonly kernelSymbols?: string;
  /** Suite of the archive, dates of its index; expired ones were accepted explicitly. */
  readonly index: {
    readonly suite: string;
    readonly date?: string;
    readonly validUntil?: string;
    readonly isExpired: boolean;
  };
  readonly packages: readonly ImagePackage[];
  /** File names in the image's folder: kernel, initramfs, … */
  readonly files: Readonly<Record<string, ImageFile>>;
  readonly profiles: Readonly<Record<ProfileName, ImageProfile>>;
  readonly defaultProfile: ProfileName;
  /** The first is the default. */
  readonly consoles: readonly ImageConsole[];
  /** Source of a regular expression that matches the end of the console's output when the guest is ready. */
  readonly readyPattern: string;
  readonly minimumMemoryMiB: number;
}

/** Parses and checks; throws `image-corrupt` naming the first field that is wrong. */
export function parseManifest(text: string, origin: string): ImageManifest {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw corrupt(origin, 'JSON', 'something else', cause);
  }
  const manifest = record(value, origin, 'the manifest') as unknown as ImageManifest;
  if (manifest.schema !== MANIFEST_SCHEMA) {
    throw corrupt(origin, `schema ${MANIFEST_SCHEMA}`, `schema ${show(manifest.schema)}`);
  }
  const strings = [
    'name',
    'id',
    'requestId',
    'createdAt',
    'architecture',
    'kernelRelease',
    'readyPattern',
  ] as const;
  for (const field of strings) checkString(manifest[field], origin, field);
  if (manifest.kernelBuildId !== undefined) checkString(manifest.kernelBuildId, origin, 'kernelBuildId');
  checkPattern(manifest.readyPattern, origin);
  const files = record(manifest.files, origin, 'files');
  for (const [name, file] of Object.entries(files)) checkFile(name, file, origin);
  if (files['kernel'] === undefined) throw corrupt(origin, 'a file named kernel', 'none');
  if (manifest.kernelSymbols !== undefined)
    checkListed('kernelSymbols', manifest.kernelSymbols, files, origin);
  const profiles = record(manifest.profiles, origin, 'profiles');
  for (const name of PROFILE_NAMES)
    checkProfile(record(profiles[name], origin, `profiles.${name}`), files, origin);
  if (!PROFILE_NAMES.includes(manifest.defaultProfile)) {
    throw corrupt(origin, `a default profile of ${PROFILE_NAMES.join(', ')}`, show(manifest.defaultProfile));
  }
  checkConsoles(manifest.consoles, origin);
  checkIndex(record(manifest.index, origin, 'index'), origin);
  if (!Array.isArray(manifest.packages))
    throw corrupt(origin, 'a list of packages', typeof manifest.packages);
  for (const entry of manifest.packages) checkPackage(record(entry, origin, 'a package'), origin);
  if (!Number.isSafeInteger(manifest.minimumMemoryMiB) || manifest.minimumMemoryMiB <= 0) {
    throw corrupt(origin, 'a positive minimumMemoryMiB', show(manifest.minimumMemoryMiB));
  }
  return manifest;
}

function checkIndex(index: Record<string, unknown>, origin: string): void {
  checkString(index['suite'], origin, 'index.suite');
  for (const field of ['date', 'validUntil'])
    if (index[field] !== undefined) checkString(index[field], origin, `index.${field}`);
  if (typeof index['isExpired'] !== 'boolean')
    throw corrupt(origin, 'index.isExpired as true or false', show(index['isExpired']));
}

function checkPackage(entry: Record<string, unknown>, origin: string): void {
  for (const field of ['name', 'version', 'architecture', 'sha256']) checkString(entry[field], origin, field);
}

function checkFile(name: string, value: unknown, origin: string): void {
  // The name becomes part of a path.
  if (!/^[a-z0-9][a-z0-9.-]*$/.test(name)) throw corrupt(origin, 'plain file names', show(name));
  const file = record(value, origin, `files.${name}`);
  if (typeof file['sha256'] !== 'string' || !/^[0-9a-f]{64}$/.test(file['sha256'])) {
    throw corrupt(origin, `a sha256 for ${name}`, show(file['sha256']));
  }
  if (!Number.isSafeInteger(file['bytes']) || Number(file['bytes']) < 0) {
    throw corrupt(origin, `a length for ${name}`, show(file['bytes']));
  }
}

function checkProfile(
  profile: Record<string, unknown>,
  files: Record<string, unknown>,
  origin: string,
): void {
  checkString(profile['commandLine'], origin, 'commandLine');
  checkListed('initramfs', profile['initramfs'], files, origin);
}

/** A field that names one of the image's files. */
function checkListed(field: string, value: unknown, files: Record<string, unknown>, origin: string): void {
  checkString(value, origin, field);
  if (!Object.hasOwn(files, value as string)) {
    throw corrupt(origin, `${field} to be among the files`, show(value));
  }
}

function checkConsoles(value: unknown, origin: string): void {
  if (!Array.isArray(value) || value.length === 0) throw corrupt(origin, 'at least one console', show(value));
  for (const entry of value) {
    const { device, kind } = record(entry, origin, 'a console');
    checkString(device, origin, 'device');
    if (!CONSOLE_KINDS.some((known) => known === kind))
      throw corrupt(origin, `a console of kind ${CONSOLE_KINDS.join(' or ')}`, show(kind));
  }
}

function checkPattern(source: string, origin: string): void {
  try {
    new RegExp(source);
  } catch (cause) {
    throw corrupt(origin, 'a regular expression as readyPattern', show(source), cause);
  }
}

function checkString(value: unknown, origin: string, field: string): void {
  if (typeof value !== 'string' || (value === '' && field !== 'commandLine')) {
    throw corrupt(origin, `${field} as a string`, show(value));
  }
}

function record(value: unknown, origin: string, what: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw corrupt(origin, `${what} as an object`, show(value));
  }
  return value as Record<string, unknown>;
}

/** Any JSON value, for a message: String() runs what it finds, JSON.stringify() runs out of stack in a deep one. */
function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'a list' : 'an object';
  return JSON.stringify(value).slice(0, MOST_SHOWN);
}

function corrupt(origin: string, expected: string, came: string, cause?: unknown): ImageError {
  return new ImageError('image-corrupt', `${origin} is damaged`, {
    expected,
    came,
    remedy: 'remove the image and build it again',
    ...(cause === undefined ? {} : { cause }),
  });
}
