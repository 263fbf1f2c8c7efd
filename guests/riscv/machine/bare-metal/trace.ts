// The instruction trace: one line per retired instruction or trap, to the stream "trace".
//
//   pc opcode [xN=value …] [fN=value …] [mem[address]=value …] [trap cause=… tval=…]
// All numbers are lower-case hexadecimal without prefix: pc, registers, addresses and causes 16 digits; an opcode 8
// digits, or 4 when compressed; a stored value two digits per byte. Registers are named when their value changed.
import {
  F,
  STEP_BEFORE,
  STEP_CAUSE,
  STEP_OPCODE,
  STEP_PC,
  STEP_STORE_COUNT,
  STEP_STORES,
  STEP_TRAPPED,
  STEP_TVAL,
  X,
} from '../hart/state.ts';
import { streamHex, streamPut, streamText } from './output-stream.ts';

const SPACE: u8 = 0x20;
const STORE_BYTES: usize = 24;

/** Writes the line for the step that the hart recorded last. */
export function traceLine(stream: usize): void {
  const opcode = load<u32>(STEP_OPCODE);
  streamHex(stream, load<u64>(STEP_PC), 16);
  streamPut(stream, SPACE);
  streamHex(stream, opcode, (opcode & 3) == 3 ? 8 : 4);
  registers(stream, X, STEP_BEFORE, 0x78);
  registers(stream, F, STEP_BEFORE + 256, 0x66);
  for (let i: u32 = 0; i < load<u32>(STEP_STORE_COUNT); i++) {
    const record = STEP_STORES + <usize>i * STORE_BYTES;
    streamText(stream, ' mem[');
    streamHex(stream, load<u64>(record), 16);
    streamText(stream, ']=');
    streamHex(stream, load<u64>(record, 8), <i32>load<u64>(record, 16) * 2);
  }
  if (load<u32>(STEP_TRAPPED) != 0) {
    streamText(stream, ' trap cause=');
    streamHex(stream, load<u64>(STEP_CAUSE), 16);
    streamText(stream, ' tval=');
    streamHex(stream, load<u64>(STEP_TVAL), 16);
  }
  streamPut(stream, 0x0a);
}

function registers(stream: usize, now: usize, before: usize, letter: u8): void {
  for (let i: u32 = 0; i < 32; i++) {
    const value = load<u64>(now + ((<usize>i) << 3));
    if (value == load<u64>(before + ((<usize>i) << 3))) continue;
    streamPut(stream, SPACE);
    streamPut(stream, letter);
    if (i >= 10) streamPut(stream, <u8>(0x30 + i / 10));
    streamPut(stream, <u8>(0x30 + (i % 10)));
    streamPut(stream, 0x3d);
    streamHex(stream, value, 16);
  }
}
