// Builds the image "linux": Debian's unmodified riscv64 kernel with an initramfs of busybox, a few tools and the
// modules for the devices and file systems of our machine.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type AptArchive, openFirstUsableSuite } from './apt-archive.ts';
import { findDebianArchive } from './apt-sources.ts';
import { type BuildRequest, describeIndex, type ImageBuild, runBuild } from './build-image.ts';
import type { BuildOptions, BuiltImage } from './build-options.ts';
import type { BuildProgress } from './build-progress.ts';
import { type CpioTree, writeCpio } from './cpio.ts';
import {
  assembleUserland,
  fetchPackages,
  type PackageSourceOptions,
  planUserland,
  readPackage,
} from './guest-packages.ts';
import { ImageError } from './image-error.ts';
import { findKernel } from './kernel-image.ts';
import {
  addModules,
  cutSignature,
  DEFAULT_MODULES,
  type KernelModule,
  loadModules,
} from './kernel-modules.ts';
import type { ImageProfile, ProfileName } from './manifest.ts';
import type { PackageRecord } from './package-index.ts';
import { stripModule } from './strip-module.ts';
import { mergeUsr, type PackageFiles } from './userland.ts';

/** Tried in order: the first whose index is complete is used. */
export const DEFAULT_SUITES: readonly string[] = ['trixie', 'forky', 'sid'];

const KERNEL_METAPACKAGE = 'linux-image-riscv64';

/** What these switches save, and what they turn off, is measured in the image's documentation. */
const PROFILES: Readonly<Record<ProfileName, ImageProfile>> = {
  stock: { commandLine: 'quiet', initramfs: 'initramfs' },
  fast: {
    commandLine:
      'quiet cryptomgr.notests lsm= audit=0 init_on_alloc=0 initcall_blacklist=trace_eval_init,load_system_certificate_list',
    initramfs: 'initramfs-fast',
  },
};

/** Builds the image, or finds the one that an equal request built. */
export function buildLinux(options: BuildOptions, progress: BuildProgress): Promise<BuiltImage> {
  const suites = options.suites ?? DEFAULT_SUITES;
  const modules = [...DEFAULT_MODULES, ...(options.modules ?? [])];
  const request: BuildRequest = {
    name: options.name ?? 'linux',
    inputs: { suites, modules, with: [...(options.with ?? [])].sort(), profile: options.profile ?? 'stock' },
  };
  return runBuild(request, options, progress, async (build) => {
    const archive = await openFirstUsableSuite(suites, {
      archive: findDebianArchive(options),
      architecture: 'riscv64',
      folder: build.temporaryFolder,
      allowExpiredIndex: options.allowExpiredIndex ?? false,
      progress,
      signal: options.signal,
    });
    progress({ phase: 'resolve', text: `packages in ${archive.index.suite}` });
    const kernel = await findKernelPackages(archive);
    const plan = await planUserland(archive, options.with ?? []);
    build.resolved([...kernel.records, ...plan.records]);
    return {
      index: describeIndex(archive),
      kernelRelease: kernel.release,
      profiles: PROFILES,
      minimumMemoryMiB: 128,
      write: async () => {
        const source = {
          archive,
          downloadCache: build.downloadCache,
          folder: build.temporaryFolder,
          progress,
          signal: options.signal,
        };
        // All at once, for one download with one progress.
        await fetchPackages([...kernel.records, ...plan.records], source);
        const tree = await assembleUserland(plan, source);
        const files = await readKernelPackages(kernel.records, source);
        writeFileSync(join(build.folder, 'kernel'), findKernel(files, kernel.release));
        progress({ phase: 'assemble', text: `${modules.length} modules and what they need` });
        const loaded = await loadModules(files, kernel.release, modules, options.signal);
        writeInitramfs(build, tree, kernel.release, loaded);
      },
    };
  });
}

function writeInitramfs(
  build: ImageBuild,
  userland: CpioTree,
  release: string,
  modules: readonly KernelModule[],
): void {
  const signed = new Map(userland);
  addModules(signed, release, modules);
  writeFileSync(join(build.folder, PROFILES.stock.initramfs), writeCpio(signed));
  // Checking a signature costs 63 million instructions a module; without one the kernel only marks itself tainted.
  // A signature covers every byte, so only unsigned modules can be made smaller.
  const unsigned = new Map(userland);
  addModules(
    unsigned,
    release,
    modules.map((module) => ({ ...module, bytes: stripModule(cutSignature(module.bytes)) })),
  );
  writeFileSync(join(build.folder, PROFILES.fast.initramfs), writeCpio(unsigned));
}

interface KernelPackages {
  readonly release: string;
  readonly records: readonly PackageRecord[];
}

/** Follows the metapackage to the packages that hold kernel and modules: one, or in newer suites two. */
async function findKernelPackages(archive: AptArchive): Promise<KernelPackages> {
  const [meta] = await archive.show([KERNEL_METAPACKAGE]);
  const imageName = meta!.depends.find((name) => /^linux-image-\d/.test(name));
  if (imageName === undefined) {
    throw new ImageError('package-missing', `${KERNEL_METAPACKAGE} depends on no kernel`, {
      came: meta!.depends.join(', '),
    });
  }
  const release = imageName.slice('linux-image-'.length);
  const [image] = await archive.show([imageName]);
  const parts = [`linux-binary-${release}`, `linux-modules-${release}`].filter((name) =>
    image!.depends.includes(name),
  );
  return { release, records: parts.length === 0 ? [image!] : await archive.show(parts) };
}

async function readKernelPackages(
  records: readonly PackageRecord[],
  source: PackageSourceOptions,
): Promise<PackageFiles> {
  const files: PackageFiles = new Map();
  const paths = await fetchPackages(records, source);
  for (const [index, record] of records.entries()) {
    source.progress({ phase: 'unpack', text: record.name, done: index, total: records.length });
    const wants = (path: string): boolean => /^(?:usr\/)?lib\/modules\/|^boot\/vmlinu/.test(path);
    for (const [path, member] of await readPackage(paths[index]!, wants, source.signal)) {
      files.set(mergeUsr(path), member);
    }
  }
  return files;
}
