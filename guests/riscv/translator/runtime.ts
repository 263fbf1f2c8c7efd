// What units call: the way to the next unit. It runs in the sandbox; units reach it through the table.
import { OP_UNIT } from '../machine/hart/decoder.generated.ts';
import { cacheJump } from '../machine/hart/jump-cache.ts';
import { fillLink } from '../machine/hart/site-tlb.ts';
import { FETCH_TLB, NO_UNIT, PAGE_BASE, PC, STOP_AT } from '../machine/hart/state.ts';
import { lookUp } from '../machine/hart/tlb.ts';

/** What stands for a unit where there is none: goes on in the interpreter, at the pc that was set. */
export function noUnit(n: i32, _depth: i32, _pageVa: u64, _pageBase: u32): i32 {
  return n;
}

/** Jump cache entry of the unit at `target`, or one that leads to `noUnit` with the pc set. */
export function unitAt(target: u64, n: i32): usize {
  const index = findUnit(target, n);
  return index ? cacheJump(target, index, load<u32>(PAGE_BASE)) : nowhere(target);
}

/** As unitAt, for a link. */
export function linkTo(target: u64, n: i32, link: usize): usize {
  const index = findUnit(target, n);
  if (!index) return nowhere(target);
  fillLink(link, target, index, load<u32>(PAGE_BASE));
  return link;
}

/** Table index of the unit at `target` with its decoded page in PAGE_BASE, or 0. */
function findUnit(target: u64, n: i32): u32 {
  const entry = lookUp(<usize>load<u32>(FETCH_TLB), target);
  if (!entry || n <= load<i32>(STOP_AT)) return 0;
  const page = load<u32>(entry, 8);
  const slot = <usize>page + ((<usize>(target & 0xffe)) << 2);
  if (load<u16>(slot) != <u16>OP_UNIT) return 0;
  store<u32>(PAGE_BASE, page);
  return load<u32>(slot, 4);
}

/** Entry that leads to `noUnit`, with the pc set. */
export function nowhere(pc: u64): usize {
  store<u64>(PC, pc);
  store<u32>(NO_UNIT, noUnit.index, 8);
  return NO_UNIT;
}
