// From what the user named (an image, a sample, a file) to the guest that the hypervisor is given.
import {
  closeSync,
  existsSync,
  globSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import {
  appendRunScript,
  type BootChoice,
  type BootFiles,
  bootFiles,
  ImageError,
  kernelSymbols,
  listImages,
  minimumMemoryMib,
  openImage,
  type StoredImage,
} from '../../../guests/images/index.ts';
import { type Engine, type Guest, installationTop } from '../../../hypervisor/index.ts';
import { RefusedError, UsageError } from './exit-status.ts';
import type { RunOptions, Transport } from './run-options.ts';

/** The machine's own module, no guest by itself. */
const MACHINE = 'riscv-machine';
const MAGIC_BYTES = 4;
const WASM_MAGIC = '0061736d';
const ELF_MAGIC = '7f454c46';

export interface GuestChoice {
  name: string;
  guest: Guest;
  /** Matches the end of the console's output when the guest's shell is ready. */
  readyPattern?: RegExp;
  minimumMemoryMib?: number;
  /** The kernel's System.map. */
  kernelSymbols?: string;
  /** Removes what was made for this run only. */
  release?: () => void;
}

/** Names of the samples that are built. */
export function sampleNames(): string[] {
  return globSync('build/guests/*.wasm', { cwd: installationTop })
    .map((file) => basename(file, '.wasm'))
    .filter((name) => name !== MACHINE)
    .sort();
}

export async function chooseGuest(target: string | undefined, options: RunOptions): Promise<GuestChoice> {
  const choice = await nameGuest(target, options);
  refuseMisplaced(choice.guest, options);
  return choice;
}

async function nameGuest(target: string | undefined, options: RunOptions): Promise<GuestChoice> {
  if (options.kernel !== undefined) {
    if (target !== undefined)
      throw new UsageError(`run: expected a guest or --kernel, got ${target} and --kernel`);
    return kernelGuest(options.kernel, options);
  }
  if (target === undefined) {
    throw new UsageError(
      'run: expected an image, a sample or a file, got nothing; "cofferdam list" shows them',
    );
  }
  if (options.initrd !== undefined) throw new UsageError('--initrd: expected together with --kernel');
  if (target.includes('/') || /\.(wasm|elf)$/.test(target)) return fileGuest(target, options);
  if (sampleNames().includes(target)) {
    return {
      name: target,
      guest: { kind: 'unikernel', module: join(installationTop, `build/guests/${target}.wasm`) },
    };
  }
  if (listImages().some((image) => image.manifest.name === target)) {
    return imageGuest(await openImage(target), options);
  }
  if (existsSync(target)) return fileGuest(target, options);
  const remedy = ['linux', 'linux-tiny'].includes(target)
    ? `build it first: cofferdam image build ${target}`
    : '"cofferdam list" shows what there is';
  throw new RefusedError(`no image, sample or file named ${target}; ${remedy}`);
}

function kernelGuest(kernel: string, options: RunOptions): GuestChoice {
  if (options.script !== undefined) throw new UsageError('--script: expected an image, got --kernel');
  return {
    name: basename(kernel),
    guest: {
      kind: 'linux',
      kernel,
      ...(options.initrd === undefined ? {} : { initrd: options.initrd }),
      append: options.append ?? 'console=ttyS0',
      transport: options.transport ?? 'pci',
      ...engineOf(options),
    },
  };
}

function fileGuest(path: string, options: RunOptions): GuestChoice {
  const magic = readMagic(path);
  if (magic === WASM_MAGIC) return { name: basename(path), guest: { kind: 'unikernel', module: path } };
  if (magic !== ELF_MAGIC) {
    throw new RefusedError(
      `${path}: expected a Wasm module or an ELF file, got bytes ${magic || '(none)'}; a kernel Image goes with --kernel`,
    );
  }
  return {
    name: basename(path),
    guest: {
      kind: 'bare-metal',
      elf: path,
      ...(options.maxInstructions === undefined ? {} : { maxInstructions: options.maxInstructions }),
      ...(options.signature === undefined ? {} : { signature: options.signature }),
      ...(options.trace === undefined ? {} : { trace: options.trace }),
      ...engineOf(options),
    },
  };
}

/** Left out where the user named none: the hypervisor's default counts. */
const engineOf = ({ engine }: RunOptions): { engine?: Engine } => (engine === undefined ? {} : { engine });

/** Kernels that were compiled for an image have no PCI; Debian's own have nothing else built in. */
export function transportOf(image: StoredImage): Transport {
  return image.manifest.kernelBuildId === undefined ? 'pci' : 'mmio';
}

function imageGuest(image: StoredImage, options: RunOptions): GuestChoice {
  const { manifest } = image;
  const devices = manifest.consoles.map((each) => each.device);
  if (options.console !== undefined && !devices.includes(options.console)) {
    throw new UsageError(`--console: expected ${devices.join(', ')}, got ${JSON.stringify(options.console)}`);
  }
  const boot = bootWithScript(image, options);
  const symbols = kernelSymbols(image);
  return {
    name: manifest.name,
    guest: {
      kind: 'linux',
      kernel: boot.kernelPath,
      initrd: boot.initramfsPath,
      append: boot.commandLine,
      transport: options.transport ?? transportOf(image),
      ...engineOf(options),
    },
    readyPattern: new RegExp(manifest.readyPattern),
    minimumMemoryMib: minimumMemoryMib(image, options.profile),
    ...(symbols === undefined ? {} : { kernelSymbols: symbols }),
    ...(boot.release === undefined ? {} : { release: boot.release }),
  };
}

/** A script that does not fit the kernel's command line goes into a copy of the initramfs. */
function bootWithScript(image: StoredImage, options: RunOptions): BootFiles & { release?: () => void } {
  const choice: BootChoice = { profile: options.profile, console: options.console, append: options.append };
  const { script } = options;
  if (script === undefined) return bootFiles(image, choice);
  try {
    return bootFiles(image, { ...choice, runScript: script });
  } catch (error) {
    if (!(error instanceof ImageError) || error.code !== 'script-too-long') throw error;
  }
  const boot = bootFiles(image, choice);
  const folder = mkdtempSync(join(tmpdir(), 'cofferdam-'));
  const initramfsPath = join(folder, 'initramfs');
  writeFileSync(initramfsPath, appendRunScript(readFileSync(boot.initramfsPath), script));
  return { ...boot, initramfsPath, release: () => rmSync(folder, { recursive: true, force: true }) };
}

function readMagic(path: string): string {
  const magic = Buffer.alloc(MAGIC_BYTES);
  let fd: number | undefined;
  try {
    fd = openSync(path, 'r');
    return magic.subarray(0, readSync(fd, magic, 0, MAGIC_BYTES, 0)).toString('hex');
  } catch (error) {
    throw new RefusedError(
      `cannot read ${path}: ${(error as Error).message}; "cofferdam list" shows images and samples`,
    );
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/** An option that would silently do nothing is a mistake worth naming. */
function refuseMisplaced(guest: Guest, options: RunOptions): void {
  const misplaced = (names: [keyof RunOptions, string][], expected: string): void => {
    for (const [key, option] of names) {
      if (options[key] !== undefined)
        throw new UsageError(`${option}: expected ${expected}, got a ${guest.kind} guest`);
    }
  };
  if (guest.kind !== 'bare-metal') {
    misplaced(
      [
        ['signature', '--signature'],
        ['trace', '--trace'],
        ['maxInstructions', '--max-instructions'],
      ],
      'a bare-metal ELF file',
    );
  }
  if (guest.kind === 'unikernel') misplaced([['engine', '--engine']], 'a guest of the RV64 machine');
  if (guest.kind !== 'linux') {
    misplaced(
      [
        ['append', '--append'],
        ['transport', '--transport'],
        ['script', '--script'],
        ['profile', '--profile'],
        ['console', '--console'],
      ],
      'a Linux image or kernel',
    );
  }
}
