// Mutants of the check: its source with one rule taken out, or moved by one. A rule whose loss no test notices is not
// tested. The source is read as text, so that rules added later are mutated too.
import { readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import type { checkUnitModule } from '../check-module.ts';
import * as opcodes from '../opcodes.ts';

type Check = typeof checkUnitModule;
export interface Mutant {
  /** Line of check-module.ts, and what was done to it. */
  what: string;
  check: Check;
}

/** What is looked for, and what takes its place; several mutants where several things can. */
interface Mutation {
  pattern: RegExp;
  replacements: (match: RegExpExecArray) => string[];
}

/** `a || b || c` or `a && b && c`: the same without one of them, each in turn. */
function withoutOne(condition: string): string[] {
  const operator = condition.includes(' || ') ? ' || ' : ' && ';
  const operands = condition.split(operator);
  if (operands.length === 1 || condition.includes('(')) return [];
  return operands.map((_, left) => operands.filter((_, index) => index !== left).join(operator));
}

const otherBound: Record<string, string> = { '<': '<=', '<=': '<', '>': '>=', '>=': '>' };

const mutations: readonly Mutation[] = [
  { pattern: /throw new Refusal\((?:[^;`]|`[^`]*`)*\);/g, replacements: () => ['{}'] },
  {
    pattern: /(?<=if \()[^;{]*(?=\)\s*throw new Refusal)/g,
    replacements: ([condition]) => withoutOne(condition),
  },
  {
    pattern: /(?<=if \([^;{]*) (<=?|>=?) (?=[^;{]*\)\s*throw new Refusal)/g,
    replacements: ([, bound]) => [` ${otherBound[bound as string]} `],
  },
  {
    pattern: /\b(\w+)\.expect\((?:[^()`]|\([^()]*\))*\);/g,
    replacements: ([, cursor]) => [`${cursor}.byte();`],
  },
  {
    pattern: /\bcursor\.expectName\([^()]*\);/g,
    replacements: () => ['cursor.skip(cursor.byte());'],
  },
  { pattern: /\bcursor\.index\([^()]*\);/g, replacements: () => ['cursor.u32();'] },
  {
    pattern: /\bcursor\.byteIndex(\([^()]*\));/g,
    replacements: ([, given]) => ['cursor.byte();', `cursor.index${given};`],
  },
  {
    pattern: /(?<=const MAX_\w+ = )[^;]+/g,
    replacements: ([limit]) => [`${limit} - 1`, `${limit} + 1`],
  },
];

const source = readFileSync(new URL('../check-module.ts', import.meta.url), 'utf8');

function compile(text: string): Check {
  const script = stripTypeScriptTypes(text)
    .replace(/import (\{[^}]*\}) from '\.\/opcodes\.ts';/, 'const $1 = opcodes;')
    .replaceAll(/^export /gm, '');
  return new Function('opcodes', `${script}\nreturn checkUnitModule;`)(opcodes) as Check;
}

export function* checkMutants(): Generator<Mutant> {
  for (const { pattern, replacements } of mutations) {
    for (const match of source.matchAll(pattern)) {
      const line = source.slice(0, match.index).split('\n').length;
      for (const replacement of replacements(match)) {
        const text = source.slice(0, match.index) + replacement + source.slice(match.index + match[0].length);
        yield { what: `line ${line}: ${match[0]} → ${replacement}`, check: compile(text) };
      }
    }
  }
}
