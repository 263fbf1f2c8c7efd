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
    '--disable-sigusr1',
    '--no-addons',
  ];
}

/** The whole environment of both. An OpenSSL configuration file could name a library to load. */
export const processEnvironment: Readonly<Record<string, string>> = { OPENSSL_CONF: '/dev/null' };
