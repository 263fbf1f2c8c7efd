// Lays out the guest's files below an initramfs: busybox and its applets, a few real tools with the libraries they
// need, and whole packages on request. Directory layout: merged /usr (Filesystem Hierarchy Standard 3.0, file-hierarchy(7)).
import type { CpioEntry, CpioTree } from './cpio.ts';
import { isElf, readDynamicLinking } from './elf.ts';
import { ImageError } from './image-error.ts';
import { INIT_FILES } from './init-script.ts';
import type { TarMember } from './tar-reader.ts';

/** Packages whose tools every image carries. */
export const CORE_PACKAGES: readonly string[] = ['busybox-static', 'e2fsprogs'];

/** What is taken of them; libraries follow from what the programs ask for. */
export const CORE_FILES: readonly string[] = [
  'usr/bin/busybox',
  'usr/sbin/mke2fs',
  'usr/sbin/mkfs.ext2',
  'usr/sbin/mkfs.ext3',
  'usr/sbin/mkfs.ext4',
  'usr/sbin/e2fsck',
  'usr/sbin/fsck.ext4',
  'usr/sbin/resize2fs',
  'usr/sbin/tune2fs',
  'etc/mke2fs.conf',
];

/** Of no use in a guest without display and manuals; graphics drivers alone would add 150 MB. */
const UNWANTED =
  /^(?:usr\/share\/(?:doc|man|info|locale|lintian|bug|doc-base|gtk-doc)|usr\/lib\/[^/]+\/(?:dri|gbm|gallium-pipe|vdpau)|var\/lib\/dpkg)(?:\/|$)/;

/** Shared libraries in the directories that the dynamic linker searches by itself. */
const LIBRARY =
  /^usr\/lib\/(?:riscv64-linux-gnu\/)?[^/]+\.so(?:\.[0-9.]*)?$|^usr\/lib\/(?:riscv64-linux-gnu\/)?lib[^/]+\.so[^/]*$/;

/** Found by dlopen, so that no header names it: the C library wants it to end threads. */
const LIBRARIES_OPENED_BY_NAME: readonly string[] = ['libgcc_s.so.1'];

const MAX_LINK_DEPTH = 16;

export type PackageFiles = Map<string, TarMember>;

/** Moves bin, sbin, lib below usr, as merged-/usr systems do, whatever the package still says. */
export function mergeUsr(path: string): string {
  return /^(?:bin|sbin|lib)(?:\/|$)/.test(path) ? `usr/${path}` : path;
}

/** True for the files of a package that may be of use in a guest. */
export function isWantedFile(path: string): boolean {
  return !UNWANTED.test(mergeUsr(path));
}

export interface UserlandOptions {
  /** Files of all packages, merged-/usr paths. */
  readonly files: PackageFiles;
  /** Paths to take besides CORE_FILES: everything of the packages asked for. */
  readonly extra: ReadonlySet<string>;
}

/** The tree of an image, without kernel modules. */
export function buildUserland(options: UserlandOptions): CpioTree {
  const { files } = options;
  const taken = new Set<string>();
  const queue = [...CORE_FILES.filter((path) => files.has(path))];
  if (!queue.includes('usr/bin/busybox'))
    throw new ImageError('package-missing', 'no busybox in busybox-static');
  if (options.extra.size > 0) {
    queue.push(
      ...LIBRARIES_OPENED_BY_NAME.map((name) => findLibrary(files, name)).filter(
        (path) => path !== undefined,
      ),
    );
  }
  queue.push(...options.extra);
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    const member = files.get(path);
    if (member === undefined || taken.has(path)) continue;
    taken.add(path);
    queue.push(...needsOf(path, member, files));
  }
  const tree = skeleton();
  for (const path of taken) tree.set(path, toEntry(path, files));
  addApplets(tree, files);
  for (const [path, [mode, text]] of INIT_FILES)
    tree.set(path, { type: 'file', mode, data: Buffer.from(text) });
  return tree;
}

