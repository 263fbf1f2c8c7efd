// Runs a program as on a kernel that lacks some system calls: `without-system-calls.ts call,call program arguments …`.
// The calling process becomes the program, and whatever that starts lacks them, too.
import { installFilter, setNoNewPrivileges } from '../seccomp/install.ts';
import { type SystemCallName, systemCallNames } from '../seccomp/system-calls.ts';

const [, , list = '', program = '', ...words] = process.argv;
const calls = list.split(',').map((name): SystemCallName => {
  const call = systemCallNames.find((known) => known === name);
  if (call === undefined) throw new Error(`unknown system call: ${name}`);
  return call;
});

setNoNewPrivileges();
installFilter(
  calls.map((call) => ({ call, verdict: 'unknown' })),
  'allow',
  'process',
);
process.execve?.(program, [program, ...words], process.env as Record<string, string>);
throw new Error(`cannot start ${program}`);
