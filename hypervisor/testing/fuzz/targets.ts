// Finds the fuzz targets: every `*.fuzz.ts` of the project.
import { globSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { FuzzTarget } from './fuzz-target.ts';

export const top = join(dirname(fileURLToPath(import.meta.url)), '../../..');

/** Files of targets, from the project's top. */
export function targetFiles(): string[] {
  return globSync('{hypervisor,root-partition,guests}/**/*.fuzz.ts', { cwd: top }).sort();
}

export async function loadTarget(file: string): Promise<FuzzTarget> {
  const { target } = (await import(pathToFileURL(join(top, file)).href)) as { target: FuzzTarget };
  return target;
}

/** Every target with its file, by name. */
export async function loadTargets(): Promise<Map<string, { file: string; target: FuzzTarget }>> {
  const found = await Promise.all(
    targetFiles().map(async (file) => ({ file, target: await loadTarget(file) })),
  );
  return new Map(found.map((each) => [each.target.name, each]));
}
