// LR, SC and the memory side of AMOs (RISC-V Unprivileged 20240411, §13.2 to §13.4). One hart at a time runs on a
// memory, so that a plain read and write is atomic; a reservation holds until SC or a change of privilege.
import { RAM_BASE, RAM_GPA } from '../memory/layout.ts';
import { loadSlow } from './load.ts';
import { ACCESS_STORE, accessFault } from './page-walk.ts';
import { CAUSE_LOAD_MISALIGNED, CAUSE_STORE_MISALIGNED, isRam } from './physical.ts';
import { RESERVATION, RESERVED_VALUE, TRACING, WALK_GPA, WRITE_TLB, X } from './state.ts';
import { recordStore, stored, translateStore } from './store.ts';
import { lookUp } from './tlb.ts';
import { fail } from './traps.ts';

const NO_RESERVATION: u64 = u64.MAX_VALUE;

export function dropReservation(): void {
  store<u64>(RESERVATION, NO_RESERVATION);
}

/** Host address of the memory operand at `va`, good for reading and writing, or 0 with the trap's cause left behind. */
export function atomicPointer(va: u64, width: u32): usize {
  if (va & <u64>(width - 1)) {
    fail(CAUSE_STORE_MISALIGNED, va);
    return 0;
  }
  const entry = lookUp(<usize>load<u32>(WRITE_TLB), va);
  if (entry) return <usize>va + load<u32>(entry, 8);
  if (!translateStore(va, width)) return 0;
  const gpa = load<u64>(WALK_GPA);
  if (isRam(gpa, width)) return RAM_BASE + <usize>(gpa - RAM_GPA);
  accessFault(va, ACCESS_STORE);
  return 0;
}

/** To be called after the memory operand at host address `host` was written. */
export function atomicDone(host: usize, width: u32): void {
  stored(<u64>(host - RAM_BASE) + RAM_GPA, width);
  if (load<u32>(TRACING))
    recordStore(load<u64>(WALK_GPA), width, width == 8 ? load<u64>(host) : load<u32>(host));
}

function setRegister(offset: usize, value: u64): void {
  if (offset) store<u64>(X + offset, value);
}

/** LR: loads to the register at `offset` and reserves; false with the trap's cause left behind. */
export function loadReserved(va: u64, width: u32, offset: u32): bool {
  if (va & <u64>(width - 1)) return fail(CAUSE_LOAD_MISALIGNED, va);
  const at = loadSlow(va, width);
  if (!at) return false;
  const value = width == 8 ? load<u64>(at) : <u64>(<i64>load<i32>(at));
  store<u64>(RESERVATION, va);
  store<u64>(RESERVED_VALUE, value);
  setRegister(offset, value);
  return true;
}

/**
 * SC: 0 to the register when it stored, else 1. A store in between that changed the value makes it fail. False with the
 * trap's cause left behind, and nothing changed: translated code then has the interpreter do it again.
 */
export function storeConditional(va: u64, width: u32, value: u64, offset: u32): bool {
  if (va & <u64>(width - 1)) return fail(CAUSE_STORE_MISALIGNED, va);
  if (load<u64>(RESERVATION) != va) {
    dropReservation();
    setRegister(offset, 1);
    return true;
  }
  const host = atomicPointer(va, width);
  if (!host) return false;
  dropReservation();
  const now = width == 8 ? load<u64>(host) : <u64>(<i64>load<i32>(host));
  if (now != load<u64>(RESERVED_VALUE)) {
    setRegister(offset, 1);
    return true;
  }
  if (width == 8) store<u64>(host, value);
  else store<u32>(host, <u32>value);
  atomicDone(host, width);
  setRegister(offset, 0);
  return true;
}
