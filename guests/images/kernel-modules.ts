// Chooses kernel modules for an initramfs: resolves what they depend on from their own .modinfo sections (packages
// carry no modules.dep: depmod writes it at installation), decompresses them, and writes modules.dep and
// modules.alias for the guest's modprobe (modules.dep(5)).
import type { CpioTree } from './cpio.ts';
import { decompress, MAX_DECOMPRESSED_BYTES } from './decompress.ts';
import { readModinfo } from './elf.ts';
import { ImageError } from './image-error.ts';
import { runCommand } from './subprocess.ts';
import type { TarMember } from './tar-reader.ts';

/** What a guest of ours may meet: its devices, and the file systems of its disks. */
export const DEFAULT_MODULES: readonly string[] = [
  'virtio_mmio',
  'virtio_blk',
  'virtio_net',
  'virtio_rng',
  'ext4',
  'vfat',
  'nls_ascii',
  'nls_cp437',
  'nls_utf8',
  'squashfs',
  'overlay',
  'loop',
];

/** Loaded at boot when a device with such an alias is there: bus, alias pattern, module. Order counts. */
export const BOOT_MODULES: readonly (readonly [bus: string, alias: string, module: string])[] = [
  ['platform', 'of:N*T*Cvirtio,mmio*', 'virtio_mmio'],
  ['virtio', 'virtio:d00000001v*', 'virtio_net'],
  ['virtio', 'virtio:d00000002v*', 'virtio_blk'],
  ['virtio', 'virtio:d00000004v*', 'virtio_rng'],
];

const SIGNATURE_MARKER = '~Module signature appended~\n';
/** struct module_signature: five bytes, three of padding, the signature's length in big endian. */
const SIGNATURE_TRAILER_BYTES = 12;

export interface KernelModule {
  /** As the kernel calls it, with underscores. */
  readonly name: string;
  /** Below /usr/lib/modules/<release>/, ends in .ko. */
  readonly path: string;
  readonly bytes: Buffer;
  readonly depends: readonly string[];
  readonly aliases: readonly string[];
}

/** The kernel treats - and _ in module names as equal. */
export function canonicalModuleName(name: string): string {
  return name.replaceAll('-', '_');
}

/** Reads the wanted modules and all that they need. Throws `module-missing`. */
export async function loadModules(
  members: ReadonlyMap<string, TarMember>,
  release: string,
  wanted: readonly string[],
  signal?: AbortSignal,
): Promise<KernelModule[]> {
  const root = `usr/lib/modules/${release}/`;
  const paths = moduleFiles(members, root);
  const builtIn = builtInModules(members, root);
  const modules = new Map<string, KernelModule>();
  const visit = async (name: string, neededBy: string | undefined): Promise<void> => {
    if (modules.has(name) || builtIn.has(name)) return;
    const path = paths.get(name);
    if (path === undefined) {
      throw new ImageError('module-missing', `the kernel ${release} has no module ${name}`, {
        ...(neededBy === undefined ? {} : { came: `${neededBy} depends on it` }),
      });
    }
    const { before, ...module } = await readModule(members, root, path, signal);
    const soft = before.flatMap((wish) => providersOf(wish).find((each) => paths.has(each)) ?? []);
    modules.set(name, { ...module, name, depends: [...module.depends, ...soft] });
    for (const dependency of [...module.depends, ...soft]) await visit(dependency, name);
  };
  for (const name of wanted) await visit(canonicalModuleName(name), undefined);
  return [...modules.values()];
}

function moduleFiles(members: ReadonlyMap<string, TarMember>, root: string): Map<string, string> {
  const paths = new Map<string, string>();
  for (const path of members.keys()) {
    const match = /([^/]+)\.ko(?:\.(?:xz|zst|gz))?$/.exec(path);
    if (match !== null && path.startsWith(root)) paths.set(canonicalModuleName(match[1]!), path);
  }
  return paths;
}

function builtInModules(members: ReadonlyMap<string, TarMember>, root: string): Set<string> {
  const list = members.get(`${root}modules.builtin`);
  if (list?.type !== 'file') return new Set();
  const names = list.data
    .toString('latin1')
    .split('\n')
    .map((line) => /([^/]+)\.ko$/.exec(line)?.[1])
    .filter((name) => name !== undefined);
  return new Set(names.map(canonicalModuleName));
}

