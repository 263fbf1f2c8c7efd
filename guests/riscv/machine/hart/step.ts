// One instruction at a time, with a record of what it did (state.ts, STEP_*): for traces and for comparison with other
// implementations. The instruction is decoded on its own and followed by slots that lead out of the inner loop.
import { decodeInto } from './decode.ts';
import { expanded, OP_EXIT } from './decoder.generated.ts';
import { instructionAt } from './fetch.ts';
import { takeInterrupt } from './hart.ts';
import { interpret } from './interpreter.generated.ts';
import {
  COUNTER,
  PAGE_BASE,
  PAGE_VA,
  PC,
  RETIRED,
  SLICE,
  STEP_BEFORE,
  STEP_OPCODE,
  STEP_PC,
  STEP_SLOT,
  STEP_STORE_COUNT,
  STEP_TRAPPED,
  TRACING,
  TRAP_CAUSE,
  TRAP_VALUE,
  X,
} from './state.ts';
import { stopSlice } from './stop.ts';
import { contextChanged } from './tlb.ts';
import { enterTrap, pollTimer } from './traps.ts';

/** Takes the interrupt that is due, or else runs one instruction; afterwards the record tells what happened. */
export function hartStep(): void {
  memory.copy(STEP_BEFORE, X, 0x200);
  store<u64>(STEP_PC, load<u64>(PC));
  store<u32>(STEP_OPCODE, 0);
  store<u32>(STEP_STORE_COUNT, 0);
  store<u32>(STEP_TRAPPED, 0);
  pollTimer();
  takeInterrupt();
  if (load<u32>(STEP_TRAPPED)) return;
  store<u32>(TRACING, 1);
  contextChanged();
  runOne(load<u64>(PC));
  store<u32>(TRACING, 0);
  contextChanged();
}

function runOne(pc: u64): void {
  store<u64>(TRAP_CAUSE, u64.MAX_VALUE);
  const bits = instructionAt(pc);
  store<u32>(STEP_OPCODE, bits);
  if (bits == 0 && load<u64>(TRAP_CAUSE) != u64.MAX_VALUE) {
    store<u64>(PC, enterTrap(pc, load<u64>(TRAP_CAUSE), load<u64>(TRAP_VALUE)));
    return;
  }
  const isShort = (bits & 3) != 3;
  const offset = <i32>(pc & 0xfff);
  decodeInto(STEP_SLOT, isShort ? expanded(bits) : bits, isShort ? 2 : 4, -1 - offset);
  store<u16>(STEP_SLOT + (isShort ? 8 : 16), <u16>OP_EXIT);
  store<u64>(PAGE_VA, pc & ~0xfff);
  store<u32>(PAGE_BASE, <u32>(STEP_SLOT - ((<usize>offset) << 2)));
  store<i32>(SLICE, 1);
  stopSlice();
  const rest = interpret(STEP_SLOT, 1);
  store<u64>(RETIRED, load<u64>(RETIRED) + <u64>(<i64>(1 - rest)));
  store<i32>(SLICE, 0);
  store<i32>(COUNTER, -1);
}
