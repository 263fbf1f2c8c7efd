// Announces a control message of 2 GiB and writes 24 MiB of it.
import type { PlantedAttack } from '../planted.ts';
import { controlHeader, writeControl } from '../stage/control-frame.ts';

const ANNOUNCED_BYTES = 0x8000_0000;
const PIECE_BYTES = 1 << 20;
const PIECES = 24;

export const endlessControlMessage: PlantedAttack = () => {
  writeControl(controlHeader(ANNOUNCED_BYTES));
  const piece = Buffer.alloc(PIECE_BYTES, 0x20);
  for (let written = 0; written < PIECES; written++) writeControl(piece);
  return `${PIECES} MiB of one message written to the hypervisor`;
};
