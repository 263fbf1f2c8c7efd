// Installations in which controls are missing: made by build.ts beside the real one, when they are first needed.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { installationTop } from '../../../hypervisor/index.ts';
import { nameOfSet } from '../controls.ts';

/** The top of the installation without these controls: the real one when there are none. */
export const installationWithout = (controls: readonly string[]): string =>
  controls.length === 0 ? installationTop : join(installationTop, 'build/without', nameOfSet(controls));

/** Builds what is missing or old, all in one go. @throws Error with the build's output when it fails */
export async function buildInstallations(
  sets: readonly (readonly string[])[],
  signal?: AbortSignal,
): Promise<void> {
  const names = new Set(sets.filter((set) => set.length > 0).map(nameOfSet));
  if (names.size === 0) return;
  const words = [...names].flatMap((name) => ['--without', name]);
  const child = spawn(process.execPath, ['build.ts', ...words], {
    cwd: installationTop,
    stdio: ['ignore', 'ignore', 'pipe'],
    ...(signal === undefined ? {} : { signal }),
  });
  let output = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  child.on('error', reject);
  child.on('close', (code) => {
    if (code === 0) resolve();
    else reject(new Error(`the test build failed:\n${output.trim()}`));
  });
  await promise;
}
