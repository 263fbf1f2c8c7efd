// What the guest benchmarks measure: commands at a shell (rows P1 to P3), boots (P4), and both with little and much
// guest memory. Each command's output ends with what every machine must agree on.
import type { ProfileName } from '../../guests/images/index.ts';

export interface GuestRow {
  group: 'P1' | 'P2' | 'P3';
  name: string;
  command: string;
}

export interface BootRow {
  group: 'P4';
  name: string;
  image: string;
  profile: ProfileName;
}

export interface MemoryRow {
  group: 'memory';
  name: string;
  memoryMib: number;
}

export type Group = (GuestRow | BootRow | MemoryRow)['group'];
export const groups: readonly Group[] = ['P1', 'P2', 'P3', 'P4', 'memory'];

/** Where bench/guest's programs are in the guest. */
export const PROGRAMS = '/bench/';

const own = (group: GuestRow['group'], kernel: string, rounds: number): GuestRow => ({
  group,
  name: kernel,
  command: `${PROGRAMS}cofferdam-bench ${kernel} ${rounds}`,
});

export const coremarkRow: GuestRow = {
  group: 'P1',
  name: 'CoreMark',
  command: `${PROGRAMS}coremark 0x0 0x0 0x66 9000 | grep -E "crc|Correct"`,
};

/** Measured in an image of its own. */
export const pythonRow: GuestRow = {
  group: 'P2',
  name: 'python3 start',
  command: "python3 -c 'import json; print(json.dumps(sum(range(1000))))'",
};

export const guestRows: readonly GuestRow[] = [
  own('P1', 'core', 40_000),
  own('P2', 'records', 15_000_000),
  own('P2', 'sha256', 250),
  own('P2', 'quicksort', 500),
  own('P2', 'matrix-int', 1500),
  own('P2', 'matrix-double', 700),
  own('P2', 'fib', 36),
  {
    group: 'P2',
    name: 'gzip',
    command: 'seq 1 250000 > /tmp/numbers; gzip -c /tmp/numbers | md5sum',
  },
  {
    group: 'P2',
    name: 'shell loop',
    command: 'i=0; while [ $i -lt 60000 ]; do i=$((i+1)); done; echo $i',
  },
  own('P3', 'getpid', 1_000_000),
  own('P3', 'fault', 60),
  own('P3', 'pipe', 10_000),
  own('P3', 'exec', 300),
  {
    group: 'P3',
    name: 'dd to tmpfs',
    command:
      'dd if=/dev/zero of=/tmp/zeros bs=512 count=50000 2>/dev/null; md5sum < /tmp/zeros; rm /tmp/zeros',
  },
];

export const bootRows: readonly BootRow[] = [
  { group: 'P4', name: 'Debian, stock', image: 'linux', profile: 'stock' },
  { group: 'P4', name: 'Debian, fast profile', image: 'linux', profile: 'fast' },
  { group: 'P4', name: 'tiny kernel', image: 'linux-tiny', profile: 'stock' },
];

export const memoryRows: readonly MemoryRow[] = [128, 1024, 3072].map((memoryMib) => ({
  group: 'memory',
  name: memoryMib < 1024 ? `${memoryMib} MiB` : `${memoryMib / 1024} GiB`,
  memoryMib,
}));

/** What is run once a guest of a boot row is up: a check that it really runs. */
export const BOOT_CHECK = { command: 'echo $((6*7)) $(uname -m)', output: '42 riscv64' };
/** What is run in guests of the memory rows. */
export const memoryCommand: GuestRow = own('P1', 'core', 20_000);