/** Which files of a dependency to take whole: all but libraries, which come when something asks for them. */
export function isTakenWhole(path: string, isRequested: boolean): boolean {
  return isRequested || !LIBRARY.test(path);
}

function needsOf(path: string, member: TarMember, files: PackageFiles): string[] {
  if (member.type === 'symlink') return [resolveTarget(path, member.target)];
  if (member.type === 'hard-link') return [mergeUsr(member.target)];
  if (member.type !== 'file' || !isElf(member.data)) return [];
  const { needed, interpreter } = readDynamicLinking(member.data);
  const libraries = needed.map((soname) => findLibrary(files, soname)).filter((found) => found !== undefined);
  return interpreter === undefined ? libraries : [...libraries, mergeUsr(interpreter.replace(/^\/+/, ''))];
}

function findLibrary(files: PackageFiles, soname: string): string | undefined {
  return ['usr/lib/riscv64-linux-gnu', 'usr/lib']
    .map((folder) => `${folder}/${soname}`)
    .find((path) => files.has(path));
}

/** Where a symbolic link points, relative to the root, with /usr merged. */
export function resolveTarget(path: string, target: string): string {
  const parts = target.startsWith('/') ? [] : path.split('/').slice(0, -1);
  for (const part of target.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return mergeUsr(parts.join('/'));
}

function toEntry(path: string, files: PackageFiles): CpioEntry {
  let member = files.get(path)!;
  for (let depth = 0; member.type === 'hard-link'; depth++) {
    const next = files.get(mergeUsr(member.target));
    if (next === undefined || depth === MAX_LINK_DEPTH) {
      throw new ImageError('tar-invalid', `${path} is a hard link to ${member.target}, which is not there`);
    }
    member = next;
  }
  if (member.type === 'symlink') return { type: 'symlink', target: member.target };
  return member;
}

function skeleton(): CpioTree {
  const tree: CpioTree = new Map();
  for (const name of ['bin', 'sbin', 'lib']) tree.set(name, { type: 'symlink', target: `usr/${name}` });
  for (const name of ['dev', 'etc', 'mnt', 'proc', 'root', 'run', 'sys', 'usr/sbin', 'usr/lib', 'var/tmp']) {
    tree.set(name, { type: 'directory', mode: 0o755 });
  }
  tree.set('tmp', { type: 'directory', mode: 0o1777 });
  // The kernel opens /dev/console before anything of ours runs.
  tree.set('dev/console', { type: 'character-device', mode: 0o600, major: 5, minor: 1 });
  tree.set('dev/null', { type: 'character-device', mode: 0o666, major: 1, minor: 3 });
  return tree;
}

function addApplets(tree: CpioTree, files: PackageFiles): void {
  const busybox = files.get('usr/bin/busybox');
  if (busybox?.type !== 'file') throw new ImageError('package-missing', 'busybox is not a file');
  for (const applet of appletNames(busybox.data)) {
    const isReal = tree.has(`usr/bin/${applet}`) || tree.has(`usr/sbin/${applet}`);
    if (!isReal) tree.set(`usr/bin/${applet}`, { type: 'symlink', target: 'busybox' });
  }
  // The kernel's default helper for loading modules.
  if (!tree.has('usr/sbin/modprobe'))
    tree.set('usr/sbin/modprobe', { type: 'symlink', target: '../bin/busybox' });
}

/** The applets compiled into a busybox: its sorted table of NUL-terminated names, which begins with `[` and `[[`. */
export function appletNames(busybox: Buffer): string[] {
  const start = busybox.indexOf('[\0[[\0', 0, 'latin1');
  const end = busybox.indexOf('\0\0', start, 'latin1');
  const names = start < 0 || end < 0 ? [] : busybox.toString('latin1', start, end).split('\0');
  if (!names.includes('sh') || names.some((name) => !/^[a-z0-9_.[-]+$/.test(name))) {
    throw new ImageError('package-missing', 'this busybox does not show its table of applets', {
      expected: 'a table of names that begins with [ and [[ and contains sh',
    });
  }
  return names;
}
