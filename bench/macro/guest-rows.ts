// What the guest benchmarks run: rows P1 to P3. Each command's output ends with what every machine must agree on.

export interface GuestRow {
  group: 'P1' | 'P2' | 'P3';
  name: string;
  command: string;
}

const own = (group: GuestRow['group'], kernel: string, rounds: number): GuestRow => ({
  group,
  name: kernel,
  command: `/bench/cofferdam-bench ${kernel} ${rounds}`,
});

export const coremarkRow: GuestRow = {
  group: 'P1',
  name: 'CoreMark',
  command: '/bench/coremark 0x0 0x0 0x66 9000 | grep -E "crc|Correct"',
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
