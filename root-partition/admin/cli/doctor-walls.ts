// The walls that there can be around each of Cofferdam's processes, and what it means when one is missing. Those that
// stand are told by the processes that set them up.
import type { Finding } from './doctor-command.ts';

interface WallRow {
  name: string;
  /** How the line begins that tells of it. */
  begins: string;
  /** A sentence's end: "missing: …". */
  missing: string;
}

const asUser = (): string =>
  process.getuid?.() === 0
    ? 'no other user can be had here, so it stays root within this container'
    : `the hypervisor is not root, so it runs as user ${process.getuid?.()}, too`;

const ownUser = (): WallRow => ({ name: 'own user', begins: 'user and group', missing: asUser() });
const privateMemory: WallRow = {
  name: 'private memory',
  begins: 'no core dump',
  missing: 'other processes of its user can read its memory, and a core file may keep it',
};
const systemCallList: WallRow = {
  name: 'system-call list',
  begins: 'seccomp allow-list',
  missing: 'whoever breaks out of WebAssembly can ask the kernel for anything',
};

export const partitionWalls = (): WallRow[] => [
  {
    name: 'privileges',
    begins: 'no_new_privs',
    missing: 'a program that it starts could raise its privileges',
  },
  {
    name: 'Landlock',
    begins: 'Landlock',
    missing: 'the kernel has none, or it is off: the system-call list alone keeps files closed',
  },
  {
    name: 'launching filter',
    begins: 'seccomp while launching',
    missing: 'nothing holds it while it comes up',
  },
  ownUser(),
  {
    name: 'end',
    begins: 'ends with the hypervisor',
    missing: 'when the hypervisor is killed it ends by itself alone',
  },
  privateMemory,
  systemCallList,
  {
    name: 'engine permissions',
    begins: 'engine permissions',
    missing: 'the engine itself refuses nothing',
  },
  {
    name: 'memory group',
    begins: 'memory control group',
    missing: "no control group can be made here: the engine's own limits alone bound its memory",
  },
];

export const rootPartitionWalls = (): WallRow[] => [
  ownUser(),
  privateMemory,
  {
    name: 'Landlock',
    begins: 'Landlock',
    missing: 'the kernel has none, or it is off: the system-call list alone keeps files closed',
  },
  systemCallList,
];

/** A finding for each row, and for each line that belongs to none. */
export function wallFindings(process: string, rows: readonly WallRow[], told: readonly string[]): Finding[] {
  const isOf = (line: string) => (row: WallRow) => line.startsWith(row.begins);
  const known = rows.map((row): Finding => {
    const line = told.find((each) => isOf(each)(row));
    const subject = `${process}: ${row.name}`;
    return line === undefined
      ? { subject, state: 'note', text: `missing: ${row.missing}` }
      : { subject, state: 'good', text: line };
  });
  const others = told.filter((line) => !rows.some(isOf(line)));
  return [...known, ...others.map((text): Finding => ({ subject: process, state: 'good', text }))];
}
