// Runs a classic BPF program on one seccomp_data, as strictly as the kernel's checker (Linux: Documentation/networking/
// filter.rst; kernel/seccomp.c, seccomp_check_filter): only what the filters here are made of is known.
import type { Instruction } from '../filter.ts';

const MAX_INSTRUCTIONS = 4096;
const DATA_BYTES = 64;

export interface SystemCall {
  number: number;
  architecture: number;
  arguments?: readonly bigint[];
}

/** What a filter answers to a call. @throws when the program is not one that the kernel would take */
export function runFilter(program: readonly Instruction[], call: SystemCall): number {
  if (program.length === 0 || program.length > MAX_INSTRUCTIONS) throw new Error('length');
  const data = new DataView(new ArrayBuffer(DATA_BYTES));
  data.setUint32(0, call.number >>> 0, true);
  data.setUint32(4, call.architecture >>> 0, true);
  call.arguments?.forEach((value, index) => {
    data.setBigUint64(16 + 8 * index, BigInt.asUintN(64, value), true);
  });
  let accumulator = 0;
  for (let at = 0; at < program.length; ) {
    const { code, value, jumpTrue, jumpFalse } = program[at] as Instruction;
    if (jumpTrue > 255 || jumpFalse > 255 || value > 0xffff_ffff) throw new Error('field out of range');
    const jump = (isTrue: boolean): number => at + 1 + (isTrue ? jumpTrue : jumpFalse);
    switch (code) {
      case 0x20:
        if (value % 4 !== 0) throw new Error('unaligned load');
        accumulator = data.getUint32(value, true);
        at++;
        break;
      case 0x15:
        at = jump(accumulator === value);
        break;
      case 0x35:
        at = jump(accumulator >= value);
        break;
      case 0x45:
        at = jump((accumulator & value) !== 0);
        break;
      case 0x06:
        return value;
      default:
        throw new Error(`instruction ${code}`);
    }
  }
  throw new Error('the program runs over its end');
}
