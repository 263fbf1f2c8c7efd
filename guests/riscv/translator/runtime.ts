// What units call: the sites of groups of accesses that do not answer, the way to the next unit. All of it runs in the
// sandbox; units reach it through the table.
import { OP_UNIT } from '../machine/hart/decoder.generated.ts';
import { cacheJump } from '../machine/hart/jump-cache.ts';
import { prepareLoad } from '../machine/hart/load.ts';
import { fillSite } from '../machine/hart/site-tlb.ts';
import { FETCH_TLB, NO_UNIT, PC, READ_TLB, STOP_AT, WRITE_TLB } from '../machine/hart/state.ts';
import { translateStore } from '../machine/hart/store.ts';
import { warmSlot } from './heat.ts';

const FOR_STORES: u32 = 0x10000;

/**
 * Makes a site answer for a group of accesses whose first byte is at `register` + `lowest`. `extent`: its bytes, and
 * FOR_STORES. False when the interpreter has to see to it: devices, faults, watched pages, groups in two pages.
 */
export function siteMiss(register: u64, site: u32, lowest: i32, extent: u32): bool {
  const first = register + <i64>lowest;
  const span = extent & 0xffff;
  if ((first & 0xfff) + span > 4096) return false;
  const isStore = (extent & FOR_STORES) != 0;
  const tlb = <usize>load<u32>(isStore ? WRITE_TLB : READ_TLB);
  const entry = tlb + ((<usize>first >>> 8) & 0x1ff0);
  const tag = first & ~0xfff;
  if (load<u64>(entry) != tag) {
    if (isStore) translateStore(first, 1);
    else prepareLoad(first);
    if (load<u64>(entry) != tag) return false;
  }
  fillSite(site, register, lowest, span, <usize>first + load<u32>(entry, 8));
  return true;
}

/** What stands for a unit where there is none: goes on in the interpreter, at the pc that was set. */
export function noUnit(n: i32, _depth: i32, _pageVa: u64, _pageBase: u32): i32 {
  return n;
}

/** Jump cache entry of the unit at `target`, or one that leads to `noUnit` with the pc set. */
export function unitAt(target: u64, n: i32): usize {
  const entry = <usize>load<u32>(FETCH_TLB) + ((<usize>target >>> 8) & 0x1ff0);
  store<u64>(PC, target);
  if (load<u64>(entry) != (target & ~0xfff) || n <= load<i32>(STOP_AT)) return nowhere();
  const page = load<u32>(entry, 8);
  const slot = <usize>page + ((<usize>(target & 0xffe)) << 2);
  if (load<u16>(slot) != <u16>OP_UNIT) {
    warmSlot(slot, 1);
    if (load<u16>(slot) != <u16>OP_UNIT) return nowhere();
  }
  return cacheJump(target, load<u32>(slot, 4), page);
}

function nowhere(): usize {
  store<u32>(NO_UNIT, noUnit.index, 8);
  return NO_UNIT;
}
