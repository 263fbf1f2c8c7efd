// Where the inner loop goes next: from virtual addresses to decoded slots, and back.
import { RAM_BASE, RAM_GPA } from '../memory/layout.ts';
import { decodeInto } from './decode.ts';
import { CROSSING_SLOT, CROSSING_WORD, decodedPageFor } from './decode-cache.ts';
import { OP_EXIT } from './decoder.generated.ts';
import { ACCESS_FETCH, noteSuperpage, translate } from './page-walk.ts';
import { CAUSE_FETCH_ACCESS, isRam } from './physical.ts';
import { PMP_WHOLE_PAGE, pmpVerdict } from './pmp.ts';
import {
  EXIT_SLOT,
  FETCH_TLB,
  MODE,
  PAGE_BASE,
  PAGE_VA,
  PC,
  TRACING,
  TRAP_CAUSE,
  TRAP_VALUE,
  WALK_GPA,
} from './state.ts';
import { enterCode, lookUp } from './tlb.ts';
import { enterTrap, fail } from './traps.ts';

/** Virtual address of the instruction whose slot is at `ip`. */
export function addressOf(ip: usize): u64 {
  return load<u64>(PAGE_VA) + <u64>((ip - load<u32>(PAGE_BASE)) >>> 2);
}

/** Ends the inner loop before the instruction at `ip`; gives back the counter. */
export function leave(ip: usize, n: i32): i32 {
  store<u64>(PC, addressOf(ip));
  return n;
}

/** A slot that ends the inner loop with the pc at `pc`. */
export function parkAt(pc: u64): usize {
  const slot = EXIT_SLOT;
  store<u16>(slot, <u16>OP_EXIT);
  store<u64>(PAGE_VA, pc & ~0xfff);
  store<u32>(PAGE_BASE, <u32>(slot - ((<usize>(pc & 0xfff)) << 2)));
  return slot;
}

/** Slot of the instruction at virtual address `target`; takes the trap if it cannot be fetched. */
export function jumpSlow(target: u64): usize {
  let pc = target;
  for (let tries = 0; tries < 3; tries++) {
    if (load<u32>(TRACING)) break;
    const base = fetchPage(pc);
    if (base) {
      store<u64>(PAGE_VA, pc & ~0xfff);
      store<u32>(PAGE_BASE, <u32>base);
      return base + ((<usize>(pc & 0xffe)) << 2);
    }
    pc = enterTrap(pc, load<u64>(TRAP_CAUSE), load<u64>(TRAP_VALUE));
  }
  return parkAt(pc);
}

/** Decoded page for the virtual page of `pc`, or 0 with the trap's cause left behind. */
function fetchPage(pc: u64): usize {
  const entry = lookUp(<usize>load<u32>(FETCH_TLB), pc);
  if (entry) return load<u32>(entry, 8);
  const host = fetchHost(pc, pc);
  if (!host) return 0;
  const page = decodedPageFor((host - RAM_BASE) >>> 12);
  if (pmpVerdict(load<u64>(WALK_GPA), 2, ACCESS_FETCH, load<u32>(MODE)) == PMP_WHOLE_PAGE) {
    enterCode(pc, page);
    noteSuperpage(pc);
  }
  return page;
}

/** Host address of the two bytes of code at `va`, or 0; faults report `reported` as their value. */
export function fetchHost(va: u64, reported: u64): usize {
  const mode = load<u32>(MODE);
  if (!translate(va, ACCESS_FETCH, mode)) {
    store<u64>(TRAP_VALUE, reported);
    return 0;
  }
  const gpa = load<u64>(WALK_GPA);
  if (!pmpVerdict(gpa, 2, ACCESS_FETCH, mode) || !isRam(gpa, 2)) {
    fail(CAUSE_FETCH_ACCESS, reported);
    return 0;
  }
  return RAM_BASE + <usize>(gpa - RAM_GPA);
}

/** Slot for the instruction that begins in the last parcel of the current page and ends in the next page. */
export function enterCrossing(ip: usize): usize {
  const page = <usize>load<u32>(PAGE_BASE);
  const pc = addressOf(ip);
  const first = fetchHost(pc, pc);
  const second = first ? fetchHost(pc + 2, pc + 2) : 0;
  if (!second) return jumpSlow(enterTrap(pc, load<u64>(TRAP_CAUSE), load<u64>(TRAP_VALUE)));
  const word = <u32>load<u16>(first) | ((<u32>load<u16>(second)) << 16);
  const slot = page + CROSSING_SLOT;
  if (load<u32>(page, CROSSING_WORD) != word) {
    decodeInto(slot, word, 4, -1 - 4094);
    store<u32>(page, word, CROSSING_WORD);
  }
  store<u32>(PAGE_BASE, <u32>(slot - (4094 << 2)));
  return slot;
}

/** The bits of the instruction at `pc`, 16 or 32 of them; 0 when it cannot be read. */
export function instructionAt(pc: u64): u32 {
  const first = fetchHost(pc, pc);
  if (!first) return 0;
  const parcel = <u32>load<u16>(first);
  if ((parcel & 3) != 3) return parcel;
  const second = fetchHost(pc + 2, pc + 2);
  return second ? parcel | ((<u32>load<u16>(second)) << 16) : 0;
}
