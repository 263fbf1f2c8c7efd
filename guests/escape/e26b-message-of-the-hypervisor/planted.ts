// Writes a frame to the root partition's socket, past the hypervisor's checks: a message of a type that only the
// hypervisor may send.
import { writeSync } from 'node:fs';
import { FRAME_HEADER_BYTES, FRAME_MESSAGE } from '../../../hypervisor/abi/frames.ts';
import type { PlantedAttack } from '../planted.ts';

const HYPERVISOR_TYPE = 0x8000_0001;

export const forgeHypervisorMessage: PlantedAttack = ({ connection }, task) => {
  const frame = Buffer.alloc(FRAME_HEADER_BYTES + 4);
  frame.writeUInt32LE(4, 0);
  frame.writeUInt8(FRAME_MESSAGE, 4);
  frame.writeUInt32LE(Number(connection), 8);
  frame.writeUInt32LE(HYPERVISOR_TYPE, 12);
  return `${writeSync(task.socketFd, frame)} bytes written to the root partition's socket`;
};
