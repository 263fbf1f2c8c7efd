// The root partition process: started by the hypervisor process with its control channel on fd 3 (Node's IPC) and its
// file channel on fd 4 (hypervisor/vmbus/root-control.ts). It opens nothing itself, and after it
// has come up it cannot (tighten.ts).
import { restartWithoutRing, tightenRootPartition } from '../hypervisor/isolation/tighten.ts';
import type { RootMessage } from '../hypervisor/vmbus/root-control.ts';
import { FileDescriptors } from './file-descriptors.ts';
import { RootPartition } from './root-partition.ts';
import { FILE_THREADS } from './storage/turns.ts';

const CONTROL_CHANNEL_FD = 3;
const FILE_CHANNEL_FD = 4;

restartWithoutRing([CONTROL_CHANNEL_FD, FILE_CHANNEL_FD], FILE_THREADS);

/** Sends what the hypervisor process may no longer be there to hear. */
const tell = (message: RootMessage, done: () => void = () => {}): void => {
  if (process.send !== undefined && process.connected) process.send(message, undefined, {}, done);
};

const files = new FileDescriptors(FILE_CHANNEL_FD);
const rootPartition = new RootPartition(files, (event) => tell(event));

const leave = (code: number): void => {
  files.close();
  process.exitCode = code;
  if (process.connected) process.disconnect?.();
  process.exit();
};

process.on('message', async (message: unknown) => {
  const answer = await rootPartition.handle(message);
  const isShutdown = (message as { type?: unknown } | null)?.type === 'shutdown' && answer.ok;
  tell(answer, isShutdown ? () => leave(0) : undefined);
});
// Without its hypervisor a root partition has no purpose: disks are made durable and it goes.
process.on('disconnect', () => {
  rootPartition.shutdown().then(
    () => leave(0),
    () => leave(1),
  );
});
// Ends by the control channel only: an interrupt at the terminal belongs to the guest.
for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => {});

tell({ type: 'ready', walls: tightenRootPartition() });
