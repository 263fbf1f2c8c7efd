// The engine's own switches for each kind of process (Node 26, V8). They are the wall behind the kernel's walls: cheap,
// and no substitute.
import { installationTop, poolFolder } from './program-files.ts';

/** Flags of a partition process. It loads Cofferdam's bundles and the pool; it has no other business with files. */
export function partitionEngineFlags(options: { memoryPages: number }): string[] {
  return [
    '--no-warnings',
    '--permission',
    `--allow-fs-read=${installationTop}/dist/*`,
    `--allow-fs-read=${installationTop}/package.json`,
    `--allow-fs-read=${installationTop}/node_modules/*`,
    `--allow-fs-read=${poolFolder()}/*`,
    '--allow-worker',
    '--allow-ffi',
    `--wasm-max-mem-pages=${options.memoryPages}`,
    '--disallow-code-generation-from-strings',
    '--zero-fill-buffers',
    '--disable-sigusr1',
    '--no-addons',
  ];
}

/** Flags of the root partition process: no code generation at all, hence no writable and executable memory. */
export function rootEngineFlags(): string[] {
  return [
    '--no-warnings',
    '--jitless',
    '--disallow-code-generation-from-strings',
    // Whatever the engine allocates for itself to read into, too.
    '--zero-fill-buffers',
    '--disable-sigusr1',
    '--no-addons',
  ];
}

/**
 * What a partition process has in its environment besides. The C library's allocator lets the size from which blocks
 * are given back to the kernel grow with what is freed; compiling a guest's code frees much, and then as much is kept
 * for ever. A fixed size keeps an idle Linux guest some 6 MiB smaller (npm run bench:isolation, P9).
 */
export const partitionEnvironment: Readonly<Record<string, string>> = { MALLOC_MMAP_THRESHOLD_: '131072' };

/** The whole environment of both. An OpenSSL configuration file could name a library to load. */
export const processEnvironment: Readonly<Record<string, string>> = { OPENSSL_CONF: '/dev/null' };
