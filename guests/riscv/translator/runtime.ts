// What units call: memory accesses that their sites do not answer, the way to the next unit, traps. All of it runs in the
// sandbox; units reach it through the table.

import { OP_UNIT } from '../machine/hart/decoder.generated.ts';
import { loadSlow } from '../machine/hart/load.ts';
import { fillSite } from '../machine/hart/site-tlb.ts';
import {
  FETCH_TLB,
  PAGE_BASE,
  PAGE_VA,
  PC,
  READ_TLB,
  STOP_AT,
  TRAP_CAUSE,
  TRAP_VALUE,
  WRITE_TLB,
} from '../machine/hart/state.ts';
import { storeSlow } from '../machine/hart/store.ts';
import { enterTrap } from '../machine/hart/traps.ts';
import { warmSlot } from './heat.ts';

/** Host address of `width` bytes at `va`, or 0 with a trap's cause left behind; remembers the page for the site. */
export function loadMiss(va: u64, width: u32, site: u32): usize {
  const entry = <usize>load<u32>(READ_TLB) + ((<usize>va >>> 8) & 0x1ff0);
  const tag = (va + <u64>(width - 1)) & ~0xfff;
  if (load<u64>(entry) != tag) {
    const host = loadSlow(va, width);
    if (!host || load<u64>(entry) != tag) return host;
  }
  const host = <usize>va + load<u32>(entry, 8);
  fillSite(site, va, host);
  return host;
}

/** Stores, and remembers the page for the site; 0 with a trap's cause left behind. */
export function storeMiss(va: u64, value: u64, width: u32, site: u32): u32 {
  const entry = <usize>load<u32>(WRITE_TLB) + ((<usize>va >>> 8) & 0x1ff0);
  const tag = (va + <u64>(width - 1)) & ~0xfff;
  if (load<u64>(entry) != tag) {
    if (!storeSlow(va, width, value)) return 0;
    if (load<u64>(entry) == tag) fillSite(site, va, <usize>va + load<u32>(entry, 8));
    return 1;
  }
  const host = <usize>va + load<u32>(entry, 8);
  if (width == 8) store<u64>(host, value);
  else if (width == 4) store<u32>(host, <u32>value);
  else if (width == 2) store<u16>(host, <u16>value);
  else store<u8>(host, <u8>value);
  fillSite(site, va, host);
  return 1;
}

/** A unit's stand-in: goes on in the interpreter, at the pc that was set. */
export function leaveUnit(n: i32): i32 {
  return n;
}

/** Takes the exception that a slow path left behind, at the pc that was set. */
export function takeTrap(n: i32): i32 {
  store<u64>(PC, enterTrap(load<u64>(PC), load<u64>(TRAP_CAUSE), load<u64>(TRAP_VALUE)));
  // Whoever waits for a call's return must not go on in another mode.
  store<i32>(STOP_AT, i32.MAX_VALUE);
  return n;
}

/** Table index of the unit at `target`, with everything set for it, or of `leaveUnit`. */
export function unitAt(target: u64, n: i32): u32 {
  const entry = <usize>load<u32>(FETCH_TLB) + ((<usize>target >>> 8) & 0x1ff0);
  store<u64>(PC, target);
  if (load<u64>(entry) != (target & ~0xfff) || n <= load<i32>(STOP_AT)) return leaveUnit.index;
  const base = <usize>load<u32>(entry, 8);
  const slot = base + ((<usize>(target & 0xffe)) << 2);
  if (load<u16>(slot) != <u16>OP_UNIT) {
    warmSlot(slot, 1);
    if (load<u16>(slot) != <u16>OP_UNIT) return leaveUnit.index;
  }
  store<u64>(PAGE_VA, target & ~0xfff);
  store<u32>(PAGE_BASE, <u32>base);
  return load<u32>(slot, 4);
}
