// Loads that no TLB entry answers: misses, devices, accesses across a page's end.
import { mmioLoad } from '../devices/bus.ts';
import { MMIO_VALUE, RAM_BASE, RAM_GPA, SPLIT_VALUE } from '../memory/layout.ts';
import { ACCESS_LOAD, accessFault, noteSuperpage, translate } from './page-walk.ts';
import { isRam } from './physical.ts';
import { PMP_WHOLE_PAGE, pmpVerdict } from './pmp.ts';
import { READ_TLB, WALK_GPA } from './state.ts';
import { dataMode, enterData, lookUp } from './tlb.ts';

/** Host address at which `width` bytes of `va` can be read now, or 0 with the trap's cause left behind. */
export function loadSlow(va: u64, width: u32): usize {
  if ((va & 0xfff) + <u64>width > 4096) return loadSplit(va, width);
  const entry = lookUp(<usize>load<u32>(READ_TLB), va);
  if (entry) return <usize>va + load<u32>(entry, 8);
  const mode = dataMode();
  if (!translate(va, ACCESS_LOAD, mode)) return 0;
  const gpa = load<u64>(WALK_GPA);
  const verdict = pmpVerdict(gpa, width, ACCESS_LOAD, mode);
  if (verdict && isRam(gpa, width)) {
    const host = RAM_BASE + <usize>(gpa - RAM_GPA);
    if (verdict == PMP_WHOLE_PAGE) {
      enterData(<usize>load<u32>(READ_TLB), va, host);
      noteSuperpage(va);
    }
    return host;
  }
  if (verdict && mmioLoad(gpa, width)) return MMIO_VALUE;
  accessFault(va, ACCESS_LOAD);
  return 0;
}

/** Puts together a value that lies in two pages, byte by byte. */
function loadSplit(va: u64, width: u32): usize {
  for (let i: u32 = 0; i < width; i++) {
    const at = loadSlow(va + <u64>i, 1);
    if (!at) return 0;
    store<u8>(SPLIT_VALUE + <usize>i, load<u8>(at));
  }
  return SPLIT_VALUE;
}
