// What runs in place of the root partition's console service when that has fallen: the attacker's own JavaScript, in a
// process that is otherwise the real root partition process. Only builds without the control `root-partition` hold it.
// A guest orders an attack by writing `planted=<id>` and what it knows to its console; the report takes the place of
// that output.
import { hasForeignFunctions } from '../../hypervisor/isolation/foreign-functions.ts';
import { rootAttacks } from './planted-root-attacks.ts';
import { parseTargets, type Targets } from './planted-targets.ts';

/** @returns what it got hold of, in words. Throws where it was stopped. */
export type RootAttack = (targets: Targets) => string;

// An exploit brings its own machine code: it does not depend on what the engine can still load later.
hasForeignFunctions();

/** The output to go on with. */
export function plantedInRoot(output: Uint8Array): Uint8Array {
  const targets = parseTargets(new TextDecoder().decode(output.slice()));
  const attack = rootAttacks[targets['planted'] ?? ''];
  return attack === undefined ? output : new TextEncoder().encode(attempt(attack, targets));
}

function attempt(attack: RootAttack, targets: Targets): string {
  try {
    return `got through: ${attack(targets)}\n`;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return `stopped: ${code ?? ''} ${message}\n`;
  }
}
