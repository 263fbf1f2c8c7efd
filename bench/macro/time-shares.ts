// Where the time of a row goes: one more run, not timed, at isolation level `thread`, where the guest's thread can be
// sampled.
import type { Hypervisor } from '../../hypervisor/index.ts';
import { timeProfile, type WorkKind } from '../../root-partition/admin/cli/time-profile.ts';
import { type CofferdamShell, type GuestSettings, startCofferdam } from './guest-shell.ts';

/** Parts of the time in which the guest was not idle; `idle` is a part of all. */
export type TimeShares = Record<WorkKind, number>;

export async function sharesOfBoot(hypervisor: Hypervisor, settings: GuestSettings): Promise<TimeShares> {
  await using shell = await startCofferdam(hypervisor, settings, 'thread', (created) =>
    created.inspect().sample(true),
  );
  return await sharesOf(shell);
}

/** Of a run that is not the first. */
export async function sharesOfCommand(
  hypervisor: Hypervisor,
  settings: GuestSettings,
  command: string,
): Promise<TimeShares> {
  await using shell = await startCofferdam(hypervisor, settings, 'thread');
  await shell.run(command);
  shell.partition.inspect().sample(true);
  await shell.run(command);
  return await sharesOf(shell);
}

/** Samples come with the guest's own end: a guest that is made to end may lose them. */
async function sharesOf({ partition, powerOff }: CofferdamShell): Promise<TimeShares> {
  const inspection = partition.inspect();
  inspection.sample(false);
  await powerOff();
  const { milliseconds, shares } = timeProfile(inspection.samples);
  if (milliseconds === 0) throw new Error('the guest was to be sampled, and was not');
  return shares;
}
