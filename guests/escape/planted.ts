// What runs in place of a guest whose engine has fallen: the attacker's own JavaScript, on the VP's thread, in a process
// that is otherwise a real partition process. Only builds without the control `engine` hold it. What it finds out
// becomes the boot arguments of the guest that runs next (escaped/guest.ts), which prints them.
import type { VpTask } from '../../hypervisor/virtual-processor/vp-task.ts';
import { plantedAttacks } from './planted-attacks.ts';
import { parseTargets, type Targets } from './planted-targets.ts';

const MOST_REPORTED = 4000;

/** @returns what it got hold of, in words. Throws where it was stopped. */
export type PlantedAttack = (targets: Targets, task: VpTask) => string | Promise<string>;

/** Runs the attack that the boot argument `planted` names, if any. */
export async function runPlanted(task: VpTask): Promise<VpTask> {
  const targets = parseTargets(new TextDecoder().decode(task.bootArguments));
  const attack = plantedAttacks[targets['planted'] ?? ''];
  if (attack === undefined) return task;
  const report = await attempt(attack, targets, task);
  return { ...task, bootArguments: new TextEncoder().encode(report.slice(0, MOST_REPORTED)) };
}

async function attempt(attack: PlantedAttack, targets: Targets, task: VpTask): Promise<string> {
  try {
    return `got through: ${await attack(targets, task)}`;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return `stopped: ${code ?? ''} ${message}`;
  }
}
