// The assembled filters, run by an interpreter over every system-call number and over argument values.
import { describe, expect, it } from 'vitest';
import { assembleFilter, RETURN_ALLOW, RETURN_KILL_PROCESS, type Rule, type Verdict } from './filter.ts';
import { launchingRules, partitionRules, rootPartitionRules } from './profiles.ts';
import { type Architecture, type SystemCallName, systemCallNames, systemCallNumber } from './system-calls.ts';
import { runFilter } from './testing/bpf-interpreter.ts';

const ERRNO = 0x0005_0000;
const [REFUSED, UNKNOWN] = [ERRNO | 1, ERRNO | 38];
const architectures = { x64: 0xc000_003e, arm64: 0xc000_00b7 } as const;
const both = Object.entries(architectures) as [Architecture, number][];
const NUMBERS = 1024;

const profiles = { launchingRules, partitionRules, rootPartitionRules };
const otherwise = {
  launchingRules: 'allow',
  partitionRules: 'refuse',
  rootPartitionRules: 'refuse',
} as const;
type ProfileName = keyof typeof profiles;

const programs = Object.fromEntries(
  both.flatMap(([name]) =>
    (Object.keys(profiles) as ProfileName[]).map((profile) => [
      `${profile} ${name}`,
      assembleFilter(name, profiles[profile], otherwise[profile]),
    ]),
  ),
);

function answerTo(
  profile: ProfileName,
  name: Architecture,
  number: number,
  values: readonly bigint[] = [],
): number {
  const program = programs[`${profile} ${name}`] ?? [];
  return runFilter(program, { number, architecture: architectures[name], arguments: values });
}

const numbersOf = (names: readonly SystemCallName[], name: Architecture): Set<number> =>
  new Set(names.map((call) => systemCallNumber(call, name)).filter((number) => number !== undefined));

/** What a process in the jail must never be let do, by any number. */
const forbidden: readonly SystemCallName[] = [
  ...(['open', 'openat', 'openat2', 'stat', 'lstat', 'newfstatat', 'access', 'readlink', 'getcwd'] as const),
  ...([
    'socket',
    'socketpair',
    'connect',
    'accept',
    'accept4',
    'bind',
    'listen',
    'sendto',
    'recvfrom',
  ] as const),
  ...(['fork', 'vfork', 'execve', 'execveat', 'clone3'] as const),
  ...([
    'kill',
    'tkill',
    'tgkill',
    'rt_tgsigqueueinfo',
    'pidfd_open',
    'pidfd_getfd',
    'pidfd_send_signal',
  ] as const),
  ...(['ptrace', 'process_vm_readv', 'process_vm_writev', 'process_madvise'] as const),
  ...([
    'io_uring_setup',
    'io_uring_enter',
    'io_uring_register',
    'bpf',
    'perf_event_open',
    'userfaultfd',
  ] as const),
  ...([
    'mount',
    'umount2',
    'unshare',
    'setns',
    'init_module',
    'finit_module',
    'kexec_load',
    'reboot',
  ] as const),
  // Where a partition may run, and when, others decide.
  'sched_setaffinity',
  ...(['add_key', 'request_key', 'keyctl', 'memfd_create', 'seccomp', 'prlimit64'] as const),
];

