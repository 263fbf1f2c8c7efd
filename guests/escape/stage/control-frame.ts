// For planted JavaScript: writes to the hypervisor's end of the control stream (hypervisor/isolation/control-stream.ts).
import { writeSync } from 'node:fs';

const CONTROL_FD = 4;
const HEADER_BYTES = 5;
const TYPE_JSON = 1;

/** Writes all of it; the descriptor does not block, so a full socket is tried again. */
export function writeControl(bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length; ) {
    try {
      done += writeSync(CONTROL_FD, bytes, done);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    }
  }
}

/** The header of a message of so many bytes. */
export function controlHeader(payloadBytes: number): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt32LE(payloadBytes, 0);
  header.writeUInt8(TYPE_JSON, 4);
  return header;
}

/** Sends a message as the partition process's own program would. */
export function sendForged(message: object): void {
  const payload = Buffer.from(JSON.stringify(message));
  writeControl(Buffer.concat([controlHeader(payload.length), payload]));
}
