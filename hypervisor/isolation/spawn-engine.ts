// Starts a program on the pinned engine with exactly the descriptors it is given. Runs on whichever thread calls it;
// the process inherits that thread's confinement, and the processors that it may use.
import { type ChildProcess, spawn } from 'node:child_process';
import { partitionEnvironment, processEnvironment } from './engine-flags.ts';
import type { LaunchRequest } from './launcher-protocol.ts';
import { onProcessors } from './processors.ts';

export function spawnEngine(request: LaunchRequest): ChildProcess {
  return onProcessors(request.processors, () =>
    spawn(process.execPath, [...request.engineFlags, request.program, ...request.arguments], {
      stdio: ['ignore', 'ignore', 'pipe', ...request.fds],
      env: { ...processEnvironment, ...partitionEnvironment },
      cwd: '/',
    }),
  );
}
