// The program of an attempt's child process: sets the stage with the hypervisor of its own installation, makes one
// attempt, tells its parent what happened, and takes everything down again. It ends early when its parent lets go.
// Arguments: the attempt's id and, where it is given, the isolation level.
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Hypervisor, type IsolationLevel } from '../../../hypervisor/index.ts';
import { findAttempt } from '../attempts.ts';
import { Neighbour } from './neighbour.ts';
import type { StageMessage } from './protocol.ts';
import { Stage } from './stage.ts';

const folder = mkdtempSync(join(tmpdir(), 'cofferdam-escape-'));
// Attackers have users of their own where the hypervisor runs as root.
chmodSync(folder, 0o777);
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

/** Resolves when the message is on its way. */
function tell(message: StageMessage): Promise<void> {
  return new Promise((resolve) => {
    if (process.connected) process.send?.(message, undefined, {}, () => resolve());
    else resolve();
  });
}

async function play(hypervisor: Hypervisor): Promise<void> {
  const [, , id = '', level] = process.argv;
  const attempt = findAttempt(id);
  const neighbour = await Neighbour.start(hypervisor, { level: level as IsolationLevel | undefined, folder });
  const { isolation } = neighbour.partition;
  const stage = new Stage({
    hypervisor,
    isolation,
    neighbour,
    folder,
    tell: (step) => void tell({ step }),
  });
  const outcome = await attempt.run(stage);
  for (const line of outcome.evidence) stage.noteOutput(line);
  const { hasLeaked } = stage;
  const state = await neighbour.check();
  await tell({ end: { kind: 'ended', outcome, isolation, neighbour: state, hasLeaked } });
}

const starting = Hypervisor.start();
process.on('disconnect', () => void starting.then((started) => started.close()).then(() => process.exit(0)));
// An interrupt at the terminal is the parent's to see.
for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => {});
const hypervisor = await starting;
try {
  await play(hypervisor);
} catch (error) {
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  await tell({ end: { kind: 'failed', message } });
}
await hypervisor.close();
process.exit(0);
