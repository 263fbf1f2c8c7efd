import { spawn } from 'node:child_process';
import { appendFileSync, cpSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { installationTop } from '../../../hypervisor/index.ts';
import type { Attempt } from '../attempt.ts';
import type { StageMessage } from '../stage/protocol.ts';

const POOL = 'node_modules/piscina';
const MARK = 'the swapped package runs';
/** What it would do in a partition's process is anything; this is enough to be seen, and nothing starts behind it. */
const PAYLOAD = `\nprocess.stderr.write('${MARK} in process ' + process.pid); process.exit(1);\n`;
/** An attempt that needs little: the installation is to start a partition. */
const SOME_ATTEMPT = 'E04';

/** A copy of this installation in which one file of a package is not what was installed. */
function swappedInstallation(folder: string): string {
  const top = join(folder, 'installation');
  mkdirSync(join(top, 'node_modules'), { recursive: true });
  for (const file of ['dist', 'package.json', POOL])
    cpSync(join(installationTop, file), join(top, file), { recursive: true, dereference: true });
  for (const name of ['commander', '@napi-rs'])
    symlinkSync(join(installationTop, 'node_modules', name), join(top, 'node_modules', name));
  symlinkSync(join(installationTop, 'build'), join(top, 'build'));
  appendFileSync(join(top, POOL, 'dist/index.js'), PAYLOAD);
  return top;
}

/** Has an installation run an attempt. @returns all that its process says */
function runIn(top: string): Promise<string> {
  const words = ['--no-warnings', join(top, 'dist/escape-stage.js'), SOME_ATTEMPT];
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  child.on('message', (message: StageMessage) => {
    if ('end' in message && message.end.kind !== 'ended') said += message.end.message;
    else if ('end' in message) said += 'it started, and ran a guest';
  });
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  child.on('error', reject);
  child.on('close', () => resolve(said));
  return promise;
}

export const swappedDependency: Attempt = {
  id: 'E72',
  name: 'swap a package that partition processes load',
  boundary: 'partition process and host',
  wants: 'integrity',
  ancestor:
    'packages changed after they were installed: event-stream, ua-parser-js, scripts of other packages',
  statement:
    "Something on the host, say the install script of another package, appends a line to the worker pool's package in node_modules, and waits for the next start: its code would run in every partition process before the doors are closed, with the guest's memory in reach. The build has written down the hash of every file that processes are loaded from, and the hypervisor compares them before it starts any.",
  heldBy: [['installation-check']],
  async run(stage) {
    const top = swappedInstallation(stage.folder);
    stage.tries(`to have a changed ${POOL} loaded by the next start`);
    const said = await runIn(top);
    const hasSucceeded = said.includes(MARK);
    if (!hasSucceeded && !said.includes(`${POOL}/`))
      throw new Error(`it neither ran nor was it refused for what it is: ${said}`);
    const seen = new RegExp(`${MARK} in process \\d+|${POOL}/\\S+ is not what was built`).exec(said);
    const evidence = [seen?.[0] ?? said];
    stage.sees(evidence.join());
    return { hasSucceeded, evidence };
  },
};
