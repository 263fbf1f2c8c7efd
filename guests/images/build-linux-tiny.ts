// Builds the image "linux-tiny": a kernel compiled from Debian's linux-source package with nothing but what our
// machine has (tiny-virt.config over tinyconfig, everything built in), and the same initramfs without modules.
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { arch, availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AptArchive, type AptArchiveOptions, openFirstUsableSuite, sha256Hex } from './apt-archive.ts';
import { type DebianArchive, findDebianArchive } from './apt-sources.ts';
import { type BuildRequest, type CompiledKernel, describeIndex, hashOf, runBuild } from './build-image.ts';
import { DEFAULT_SUITES } from './build-linux.ts';
import type { BuildOptions, BuiltImage } from './build-options.ts';
import type { BuildProgress } from './build-progress.ts';
import { writeCpio } from './cpio.ts';
import {
  assembleUserland,
  fetchPackages,
  type PackageSourceOptions,
  planUserland,
  readPackage,
} from './guest-packages.ts';
import { ImageError } from './image-error.ts';
import { toRiscvImage } from './kernel-image.ts';
import type { PackageRecord } from './package-index.ts';
import { findTool, runCommand } from './subprocess.ts';

const CONFIG_PATH = fileURLToPath(new URL('./tiny-virt.config', import.meta.url));

/** Where an image keeps the kernel's System.map: profiles name functions by it. */
const SYMBOLS_FILE = 'system-map';

/** What a build of the kernel calls, and the Debian package that brings it. */
export const BUILD_TOOLS: readonly (readonly [tool: string, packageName: string])[] = [
  ['make', 'make'],
  ['gcc', 'gcc'],
  ['riscv64-linux-gnu-gcc', 'gcc-riscv64-linux-gnu'],
  ['riscv64-linux-gnu-ld', 'binutils-riscv64-linux-gnu'],
  ['flex', 'flex'],
  ['bison', 'bison'],
  ['bc', 'bc'],
  ['perl', 'perl'],
  ['tar', 'tar'],
  ['xz', 'xz-utils'],
];

/** Equal sources and tools give equal kernels: no date, user or host of this build in them. */
const KERNEL_ENVIRONMENT: Readonly<Record<string, string>> = {
  ARCH: 'riscv',
  KBUILD_BUILD_TIMESTAMP: 'Thu Jan  1 00:00:00 UTC 1970',
  KBUILD_BUILD_USER: 'cofferdam',
  KBUILD_BUILD_HOST: 'cofferdam',
};

/** Builds the image, or finds the one that an equal request built. About ten minutes of one CPU. */
export async function buildLinuxTiny(options: BuildOptions, progress: BuildProgress): Promise<BuiltImage> {
  const tools = requiredTools();
  requireTools(tools);
  const suites = options.suites ?? DEFAULT_SUITES;
  const config = readFileSync(CONFIG_PATH, 'utf8');
  const request: BuildRequest = {
    name: options.name ?? 'linux-tiny',
    inputs: {
      suites,
      with: [...(options.with ?? [])].sort(),
      profile: options.profile ?? 'stock',
      config: sha256Hex(config),
    },
  };
  return runBuild(request, options, progress, async (build) => {
    const debian = findDebianArchive(options);
    const shared = {
      archive: debian,
      folder: build.temporaryFolder,
      allowExpiredIndex: options.allowExpiredIndex ?? false,
      progress,
      signal: options.signal,
    };
    const guest = await openFirstUsableSuite(suites, { ...shared, architecture: 'riscv64' });
    const source = await findKernelSource(guest, debian, { ...shared, architecture: 'riscv64' });
    const plan = await planUserland(guest, options.with ?? []);
    const compiler = await compilerVersion(options.signal);
    build.resolved([source.record, ...plan.records], { compiler });
    const kernelBuildId = hashOf([source.record.sha256, config, compiler]);
    const packages = {
      downloadCache: build.downloadCache,
      folder: build.temporaryFolder,
      progress,
      signal: options.signal,
    };
    return {
      index: describeIndex(guest),
      kernelRelease: source.record.version.replace(/-[^-]*$/, ''),
      kernelBuildId,
      kernelSymbols: SYMBOLS_FILE,
      profiles: {
        stock: { commandLine: 'quiet', initramfs: 'initramfs' },
        fast: { commandLine: 'quiet', initramfs: 'initramfs' },
      },
      minimumMemoryMiB: 64,
      write: async () => {
        const tree = await assembleUserland(plan, { ...packages, archive: guest });
        writeFileSync(join(build.folder, 'initramfs'), writeCpio(tree));
        const compiled =
          (await build.findCompiledKernel(kernelBuildId)) ??
          (await compileSource(
            source,
            { ...packages, archive: source.archive },
            build.temporaryFolder,
            config,
          ));
        copyFileSync(compiled.kernel, join(build.folder, 'kernel'));
        copyFileSync(compiled.symbols, join(build.folder, SYMBOLS_FILE));
      },
    };
  });
}

/** A riscv64 machine needs no cross compiler. */
function requiredTools(): typeof BUILD_TOOLS {
  return arch() === 'riscv64' ? BUILD_TOOLS.filter(([tool]) => !tool.startsWith('riscv64-')) : BUILD_TOOLS;
}

/** Throws `tool-missing` with the one line that installs everything. */
export function requireTools(tools: typeof BUILD_TOOLS, find: typeof findTool = findTool): void {
  const missing = tools.filter(([tool]) => find(tool) === undefined);
  if (missing.length === 0) return;
  const names = missing.map(([tool]) => tool).join(', ');
  const packages = [...new Set(missing.map(([, packageName]) => packageName))].join(' ');
  throw new ImageError('tool-missing', `to compile the kernel, this is missing: ${names}`, {
    remedy: `apt-get install --no-install-recommends ${packages}   (as root), or use the image "linux", which needs no compiler`,
  });
}

