// The attempts of an attacker who has broken out of WebAssembly already: JavaScript of its own in its partition process.
import type { Attempt } from './attempt.ts';
import { runPlanted } from './stage/run-planted.ts';
import type { Stage } from './stage/stage.ts';

type Given = Pick<Attempt, 'id' | 'name' | 'wants' | 'statement' | 'heldBy'> & {
  ancestor?: string;
  /** What it tries, in words. */
  what: (stage: Stage) => string;
  /** What it knows of its surroundings. */
  targets?: (stage: Stage) => Record<string, string | number>;
};

/** An attempt whose attack is planted-attacks.ts's of the same id. */
export function engineEscape({ what, targets, ...given }: Given): Attempt {
  return {
    boundary: 'partition process and host',
    ancestor: 'V8 type confusions such as CVE-2024-2887, and what a renderer exploit does next',
    fallen: ['engine'],
    levels: ['jail'],
    ...given,
    run: (stage) => runPlanted(stage, given.id, what(stage), targets?.(stage)),
  };
}
