// The program of a partition process: hosts one partition between two inherited sockets, fd 3 to the root partition
// (frames) and fd 4 to the hypervisor (control). It loads what it needs and starts its VP's thread, then closes the
// remaining doors behind itself, and only then looks at guest bytes.
import { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { ControlReader, type ControlRequest, sendControl } from './control-stream.ts';
import { PartitionHost } from './partition-host.ts';
import { keepMemoryPrivate } from './private-memory.ts';
import { tighten } from './tighten.ts';

const ROOT_SOCKET_FD = 3;
const CONTROL_FD = 4;
const isBundled = import.meta.url.endsWith('.js');
const vpWorkerFile = fileURLToPath(
  new URL(isBundled ? './vp-worker.js' : '../virtual-processor/vp-worker.ts', import.meta.url),
);

const control = new Socket({ fd: CONTROL_FD, readable: true, writable: true });
let host: PartitionHost | undefined;

async function start(request: Extract<ControlRequest, { type: 'start' }>): Promise<void> {
  host = new PartitionHost(request.configuration, vpWorkerFile, ROOT_SOCKET_FD);
  host.onRefusedCode = (report) => sendControl(control, { type: 'refused-code', ...report });
  host.onThrottled = (counters) => sendControl(control, { type: 'throttled', counters });
  await host.warmUp();
  const walls = request.isTightened ? tighten({ uid: request.uid }) : keepMemoryPrivate();
  sendControl(control, { type: 'ready', walls });
}

async function runModule(bytes: Uint8Array): Promise<void> {
  if (host === undefined) return;
  try {
    const running = host.run(bytes);
    sendControl(control, { type: 'running' });
    const exit = await running;
    sendControl(control, { type: 'exit', exit, counters: host.counters() });
  } catch (error) {
    sendControl(control, { type: 'refused', message: (error as Error).message });
  }
}

async function obey(message: unknown): Promise<void> {
  const request = message as ControlRequest;
  switch (request.type) {
    case 'start':
      await start(request);
      break;
    case 'pause':
      sendControl(control, { type: 'paused', isPaused: (await host?.pause(request.timeoutMs)) ?? false });
      break;
    case 'resume':
      host?.resume();
      break;
    case 'stop':
      host?.stop();
      break;
    case 'counters':
      if (host !== undefined) sendControl(control, { type: 'counters', counters: host.counters() });
      break;
  }
}

const reader = new ControlReader(
  (message) => void obey(message).catch((error) => die(error)),
  (bytes) => void runModule(bytes),
);

function die(error: unknown): never {
  process.stderr.write(`partition process: ${error instanceof Error ? error.stack : error}\n`);
  process.exit(1);
}

control.on('data', (piece: Buffer) => {
  try {
    reader.push(piece);
  } catch (error) {
    die(error);
  }
});
// The hypervisor is gone, or done with this partition: nothing may stay behind.
control.on('close', () => process.exit(0));
control.on('error', () => process.exit(0));
