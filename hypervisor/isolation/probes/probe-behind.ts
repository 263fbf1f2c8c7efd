// Has a process that a launcher starts run the probes, and says which of them succeeded.
import { Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { closeDescriptor } from '../descriptors.ts';
import type { PathGrant } from '../landlock.ts';
import { ConfinedLauncher, type Launcher, launchGrants } from '../launcher.ts';
import { socketPair } from '../socket-pair.ts';
import type { ProbeOrder, ProbeReport, ProbeResults } from './probe-process.ts';
import { probes } from './probes.ts';

const here = dirname(fileURLToPath(import.meta.url));
const program = join(here, 'probe-process.ts');
/** The probes run from source. */
export const probeSources = dirname(dirname(here));

/** A launcher as the hypervisor's own, but for the sources, which may be read. */
export function startProbeLauncher(grants: PathGrant[] | null = launchGrants()): Promise<ConfinedLauncher> {
  return ConfinedLauncher.start(grants === null ? null : [...grants, { path: probeSources, access: 'read' }]);
}

export async function probeBehind(
  launcher: Launcher,
  engineFlags: string[],
  order: ProbeOrder,
): Promise<ProbeReport> {
  const [own, theirs] = socketPair();
  const launched = await launcher.launch({ program, arguments: [], engineFlags, fds: [theirs] });
  closeDescriptor(theirs);
  const control = new Socket({ fd: own, readable: true, writable: true });
  control.write(`${JSON.stringify(order)}\n`);
  let text = '';
  for await (const piece of control) text += piece;
  await launched.exited;
  if (launched.stderrTail() !== '') throw new Error(launched.stderrTail());
  return JSON.parse(text) as ProbeReport;
}

export const succeeded = (results: ProbeResults): string[] =>
  Object.keys(probes).filter((name) => results[name] === 'succeeded');