describe.each(both)('on %s', (name, audit) => {
  it.each(Object.keys(profiles) as ProfileName[])('%s answers each number as its rules say', (profile) => {
    const byNumber = new Map<number, Rule>();
    for (const rule of profiles[profile]) {
      const number = systemCallNumber(rule.call, name);
      if (number !== undefined && !byNumber.has(number)) byNumber.set(number, rule);
    }
    const verdicts: Record<Verdict, number> = {
      allow: RETURN_ALLOW,
      refuse: REFUSED,
      unknown: UNKNOWN,
      kill: RETURN_KILL_PROCESS,
    };
    for (let number = 0; number < NUMBERS; number++) {
      const rule = byNumber.get(number);
      if (rule?.when !== undefined) continue;
      expect([number, answerTo(profile, name, number)]).toEqual([
        number,
        verdicts[rule?.verdict ?? otherwise[profile]],
      ]);
    }
    for (const number of [0x3fff_ffff, 0x8000_0000, 0xffff_ffff, -1, NUMBERS]) {
      expect(answerTo(profile, name, number)).not.toBe(profile === 'launchingRules' ? 0 : RETURN_ALLOW);
    }
  });

  it('kills calls of another architecture', () => {
    for (const profile of Object.keys(profiles) as ProfileName[]) {
      for (const other of [0, 0x4000_0003, 0xc000_00b7, 0xc000_003e, 0x4000_0028].filter(
        (a) => a !== audit,
      )) {
        const program = programs[`${profile} ${name}`] ?? [];
        for (const number of [0, 1, 59, 221])
          expect(runFilter(program, { number, architecture: other })).toBe(RETURN_KILL_PROCESS);
      }
    }
  });

  it.each(['partitionRules', 'rootPartitionRules'] as const)('%s forbid what leads outside', (profile) => {
    for (const number of numbersOf(forbidden, name)) {
      const plain = answerTo(profile, name, number, [0n, 0n, 0n, 0n, 0n, 0n]);
      expect([number, plain === RETURN_ALLOW]).toEqual([number, false]);
    }
  });

  it('lets new threads be made, but no processes', () => {
    const clone = systemCallNumber('clone', name) as number;
    const [THREAD, VM] = [0x1_0000n, 0x100n];
    for (const profile of ['partitionRules', 'rootPartitionRules'] as const) {
      expect(answerTo(profile, name, clone, [THREAD | VM])).toBe(RETURN_ALLOW);
      for (const flags of [0n, 17n, VM, 0x1000_0000n, THREAD << 32n, ~(THREAD | (0xffff_ffffn << 32n))])
        expect(answerTo(profile, name, clone, [flags])).toBe(REFUSED);
    }
  });

  it('lets the root partition map nothing executable', () => {
    for (const call of ['mmap', 'mprotect'] as const) {
      const number = systemCallNumber(call, name) as number;
      for (let protection = 0n; protection < 16n; protection++) {
        const answer = answerTo('rootPartitionRules', name, number, [0n, 4096n, protection]);
        expect(answer).toBe((protection & 4n) === 0n ? RETURN_ALLOW : REFUSED);
      }
    }
    expect(answerTo('rootPartitionRules', name, systemCallNumber('pkey_mprotect', name) as number)).toBe(
      REFUSED,
    );
  });

  it('lets prctl, fcntl and ioctl do only what an engine needs', () => {
    const few: [SystemCallName, number, bigint[]][] = [
      ['prctl', 0, [15n, 16n, 0x5356_4d41n]],
      ['fcntl', 1, [1n, 2n, 3n, 4n, 1030n]],
      ['ioctl', 1, [0x5421n, 0x5451n]],
    ];
    for (const [call, argument, allowed] of few) {
      const number = systemCallNumber(call, name) as number;
      const candidates = [...Array.from({ length: 2048 }, (_, value) => BigInt(value)), ...allowed, 0x5413n];
      for (const value of candidates) {
        const values = argument === 0 ? [value] : [0n, value];
        const expected = allowed.includes(value) ? RETURN_ALLOW : REFUSED;
        for (const profile of ['partitionRules', 'rootPartitionRules'] as const)
          expect([call, value, answerTo(profile, name, number, values)]).toEqual([call, value, expected]);
      }
    }
  });

  it('names each number once', () => {
    const numbers = systemCallNames
      .map((call) => systemCallNumber(call, name))
      .filter((n) => n !== undefined);
    expect(new Set(numbers).size).toBe(numbers.length);
  });
});

it('kills x32 calls on x86-64', () => {
  for (const profile of Object.keys(profiles) as ProfileName[]) {
    for (let number = 0; number < NUMBERS; number++)
      expect(answerTo(profile, 'x64', 0x4000_0000 + number)).toBe(RETURN_KILL_PROCESS);
  }
});
