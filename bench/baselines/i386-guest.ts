// A 32-bit x86 Linux guest for the comparison with v86: Debian's i386 kernel and busybox, fetched through apt, our own
// init, and the programs of bench/guest compiled for i386, once with Debian's x87 arithmetic and once with SSE2.
import { execFileSync } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AptArchive } from '../../guests/images/apt-archive.ts';
import { findDebianArchive } from '../../guests/images/apt-sources.ts';
import { type CpioTree, writeCpio } from '../../guests/images/cpio.ts';
import { fetchPackages, readPackage, withTemporaryFolder } from '../../guests/images/guest-packages.ts';
import { type BootFiles, defaultCacheFolder } from '../../guests/images/index.ts';
import { READY_PATTERN } from '../../guests/images/init-script.ts';
import { buildUserland, isWantedFile, mergeUsr, type PackageFiles } from '../../guests/images/userland.ts';

/** The last suite of Debian with a kernel for 32-bit x86. */
const SUITE = 'bookworm';
const KERNEL_METAPACKAGE = 'linux-image-686';
const COMPILER = 'i686-linux-gnu-gcc';
/** RISC-V kernels have no page-table isolation; and v86 has no second clock to check its time-stamp counter against. */
const COMMAND_LINE = 'console=ttyS0 quiet mitigations=off tsc=reliable';

const sources = join(dirname(fileURLToPath(import.meta.url)), '../guest');

export interface I386Guest {
  files: BootFiles;
  readyPattern: RegExp;
  /** Packages of the guest and the compiler, with their versions. */
  versions: readonly string[];
  /** What the same binary prints on this machine's own processor. */
  runNatively(args: readonly string[]): string;
  [Symbol.dispose](): void;
}

const progress = ({ text }: { text: string }): void => void process.stderr.write(`${text}\n`);

/** The kernel and the files of busybox; the packages' names and versions. */
async function fetchDebian(): Promise<{ kernel: Buffer; busybox: PackageFiles; versions: string[] }> {
  return withTemporaryFolder(async (folder) => {
    const archive = await AptArchive.open(SUITE, {
      archive: findDebianArchive(),
      architecture: 'i386',
      folder,
      allowExpiredIndex: 'as-configured',
      progress,
    });
    const [meta] = await archive.show([KERNEL_METAPACKAGE]);
    const records = await archive.show([meta!.depends[0]!, 'busybox-static']);
    const downloadCache = join(defaultCacheFolder(), 'packages');
    const paths = await fetchPackages(records, { archive, downloadCache, folder, progress });
    const boot = await readPackage(paths[0]!, (path) => path.startsWith('boot/vmlinuz-'));
    const [kernel] = boot.values();
    if (kernel?.type !== 'file') throw new Error(`no kernel in ${records[0]!.name}`);
    const unpacked = await readPackage(paths[1]!, isWantedFile);
    const busybox = new Map([...unpacked].map(([path, member]) => [mergeUsr(path), member]));
    return {
      kernel: kernel.data,
      busybox,
      versions: records.map(({ name, version }) => `${name} ${version}`),
    };
  });
}

function compile(folder: string, name: string, flags: readonly string[]): string {
  const output = join(folder, name);
  const inputs = globSync(join(sources, '*.c')).sort();
  execFileSync(COMPILER, ['-O2', '-static', ...flags, '-o', output, ...inputs], { stdio: 'inherit' });
  return output;
}

function compilerVersion(): string {
  try {
    return execFileSync(COMPILER, ['--version'], { encoding: 'utf8' }).split('\n')[0] as string;
  } catch (cause) {
    const packages = 'gcc-i686-linux-gnu libc6-dev-i386-cross';
    throw new Error(`${COMPILER} is not installed; on Debian: apt-get install ${packages}`, { cause });
  }
}

export async function buildI386Guest(): Promise<I386Guest> {
  const compiler = compilerVersion();
  const debian = await fetchDebian();
  const folder = mkdtempSync(join(tmpdir(), 'cofferdam-i386-'));
  const binary = compile(folder, 'cofferdam-bench', []);
  const withSse2 = compile(folder, 'cofferdam-bench-sse2', ['-msse2', '-mfpmath=sse']);
  const tree: CpioTree = buildUserland({ files: debian.busybox, extra: new Set() });
  for (const path of [binary, withSse2])
    tree.set(`bench/${path.slice(folder.length + 1)}`, {
      type: 'file',
      mode: 0o755,
      data: readFileSync(path),
    });
  const files: BootFiles = {
    kernelPath: join(folder, 'kernel'),
    initramfsPath: join(folder, 'initramfs'),
    commandLine: COMMAND_LINE,
  };
  writeFileSync(files.kernelPath, debian.kernel);
  writeFileSync(files.initramfsPath, writeCpio(tree));
  return {
    files,
    readyPattern: new RegExp(READY_PATTERN),
    versions: [...debian.versions, compiler],
    runNatively: (args) => execFileSync(binary, args, { encoding: 'utf8' }),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}
