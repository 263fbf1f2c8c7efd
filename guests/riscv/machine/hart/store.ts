// Stores that no TLB entry answers: misses, devices, decoded code, the host's mailbox, accesses across a page's end.
import { htifWrite } from '../bare-metal/htif.ts';
import { mmioStore } from '../devices/bus.ts';
import { RAM_BASE, RAM_GPA } from '../memory/layout.ts';
import { decodedPage, invalidateDecoded } from './decode-cache.ts';
import { ACCESS_STORE, accessFault, noteSuperpage, translate } from './page-walk.ts';
import { isRam } from './physical.ts';
import { PMP_WHOLE_PAGE, pmpVerdict } from './pmp.ts';
import { HTIF_TOHOST, STEP_STORE_COUNT, STEP_STORES, TRACING, WALK_GPA, WRITE_TLB } from './state.ts';
import { dataMode, enterData, lookUp } from './tlb.ts';

/**
 * Translates for a store and leaves the address in WALK_GPA; false with the trap's cause left behind. Pages of RAM
 * that nobody watches enter the write TLB.
 */
export function translateStore(va: u64, width: u32): bool {
  const mode = dataMode();
  if (!translate(va, ACCESS_STORE, mode)) return false;
  const gpa = load<u64>(WALK_GPA);
  const verdict = pmpVerdict(gpa, width, ACCESS_STORE, mode);
  if (!verdict) return accessFault(va, ACCESS_STORE);
  if (verdict == PMP_WHOLE_PAGE && isRam(gpa, width) && !isWatched(gpa)) {
    enterData(<usize>load<u32>(WRITE_TLB), va, RAM_BASE + <usize>(gpa - RAM_GPA));
    noteSuperpage(va);
  }
  return true;
}

function isWatched(gpa: u64): bool {
  return (
    load<u32>(TRACING) != 0 ||
    decodedPage(<usize>(gpa - RAM_GPA) >>> 12) != 0 ||
    ((load<u64>(HTIF_TOHOST) ^ gpa) & ~0xfff) == 0
  );
}

/** Stores the low `width` bytes of `value`; false, and nothing stored, with the trap's cause left behind. */
export function storeSlow(va: u64, width: u32, value: u64): bool {
  if ((va & 0xfff) + <u64>width > 4096) return storeSplit(va, width, value);
  const entry = lookUp(<usize>load<u32>(WRITE_TLB), va);
  if (entry) {
    put(<usize>va + load<u32>(entry, 8), width, value);
    return true;
  }
  if (!translateStore(va, width)) return false;
  const gpa = load<u64>(WALK_GPA);
  if (isRam(gpa, width)) {
    put(RAM_BASE + <usize>(gpa - RAM_GPA), width, value);
    stored(gpa, width);
  } else if (!mmioStore(gpa, width, value)) return accessFault(va, ACCESS_STORE);
  if (load<u32>(TRACING)) recordStore(va, width, value);
  return true;
}

/** Both pages are translated before anything is stored. */
function storeSplit(va: u64, width: u32, value: u64): bool {
  const inFirst = <u32>(4096 - (va & 0xfff));
  if (!translateStore(va, inFirst)) return false;
  const first = load<u64>(WALK_GPA);
  if (!translateStore(va + <u64>inFirst, width - inFirst)) return false;
  const second = load<u64>(WALK_GPA);
  if (!isRam(first, inFirst) || !isRam(second, width - inFirst)) return accessFault(va, ACCESS_STORE);
  for (let i: u32 = 0; i < width; i++) {
    const gpa = i < inFirst ? first + <u64>i : second + <u64>(i - inFirst);
    store<u8>(RAM_BASE + <usize>(gpa - RAM_GPA), <u8>(value >> <u64>(8 * i)));
  }
  stored(first, inFirst);
  stored(second, width - inFirst);
  if (load<u32>(TRACING)) recordStore(va, width, value);
  return true;
}

function put(host: usize, width: u32, value: u64): void {
  if (width == 8) store<u64>(host, value);
  else if (width == 4) store<u32>(host, <u32>value);
  else if (width == 2) store<u16>(host, <u16>value);
  else store<u8>(host, <u8>value);
}

/** What follows a store to RAM that took the slow path: decoded code goes, the host's mailbox is read. */
export function stored(gpa: u64, width: u32): void {
  invalidateDecoded(<usize>(gpa - RAM_GPA), width);
  const tohost = load<u64>(HTIF_TOHOST);
  if (tohost && gpa < tohost + 8 && tohost < gpa + <u64>width)
    htifWrite(load<u64>(RAM_BASE + <usize>(tohost - RAM_GPA)));
}

/** Adds a store to the record of the single step being made. */
export function recordStore(va: u64, width: u32, value: u64): void {
  const count = load<u32>(STEP_STORE_COUNT);
  if (count >= 2) return;
  const at = STEP_STORES + <usize>count * 24;
  store<u64>(at, va);
  store<u64>(at, width == 8 ? value : value & (((<u64>1) << (<u64>(8 * width))) - 1), 8);
  store<u64>(at, width, 16);
  store<u32>(STEP_STORE_COUNT, count + 1);
}
