// What the calls of the dispatch benchmark cannot cost less than: a Wasm function calling a JavaScript function that
// does nothing, and a byte going to another process and back over a socket pair.
import { readSync, writeSync } from 'node:fs';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

/** (module (import "f" "f" (func (param i32 × 6) (result i32))) (func (export "run") (param i32) …)): calls f n times */
const loopModule = Uint8Array.from([
  ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
  ...[1, 15, 2, 0x60, 6, 0x7f, 0x7f, 0x7f, 0x7f, 0x7f, 0x7f, 1, 0x7f, 0x60, 1, 0x7f, 0],
  ...[2, 7, 1, 1, 0x66, 1, 0x66, 0, 0],
  ...[3, 2, 1, 1],
  ...[7, 7, 1, 3, 0x72, 0x75, 0x6e, 0, 1],
  ...[10, 34, 1, 32, 0, 0x03, 0x40, 0x41, 8, 0x41, 0, 0x41, 0, 0x41, 0, 0x41, 0, 0x41, 0, 0x10, 0, 0x1a],
  ...[0x20, 0, 0x41, 1, 0x6b, 0x22, 0, 0x41, 0, 0x47, 0x0d, 0, 0x0b, 0x0b],
]);

/** A function that makes `n` bare import calls and returns how many arrived. */
export function bareImportLoop(): (n: number) => number {
  let calls = 0;
  const f = (): number => {
    calls++;
    return 0;
  };
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(loopModule), { f: { f } });
  return (n) => {
    calls = 0;
    (exports['run'] as (n: number) => void)(n);
    return calls;
  };
}

/** Echoes every byte of fd 3 by its event loop, as the root partition process serves its sockets. */
export const echoProgram =
  "const s = new (require('node:net').Socket)({ fd: 3, readable: true, writable: true }); s.on('data', (d) => s.write(d)); s.on('close', () => process.exit())";

/** Makes `count` blocking 24-byte round trips on `fd`; returns milliseconds. Runs on a worker, like a VP. */
export function roundTrips(fd: number, count: number): number {
  const bytes = Buffer.alloc(24, 1);
  const startMs = performance.now();
  for (let i = 0; i < count; i++) {
    writeSync(fd, bytes);
    for (let got = 0; got < bytes.length; ) got += readSync(fd, bytes, got, bytes.length - got, null);
  }
  return performance.now() - startMs;
}

if (!isMainThread && workerData?.fd !== undefined) {
  parentPort?.on('message', (count: number) => parentPort?.postMessage(roundTrips(workerData.fd, count)));
}

/** A worker that makes round trips on `fd`. */
export function startRoundTripWorker(fd: number): {
  run(count: number): Promise<number>;
  close(): Promise<number>;
} {
  const worker = new Worker(new URL(import.meta.url), { workerData: { fd } });
  return {
    run: (count) =>
      new Promise((resolve) => {
        worker.once('message', resolve);
        worker.postMessage(count);
      }),
    close: () => worker.terminate(),
  };
}