interface KernelSource {
  readonly archive: AptArchive;
  readonly record: PackageRecord;
}

/** The machine's own suite first, because its compiler and its kernel sources fit each other; else the guest's. */
async function findKernelSource(
  guest: AptArchive,
  debian: DebianArchive,
  options: AptArchiveOptions,
): Promise<KernelSource> {
  const hostArchitecture = (await runCommand('dpkg', ['--print-architecture'])).toString().trim();
  for (const suite of debian.hostSuites.slice(0, 1)) {
    try {
      const host = await AptArchive.open(suite, { ...options, architecture: hostArchitecture });
      const record = await newestSource(host);
      if (record !== undefined) return { archive: host, record };
    } catch (error) {
      if (!(error instanceof ImageError) || !error.code.startsWith('archive-')) throw error;
      options.progress({ phase: 'index', text: error.message, isWarning: true });
    }
  }
  const record = await newestSource(guest);
  if (record === undefined) {
    throw new ImageError('package-missing', `no linux-source package in ${guest.index.suite}`);
  }
  return { archive: guest, record };
}

async function newestSource(archive: AptArchive): Promise<PackageRecord | undefined> {
  const versions = (await archive.names('linux-source-'))
    .map((name) => /^linux-source-(\d+)\.(\d+)$/.exec(name))
    .filter((match) => match !== null)
    .sort((left, right) => Number(right[1]) - Number(left[1]) || Number(right[2]) - Number(left[2]));
  const newest = versions[0]?.[0];
  return newest === undefined ? undefined : (await archive.show([newest]))[0];
}

async function compilerVersion(signal: AbortSignal | undefined): Promise<string> {
  const compiler = `${crossPrefix()}gcc`;
  return (await runCommand(compiler, ['--version'], { signal })).toString('utf8').split('\n')[0] ?? '';
}

function crossPrefix(): string {
  return arch() === 'riscv64' ? '' : 'riscv64-linux-gnu-';
}

async function compileSource(
  source: KernelSource,
  packages: PackageSourceOptions,
  temporaryFolder: string,
  config: string,
): Promise<CompiledKernel> {
  const { progress, signal } = packages;
  const [path] = await fetchPackages([source.record], packages);
  const folder = join(temporaryFolder, 'kernel');
  await unpackSource(path!, folder, progress, signal);
  return compileKernel(folder, config, progress, signal);
}

async function unpackSource(
  path: string,
  folder: string,
  progress: BuildProgress,
  signal: AbortSignal | undefined,
): Promise<void> {
  progress({ phase: 'unpack', text: 'kernel sources' });
  const files = await readPackage(
    path,
    (name) => /^usr\/src\/linux-source-[^/]*\.tar\.xz$/.test(name),
    signal,
  );
  const archive = [...files.values()][0];
  if (archive?.type !== 'file') throw new ImageError('package-missing', 'linux-source holds no archive');
  mkdirSync(folder);
  const args = ['--extract', '--xz', '--strip-components=1', '--no-same-owner', '--directory', folder];
  await runCommand('tar', args, { stdin: archive.data, signal });
}

async function compileKernel(
  folder: string,
  config: string,
  progress: BuildProgress,
  signal: AbortSignal | undefined,
): Promise<CompiledKernel> {
  const env = { ...KERNEL_ENVIRONMENT, CROSS_COMPILE: crossPrefix() };
  const make = (args: string[], onStdout?: (chunk: Buffer) => void): Promise<Buffer> =>
    runCommand('make', args, { cwd: folder, env, signal, ...(onStdout === undefined ? {} : { onStdout }) });
  progress({ phase: 'compile', text: 'configuring' });
  await make(['tinyconfig']);
  // Later lines win; olddefconfig settles what depends on them.
  const tiny = readFileSync(join(folder, '.config'), 'utf8');
  writeFileSync(join(folder, '.config'), mergeConfig(tiny, config));
  await make(['olddefconfig']);
  let compiled = 0;
  await make([`-j${availableParallelism()}`, 'Image'], (chunk) => {
    const text = chunk.toString('latin1');
    const objects = text.match(/^ {2}(?:CC|AS|LD|AR) {2}/gm)?.length ?? 0;
    if (objects === 0) return;
    compiled += objects;
    progress({ phase: 'compile', text: text.trimEnd().split('\n').at(-1)!.trim(), done: compiled });
  });
  const output = join(folder, 'arch/riscv/boot');
  if (!readdirSync(output).includes('Image')) throw new ImageError('kernel-invalid', 'make wrote no Image');
  const kernel = join(output, 'kernel');
  writeFileSync(kernel, toRiscvImage(readFileSync(join(output, 'Image'))));
  return { kernel, symbols: join(folder, 'System.map') };
}

/** A kernel configuration with some options replaced (Linux Documentation/kbuild/kconfig.rst: `CONFIG_X=y`). */
export function mergeConfig(base: string, replacements: string): string {
  const nameOf = (line: string): string | undefined =>
    /^(?:# )?(CONFIG_\w+)(?:=| is not set)/.exec(line)?.[1];
  const replaced = new Set(replacements.split('\n').map(nameOf));
  const kept = base.split('\n').filter((line) => {
    const name = nameOf(line);
    return name === undefined || !replaced.has(name);
  });
  return [...kept, replacements].join('\n');
}
