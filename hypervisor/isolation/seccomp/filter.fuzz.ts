// Fuzz target `system-calls`: numbers, architectures and arguments of system calls, as a process that is anybody's by now
// would make them, through the assembled filters. The answer is that of the rules read one by one.
import type { FuzzRandom } from '../../testing/fuzz/fuzz-random.ts';
import { type FuzzSession, type FuzzTarget, must } from '../../testing/fuzz/fuzz-target.ts';
import { assembleFilter, RETURN_ALLOW, RETURN_KILL_PROCESS, type Rule, type Verdict } from './filter.ts';
import { launchingRules, partitionRules, rootPartitionRules } from './profiles.ts';
import { type Architecture, systemCallNumber } from './system-calls.ts';
import { runFilter } from './testing/bpf-interpreter.ts';

const audits: Record<Architecture, number> = { x64: 0xc000_003e, arm64: 0xc000_00b7 };
const profiles: readonly (readonly [readonly Rule[], Verdict])[] = [
  [launchingRules, 'allow'],
  [partitionRules, 'refuse'],
  [rootPartitionRules, 'refuse'],
];
const answers: Record<Verdict, number> = {
  allow: RETURN_ALLOW,
  kill: RETURN_KILL_PROCESS,
  refuse: 0x0005_0001,
  unknown: 0x0005_0026,
};
const filters = (['x64', 'arm64'] as const).flatMap((architecture) =>
  profiles.map(([rules, otherwise]) => {
    const numbers = rules.map(({ call }) => systemCallNumber(call, architecture));
    return {
      architecture,
      rules,
      otherwise,
      numbers,
      program: assembleFilter(architecture, rules, otherwise),
    };
  }),
);

/** What the rules say, the first that names the number. */
function verdictOf(rule: Rule | undefined, otherwise: Verdict, values: readonly bigint[]): Verdict {
  if (rule === undefined) return otherwise;
  const { when, verdict } = rule;
  if (when === undefined) return verdict;
  const low = Number((values[when.argument] as bigint) & 0xffff_ffffn);
  const isMet =
    'isOneOf' in when
      ? when.isOneOf.some((value) => value >>> 0 === low)
      : 'hasAnyBit' in when
        ? (low & when.hasAnyBit) !== 0
        : (low & when.hasNoBit) === 0;
  return isMet ? verdict : 'refuse';
}

class FilterSession implements FuzzSession {
  readonly outcomes: Record<Verdict, number> = { allow: 0, refuse: 0, unknown: 0, kill: 0 };

  runCase(random: FuzzRandom): void {
    const { architecture, rules, otherwise, numbers, program } = random.pick(filters);
    const number =
      random.below(2) === 0
        ? (random.pick(numbers) ?? 0)
        : random.oneIn(2)
          ? random.word()
          : random.below(500);
    const audit = random.oneIn(12) ? random.word() : audits[architecture];
    const conditions = rules.flatMap(({ when }) =>
      when === undefined
        ? []
        : 'isOneOf' in when
          ? when.isOneOf
          : 'hasAnyBit' in when
            ? [when.hasAnyBit]
            : [when.hasNoBit],
    );
    const values = Array.from({ length: 6 }, () =>
      random.below(2) === 0 ? BigInt(random.pick([0, ...conditions]) >>> 0) : random.word64(),
    );
    const answer = runFilter(program, { number, architecture: audit, arguments: values });
    const isForeign =
      audit !== audits[architecture] || (architecture === 'x64' && number >>> 0 >= 0x4000_0000);
    const at = numbers.indexOf(number);
    const verdict = isForeign ? 'kill' : verdictOf(at < 0 ? undefined : rules[at], otherwise, values);
    if (random.isTraced)
      random.note(`${architecture}: call ${number} of ${audit.toString(16)} with ${values.join(' ')}`);
    must(answer === answers[verdict], () => `answer ${answer.toString(16)}, the rules say ${verdict}`);
    this.outcomes[verdict]++;
  }
}

const FILE = 'hypervisor/isolation/seccomp/filter.ts';

export const target: FuzzTarget = {
  name: 'system-calls',
  about:
    'System calls of a confined process: the filter answers what its rules say, for any number and arguments.',
  decoders: [FILE, 'hypervisor/isolation/seccomp/profiles.ts'],
  casesInTests: 5000,
  plantedBugs: [
    {
      name: 'calls of the x32 ABI pass',
      file: FILE,
      from: 'instruction(JUMP_GREATER_EQUAL, X32_BIT, 0, 1)',
      to: 'instruction(JUMP_GREATER_EQUAL, 0xffff_ffff, 0, 1)',
      within: 5000,
    },
    {
      name: 'a bit that must not be set is asked for',
      file: FILE,
      from: 'instruction(JUMP_ANY_BIT, when.hasNoBit, 1, 0)',
      to: 'instruction(JUMP_ANY_BIT, when.hasNoBit, 0, 1)',
      within: 20_000,
    },
    {
      name: 'a condition looks at the next argument',
      file: FILE,
      from: '16 + when.argument * 8',
      to: '24 + when.argument * 8',
      within: 20_000,
    },
  ],
  start: () => new FilterSession(),
};
