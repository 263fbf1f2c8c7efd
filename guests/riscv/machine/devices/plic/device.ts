// Platform-level interrupt controller for one hart (RISC-V PLIC Specification 1.0.0). Sources are level triggered.
import { setInterruptPending } from '../../hart/hart.ts';
import { PLIC_STATE } from '../device-memory.ts';
import {
  PLIC_CONTEXT,
  PLIC_CONTEXT_STRIDE,
  PLIC_CONTEXTS,
  PLIC_ENABLE,
  PLIC_ENABLE_STRIDE,
  PLIC_MAX_PRIORITY,
  PLIC_PENDING,
  PLIC_SOURCES,
} from './registers.ts';

// State: lines u64 | pending u64 | claimed u64 | enable u64 × 2 | threshold u32 × 2 | priority u32 × 64
const LINES: usize = PLIC_STATE;
const PENDING: usize = PLIC_STATE + 8;
const CLAIMED: usize = PLIC_STATE + 16;
const ENABLE: usize = PLIC_STATE + 24;
const THRESHOLD: usize = PLIC_STATE + 40;
const PRIORITY: usize = PLIC_STATE + 64;

const MIP_MEIP: u32 = 11;
const MIP_SEIP: u32 = 9;

/** Drives the line of source `irq` (1 to 63). */
export function plicSetLine(irq: u32, isHigh: bool): void {
  const mask = (<u64>1) << (<u64>irq);
  const lines = load<u64>(LINES);
  if (((lines & mask) != 0) == isHigh) return;
  store<u64>(LINES, isHigh ? lines | mask : lines & ~mask);
  update();
}

/** What a context may claim: enabled, pending, and of a priority above its threshold; 0 = nothing. */
function best(context: u32): u32 {
  let candidates = load<u64>(PENDING) & load<u64>(ENABLE + ((<usize>context) << 3));
  let bestSource: u32 = 0;
  let bestPriority = load<u32>(THRESHOLD + ((<usize>context) << 2));
  while (candidates != 0) {
    const source = <u32>ctz(candidates);
    candidates &= candidates - 1;
    const priority = load<u32>(PRIORITY + ((<usize>source) << 2));
    if (priority > bestPriority) {
      bestPriority = priority;
      bestSource = source;
    }
  }
  return bestSource;
}

function update(): void {
  // The gateway lets a level in unless the source is being served.
  store<u64>(PENDING, load<u64>(LINES) & ~load<u64>(CLAIMED));
  setInterruptPending(MIP_MEIP, best(0) != 0);
  setInterruptPending(MIP_SEIP, best(1) != 0);
}

function claim(context: u32): u32 {
  const source = best(context);
  if (source != 0) {
    store<u64>(CLAIMED, load<u64>(CLAIMED) | ((<u64>1) << (<u64>source)));
    update();
  }
  return source;
}

function complete(context: u32, source: u32): void {
  if (source >= PLIC_SOURCES) return;
  const mask = (<u64>1) << (<u64>source);
  // A completion for a source that the context has not enabled is ignored (chapter 10).
  if ((load<u64>(ENABLE + ((<usize>context) << 3)) & mask) == 0) return;
  store<u64>(CLAIMED, load<u64>(CLAIMED) & ~mask);
  update();
}

export function plicLoad(offset: u32): u32 {
  if (offset < PLIC_PENDING) return offset < PLIC_SOURCES * 4 ? load<u32>(PRIORITY + offset) : 0;
  if (offset < PLIC_ENABLE)
    return offset < PLIC_PENDING + 8 ? load<u32>(PENDING + (offset - PLIC_PENDING)) : 0;
  if (offset < PLIC_CONTEXT) {
    const context = (offset - PLIC_ENABLE) / PLIC_ENABLE_STRIDE;
    const word = (offset - PLIC_ENABLE) % PLIC_ENABLE_STRIDE;
    return context < PLIC_CONTEXTS && word < 8 ? load<u32>(ENABLE + ((<usize>context) << 3) + word) : 0;
  }
  const context = (offset - PLIC_CONTEXT) / PLIC_CONTEXT_STRIDE;
  if (context >= PLIC_CONTEXTS) return 0;
  const register = (offset - PLIC_CONTEXT) % PLIC_CONTEXT_STRIDE;
  if (register == 0) return load<u32>(THRESHOLD + ((<usize>context) << 2));
  return register == 4 ? claim(context) : 0;
}

export function plicStore(offset: u32, value: u32): void {
  if (offset < PLIC_PENDING) {
    if (offset >= 4 && offset < PLIC_SOURCES * 4) store<u32>(PRIORITY + offset, value & PLIC_MAX_PRIORITY);
  } else if (offset >= PLIC_ENABLE && offset < PLIC_CONTEXT) {
    const context = (offset - PLIC_ENABLE) / PLIC_ENABLE_STRIDE;
    const word = (offset - PLIC_ENABLE) % PLIC_ENABLE_STRIDE;
    // Source 0 does not exist.
    if (context < PLIC_CONTEXTS && word < 8) {
      store<u32>(ENABLE + ((<usize>context) << 3) + word, word == 0 ? value & ~1 : value);
    }
  } else if (offset >= PLIC_CONTEXT) {
    const context = (offset - PLIC_CONTEXT) / PLIC_CONTEXT_STRIDE;
    const register = (offset - PLIC_CONTEXT) % PLIC_CONTEXT_STRIDE;
    if (context >= PLIC_CONTEXTS) return;
    if (register == 0) store<u32>(THRESHOLD + ((<usize>context) << 2), value & PLIC_MAX_PRIORITY);
    else if (register == 4) complete(context, value);
  }
  update();
}
