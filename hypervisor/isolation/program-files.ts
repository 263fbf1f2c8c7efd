// Where the programs of Cofferdam's processes and threads are: bundles in dist/, whoever asks, because processes
// under --jitless cannot strip types and jailed ones may read dist/ only.
import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export type ProgramName = 'launcher-thread' | 'partition-process' | 'vp-worker' | 'root-partition';

const here = dirname(fileURLToPath(import.meta.url));
/** The top of the installation: this file lies in dist/ when bundled, in hypervisor/isolation/ otherwise. */
export const installationTop = import.meta.url.endsWith('.js') ? dirname(here) : dirname(dirname(here));

/** The absolute path of a program. @throws when the build step was left out */
export function programFile(name: ProgramName): string {
  const file = join(installationTop, 'dist', `${name}.js`);
  if (!existsSync(file)) throw new Error(`${file} is missing: run "npm run build" first`);
  return file;
}

/** The worker pool's package, the one dependency that a partition process loads, with links resolved. */
export function poolFolder(): string {
  return realpathSync(join(installationTop, 'node_modules/piscina'));
}
