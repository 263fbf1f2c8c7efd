// The public face of guests/images: build, open, list and remove Linux guest images.

import { join } from 'node:path';
import { pruneDownloads } from './guest-packages.ts';
import { ImageError } from './image-error.ts';
import { ImageStore, type StoredImage } from './image-store.ts';
import { RUN_PARAMETER } from './init-script.ts';
import type { ProfileName } from './manifest.ts';

export type { ExpiredIndexPolicy } from './apt-archive.ts';
export { buildLinux, DEFAULT_SUITES } from './build-linux.ts';
export { buildLinuxTiny } from './build-linux-tiny.ts';
export type { BuildOptions, BuiltImage } from './build-options.ts';
export type { BuildEvent, BuildPhase, BuildProgress } from './build-progress.ts';
export { ImageError, type ImageErrorCode } from './image-error.ts';
export { defaultCacheFolder, type StoredImage } from './image-store.ts';
export { appendFiles, appendRunScript, RUN_EXITED_TEXT } from './init-script.ts';
export type { ImageConsole, ImageManifest, ImageProfile, ProfileName } from './manifest.ts';

/** COMMAND_LINE_SIZE of the kernel on RISC-V, with its terminating zero. */
const COMMAND_LINE_BYTES = 1024;

/** The newest image of that name (or the one with that id), every file verified against its hash. */
export function openImage(name: string, id?: string, cacheFolder?: string): Promise<StoredImage> {
  return new ImageStore(cacheFolder).open(name, id);
}

/** All images in the cache, newest first. Their files are not verified here. */
export function listImages(cacheFolder?: string): StoredImage[] {
  return new ImageStore(cacheFolder).list();
}

/** Removes one image or all of that name, and downloads that no image needs; returns the ids removed. */
export function removeImage(name: string, id?: string, cacheFolder?: string): string[] {
  const store = new ImageStore(cacheFolder);
  const removed = store.remove(name, id);
  pruneDownloads(
    store.packagesFolder,
    store.list().flatMap((image) => image.manifest.packages),
  );
  return removed;
}

/** The System.map of an image's kernel, where the image was made with it. */
export function kernelSymbols({ folder, manifest }: StoredImage): string | undefined {
  return manifest.kernelSymbols === undefined ? undefined : join(folder, manifest.kernelSymbols);
}

export interface BootChoice {
  readonly profile?: ProfileName | undefined;
  /** `ttyS0`, `hvc0`: one of the manifest's consoles; the first when not given. */
  readonly console?: string | undefined;
  /** A shell script to run in place of the shell; the guest powers off when it ends. */
  readonly runScript?: string | undefined;
  /** More for the kernel's command line. */
  readonly append?: string | undefined;
}

/** What a machine needs to boot the image. */
export interface BootFiles {
  readonly kernelPath: string;
  readonly initramfsPath: string;
  readonly commandLine: string;
}

const MIB = 1024 * 1024;

/**
 * The least memory in which the image's initramfs unpacks: in less the kernel boots, and files are missing. It is in memory
 * while it is unpacked, into a tmpfs that takes half at most of what is left beside it and the kernel. Factors as measured
 * with Debian's 6.12 and initramfs of 38 and 297 MiB.
 */
export function minimumMemoryMib({ manifest }: StoredImage, profile = manifest.defaultProfile): number {
  const mibOf = (name: string): number => (manifest.files[name]?.bytes ?? 0) / MIB;
  const unpackedMib = 2.5 * mibOf('kernel') + 3.1 * mibOf(manifest.profiles[profile].initramfs);
  // And the kernel's table of pages.
  return Math.max(manifest.minimumMemoryMiB, Math.ceil(unpackedMib * (65 / 64)));
}

/** Throws `script-too-long` when a script does not fit the command line; `appendRunScript` has no such limit. */
export function bootFiles(image: StoredImage, choice: BootChoice = {}): BootFiles {
  const { manifest, folder } = image;
  const profile = manifest.profiles[choice.profile ?? manifest.defaultProfile];
  const parts = [`console=${choice.console ?? manifest.consoles[0]!.device}`, profile.commandLine];
  if (choice.append !== undefined) parts.push(choice.append);
  if (choice.runScript !== undefined) {
    parts.push(`${RUN_PARAMETER}=${Buffer.from(choice.runScript).toString('base64')}`);
  }
  const commandLine = parts.filter((part) => part !== '').join(' ');
  if (Buffer.byteLength(commandLine) >= COMMAND_LINE_BYTES) {
    throw new ImageError('script-too-long', 'the kernel command line is too long', {
      expected: `less than ${COMMAND_LINE_BYTES} bytes`,
      came: `${Buffer.byteLength(commandLine)} bytes`,
      remedy: 'put the script into the initramfs with appendRunScript',
    });
  }
  return { kernelPath: join(folder, 'kernel'), initramfsPath: join(folder, profile.initramfs), commandLine };
}
