// The other process of a bare round trip: serves fd 3 by its event loop, as the root partition process serves its
// sockets, and reads from fd 4 by the engine's file threads, as that does. It runs with the root partition process's
// engine flags; an engine without code generation cannot strip types, hence no TypeScript.
import { read, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { BARE_READ, BARE_REQUEST_BYTES } from './bare-protocol.mjs';

const SOCKET_FD = 3;
const FILE_FD = 4;
const request = Buffer.alloc(BARE_REQUEST_BYTES);
const socket = new Socket({
  fd: SOCKET_FD,
  readable: true,
  writable: true,
  onread: { buffer: request, callback: serve },
});

/** The other end waits for each answer: a request comes alone and whole. */
function serve(bytes) {
  if (bytes !== BARE_REQUEST_BYTES) throw new Error(`a request of ${bytes} bytes`);
  if (request.readUInt32LE(0) !== BARE_READ) {
    writeSync(SOCKET_FD, request);
    return true;
  }
  const answer = Buffer.alloc(request.readUInt32LE(4));
  read(FILE_FD, answer, 0, answer.length, 0, (error) => {
    if (error !== null) throw error;
    socket.write(answer);
  });
  return true;
}

socket.on('close', () => process.exit());
