import { readdirSync, readlinkSync } from 'node:fs';
import type { Attempt } from '../attempt.ts';

/** The neighbour's event loop has gone around at least as often by the time that it has answered so many times. */
const BEATS = 20;

function isSocket(path: string): boolean {
  try {
    return readlinkSync(path).startsWith('socket:');
  } catch {
    // Closed since it was listed.
    return false;
  }
}

/** Sockets of a process; undefined where it lets nobody look. */
function sockets(pid: number): number | undefined {
  const folder = `/proc/${pid}/fd`;
  try {
    return readdirSync(folder).filter((fd) => isSocket(`${folder}/${fd}`)).length;
  } catch {
    return undefined;
  }
}

export const debuggerAttempt: Attempt = {
  id: 'E73',
  name: "open a debugger in a neighbour's process",
  boundary: 'partition process and host',
  wants: 'confidentiality',
  ancestor:
    'debug ports left on: a signal opens the inspector of a Node process to everybody on the loopback',
  statement:
    'Whoever may signal a process of the engine can have it open its debugger, on a port of the loopback that asks for no password, and whoever connects runs code in it. Somebody signals a neighbour. The engine is told at its start not to listen to that signal; its permissions know no debugger; and a jailed process could not open a port.',
  heldBy: [['no-debugger-signal', 'no-debugger-permission', 'jail', 'undumpable']],
  // At level `thread` the process is the hypervisor's own.
  levels: ['process', 'jail'],
  async run(stage) {
    const { neighbour } = stage;
    const { pid } = neighbour.partition;
    if (stage.isolation === 'thread') {
      return { hasSucceeded: true, evidence: ["the neighbour's process is the hypervisor's"] };
    }
    const before = sockets(pid);
    stage.tries(`to send SIGUSR1 to the neighbour's process ${pid}`);
    process.kill(pid, 'SIGUSR1');
    for (let beat = 0; beat < BEATS && sockets(pid) === before; beat++) await neighbour.check();
    const isOpen = before !== undefined && (sockets(pid) ?? before) > before;
    const closed =
      before === undefined ? 'the process lets nobody see its sockets' : 'no socket was opened there';
    const evidence = [isOpen ? 'a debugger listens in it' : closed];
    stage.sees(evidence.join());
    return { hasSucceeded: isOpen, evidence };
  },
};