async function readModule(
  members: ReadonlyMap<string, TarMember>,
  root: string,
  path: string,
  signal: AbortSignal | undefined,
): Promise<Omit<KernelModule, 'name'> & { before: string[] }> {
  const member = members.get(path);
  if (member?.type !== 'file') throw new ImageError('module-missing', `${path} is not a file`);
  const bytes = await decompressModule(path, member.data, signal);
  const info = readModinfo(bytes);
  return {
    path: path.slice(root.length).replace(/\.ko\..*$/, '.ko'),
    bytes,
    depends: (info.get('depends') ?? [])
      .flatMap((value) => value.split(','))
      .filter((name) => name !== '')
      .map(canonicalModuleName),
    aliases: info.get('alias') ?? [],
    before: (info.get('softdep') ?? []).flatMap(softlyNeeded),
  };
}

/**
 * What a module asks for by name and loads at run time (`softdep=pre: crypto-crc32c`, modprobe.d(5)): ext4 does not mount
 * without its checksum.
 */
function softlyNeeded(softdep: string): string[] {
  const words = softdep.split(/\s+|(?<=\b(?:pre|post):)/).filter((word) => word !== '');
  const start = words.indexOf('pre:') + 1;
  const end = words.indexOf('post:', start);
  return start === 0 ? [] : words.slice(start, end < 0 ? undefined : end).map(canonicalModuleName);
}

/** Modules that may be meant by a name that is mostly an algorithm's. */
function providersOf(name: string): string[] {
  const algorithm = name.replace(/^crypto_/, '');
  return [name, algorithm, `${algorithm}_generic`];
}

async function decompressModule(
  path: string,
  data: Buffer,
  signal: AbortSignal | undefined,
): Promise<Buffer> {
  if (path.endsWith('.gz')) return decompress('gzip', data, path);
  if (path.endsWith('.zst')) return decompress('zstd', data, path);
  if (!path.endsWith('.xz')) return data;
  try {
    return await runCommand('xz', ['-dc'], { stdin: data, signal, stdoutLimitBytes: MAX_DECOMPRESSED_BYTES });
  } catch (cause) {
    if (!(cause instanceof ImageError) || cause.code !== 'tool-missing') throw cause;
    throw new ImageError('tool-missing', 'xz is not installed; the kernel modules are compressed with it', {
      remedy: 'install the package xz-utils',
      cause,
    });
  }
}

/** The module without the signature appended to it, if there is one (scripts/sign-file.c describes the layout). */
export function cutSignature(module: Buffer): Buffer {
  const end = module.length - SIGNATURE_MARKER.length;
  if (end < SIGNATURE_TRAILER_BYTES || module.toString('latin1', end) !== SIGNATURE_MARKER) return module;
  const signatureBytes = module.readUInt32BE(end - 4);
  const length = end - SIGNATURE_TRAILER_BYTES - signatureBytes;
  if (length <= 0) throw new ImageError('elf-invalid', `a module signature of ${signatureBytes} bytes`);
  return module.subarray(0, length);
}

/** Puts modules, modules.dep, modules.alias and the list of boot modules into a tree. */
export function addModules(tree: CpioTree, release: string, modules: readonly KernelModule[]): void {
  const root = `usr/lib/modules/${release}`;
  const byName = new Map(modules.map((module) => [module.name, module]));
  for (const { path, bytes } of modules)
    tree.set(`${root}/${path}`, { type: 'file', mode: 0o644, data: bytes });
  const dependencies = modules.map((module) =>
    `${module.path}: ${dependencyPaths(module, byName)}`.trimEnd(),
  );
  const aliases = modules.flatMap((module) => module.aliases.map((alias) => `alias ${alias} ${module.name}`));
  const boot = BOOT_MODULES.filter(([, , module]) => byName.has(module)).map((row) => row.join(' '));
  addText(tree, `${root}/modules.dep`, dependencies);
  addText(tree, `${root}/modules.alias`, aliases);
  addText(tree, 'etc/modules.boot', boot);
}

/** All that must be loaded before, in the order of modules.dep(5): loaded from the last to the first. */
function dependencyPaths(module: KernelModule, byName: ReadonlyMap<string, KernelModule>): string {
  const loadOrder: string[] = [];
  const visited = new Set([module.name]);
  const visit = (name: string): void => {
    const dependency = byName.get(name);
    if (dependency === undefined || visited.has(name)) return;
    visited.add(name);
    dependency.depends.forEach(visit);
    loadOrder.push(dependency.path);
  };
  module.depends.forEach(visit);
  return loadOrder.reverse().join(' ');
}

function addText(tree: CpioTree, path: string, lines: readonly string[]): void {
  const text = lines.map((line) => `${line}\n`).join('');
  tree.set(path, { type: 'file', mode: 0o644, data: Buffer.from(text) });
}
