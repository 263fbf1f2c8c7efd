// The thread that makes bare round trips to another process, as a VP's thread makes brokered ones: blocking, 24 bytes of
// request, as many bytes of answer as were asked for. Run by BarePair (floors.ts).
import { readSync, writeSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { BARE_ECHO, BARE_READ, BARE_REQUEST_BYTES } from './bare-protocol.mjs';

export interface RoundTripOrder {
  count: number;
  /** Bytes to read from the file; without them the request comes back. */
  readBytes?: number;
}

const fd = workerData.fd as number;

function roundTrips({ count, readBytes }: RoundTripOrder): { good: number; milliseconds: number } {
  const request = new Uint32Array(BARE_REQUEST_BYTES / 4);
  request[0] = readBytes === undefined ? BARE_ECHO : BARE_READ;
  request[1] = readBytes ?? 0;
  const answer = new Uint8Array(readBytes ?? BARE_REQUEST_BYTES);
  const words = new Uint32Array(answer.buffer);
  let good = 0;
  const startMs = performance.now();
  for (let i = 0; i < count; i++) {
    request[2] = i;
    writeSync(fd, request);
    for (let got = 0; got < answer.length; ) got += readSync(fd, answer, got, answer.length - got, null);
    if (readBytes === undefined ? words[2] === i : isFilePages(words)) good++;
  }
  return { good, milliseconds: performance.now() - startMs };
}

/** The last word of every page of the file is its number. */
function isFilePages(words: Uint32Array): boolean {
  for (let page = 0; page < words.length / 1024; page++) if (words[page * 1024 + 1023] !== page) return false;
  return true;
}

parentPort?.on('message', (order: RoundTripOrder) => parentPort?.postMessage(roundTrips(order)));
