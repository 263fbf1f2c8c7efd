import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { hasForeignFunctions, systemCall } from '../../../hypervisor/isolation/foreign-functions.ts';
import type { Attempt } from '../attempt.ts';
import { findInFile } from './find-in-file.ts';

const RLIMIT_CORE = 4;
const UNLIMITED = 0xffff_ffff_ffff_ffffn;

/** Lets the processes of this stage leave cores, as an operator's settings may. */
function allowCores(): void {
  const limits = new BigUint64Array([0n, 0n]);
  const bytes = new Uint8Array(limits.buffer);
  if (!hasForeignFunctions()) throw new Error('no foreign functions here to allow cores with');
  systemCall('prlimit64', 0, RLIMIT_CORE, 0, bytes);
  const most = process.getuid?.() === 0 ? UNLIMITED : (limits[1] ?? 0n);
  limits.fill(most);
  if (most === 0n || systemCall('prlimit64', 0, RLIMIT_CORE, bytes, 0) !== 0)
    throw new Error('this machine lets nobody leave a core: there is nothing to attempt');
}

/** Where this machine may put the cores of processes that run in `folder`, or in the root folder (core(5)). */
function foldersOfCores(folder: string): string[] {
  const pattern = readFileSync('/proc/sys/kernel/core_pattern', 'utf8').trim();
  if (pattern.startsWith('|'))
    throw new Error(`this machine's cores go to ${pattern.slice(1)}, where they cannot be looked for`);
  return [folder, '/'].map((each) => dirname(isAbsolute(pattern) ? pattern : join(each, pattern)));
}

const filesIn = (folders: readonly string[]): string[] =>
  folders.flatMap((folder) =>
    readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ name }) => join(folder, name)),
  );

export const coreDump: Attempt = {
  id: 'E74',
  name: "find a tenant's secret in what is left of its crash",
  boundary: 'partition process and host',
  wants: 'confidentiality',
  ancestor: 'secrets in core files and crash reports that stay on the disk, for others to read',
  statement:
    "A tenant's process crashes, on a machine whose operator lets processes leave cores: the kernel would write all of its memory into a file that outlives it. The process has set its limit for cores to nothing and said that it is not to be dumped, either of which is enough; in the jail it may write nowhere; and it runs in a folder where nobody but root could leave a file.",
  heldBy: [['jail', 'undumpable', 'no-core', 'working-folder']],
  // At level `thread` the process is the hypervisor's own.
  levels: ['process', 'jail'],
  async run(stage) {
    if (stage.isolation === 'thread')
      return { hasSucceeded: true, evidence: ["the tenant's process is the hypervisor's"] };
    const cores = foldersOfCores(stage.folder);
    const before = new Set(filesIn(cores));
    allowCores();
    // What is started without a folder of its own runs in ours.
    process.chdir(stage.folder);
    const secret = randomBytes(16).toString('hex');
    stage.tries('to find the secret of a tenant whose process crashes');
    const { exit } = await stage.runGuest({
      name: 'tenant',
      guest: 'neighbour',
      arguments: { canary: secret },
      whileRunning: async (tenant) => {
        while ((await tenant.statistics()).counters.runs === 0);
        // Not SIGSEGV: the engine has a handler for that.
        process.kill(tenant.pid, 'SIGABRT');
      },
    });
    if (!exit.message.includes('SIGABRT')) throw new Error(`the tenant did not crash: ${exit.message}`);
    const left = filesIn(cores).filter((file) => !before.has(file));
    const holding = left.find((file) => findInFile(file, secret));
    if (holding !== undefined) rmSync(holding);
    const evidence = [
      exit.message,
      holding === undefined
        ? `no core was left in ${cores.join(' or ')}`
        : `the file ${holding} was left, with the tenant's secret in it`,
    ];
    for (const line of evidence) stage.sees(line);
    return { hasSucceeded: holding !== undefined, evidence };
  },
};
