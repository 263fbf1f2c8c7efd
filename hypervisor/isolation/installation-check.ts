// Whether the installation is what was built: the bundles and the packages that processes are loaded from, by their
// SHA-256 in dist/manifest.json, which the build writes. It is made before any of them is loaded beside this process's
// own program. Who may change that program as well can take the check out of it; what it finds is a dependency swapped
// behind the build's back, and an installation that is half of another one.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { HypervisorError } from '../hypervisor-error.ts';

export const MANIFEST = 'dist/manifest.json';
const REMEDY = 'run "npm ci && npm run build -- --force"';

/** @throws HypervisorError INSTALLATION_CHANGED, naming the first file that differs */
export function checkInstallation(top: string): void {
  for (const [file, hash] of readManifest(top)) {
    const found = createHash('sha256').update(read(top, file)).digest('hex');
    if (found !== hash) throw changed(`${file} is not what was built: SHA-256 ${found}, expected ${hash}`);
  }
}

function readManifest(top: string): [string, unknown][] {
  const text = read(top, MANIFEST).toString();
  try {
    return Object.entries(JSON.parse(text).files);
  } catch (error) {
    throw changed(`${MANIFEST} is not what was built: ${(error as Error).message}`);
  }
}

function read(top: string, file: string): Buffer {
  try {
    return readFileSync(join(top, file));
  } catch (error) {
    throw changed(`${file} was built and is not there: ${(error as Error).message}`);
  }
}

const changed = (what: string): HypervisorError =>
  new HypervisorError('INSTALLATION_CHANGED', `${what}; ${REMEDY}`);
