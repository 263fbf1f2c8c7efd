// The instruction trace: one line per retired instruction or trap, to the stream "trace".
//
//   pc opcode [xN=value …] [fN=value …] [mem[address]=value …] [trap cause=… tval=…]
// All numbers are lower-case hexadecimal without prefix: pc, registers, addresses and causes 16 digits; an opcode 8
// digits, or 4 when compressed; a stored value two digits per byte. A register is named when it was written, also with
// the value that it had.
import { expanded, operationOf } from '../hart/decoder.generated.ts';
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
  const written = load<u32>(STEP_TRAPPED) != 0 ? 0 : destinations(opcode);
  registers(stream, X, STEP_BEFORE, 0x78, <u32>written & ~1);
  registers(stream, F, STEP_BEFORE + 256, 0x66, <u32>(written >> 32));
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

/** A bit for the register that an instruction writes: x0 to x31, then f0 to f31. */
function destinations(opcode: u32): u64 {
  const word = (opcode & 3) == 3 ? opcode : expanded(opcode);
  const kind = (operationOf(word) >>> 25) & 3;
  if (kind == 0) return 0;
  return (<u64>1) << (<u64>(((word >>> 7) & 31) + (kind == 2 ? 32 : 0)));
}

/** Names those that were written and those that changed all the same (results of SBI calls). */
function registers(stream: usize, now: usize, before: usize, letter: u8, written: u32): void {
  for (let i: u32 = 0; i < 32; i++) {
    const value = load<u64>(now + ((<usize>i) << 3));
    if (value == load<u64>(before + ((<usize>i) << 3)) && !((written >> i) & 1)) continue;
    streamPut(stream, SPACE);
    streamPut(stream, letter);
    if (i >= 10) streamPut(stream, <u8>(0x30 + i / 10));
    streamPut(stream, <u8>(0x30 + (i % 10)));
    streamPut(stream, 0x3d);
    streamHex(stream, value, 16);
  }
}
