// The other process of a bare round trip: serves fd 3 by its event loop, as the root partition process serves its
// sockets, and reads from fd 4 by the engine's file threads, as that does.
import { read } from 'node:fs';
import { Socket } from 'node:net';
import { BARE_READ, BARE_REQUEST_BYTES } from './bare-protocol.ts';

const SOCKET_FD = 3;
const FILE_FD = 4;
const socket = new Socket({ fd: SOCKET_FD, readable: true, writable: true });

socket.on('data', (request: Buffer) => {
  if (request.length !== BARE_REQUEST_BYTES) throw new Error(`a request of ${request.length} bytes`);
  if (request.readUInt32LE(0) !== BARE_READ) {
    socket.write(request);
    return;
  }
  const answer = Buffer.alloc(request.readUInt32LE(4));
  read(FILE_FD, answer, 0, answer.length, 0, (error) => {
    if (error !== null) throw error;
    socket.write(answer);
  });
});
socket.on('close', () => process.exit());
