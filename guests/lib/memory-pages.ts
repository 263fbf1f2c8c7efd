// Page-aligned memory for rings and hypercall pages. A unikernel's heap is a bump allocator (asc's stub runtime):
// pages are taken once and live as long as the partition.
import { HV_PAGE_SIZE } from '../../hypervisor/abi/hypercalls.ts';

/** `count` zeroed pages in a row, page aligned. */
export function allocatePages(count: u32): usize {
  const raw = heap.alloc(<usize>(count + 1) * HV_PAGE_SIZE);
  const pages = (raw + HV_PAGE_SIZE - 1) & ~(<usize>HV_PAGE_SIZE - 1);
  memory.fill(pages, 0, <usize>count * HV_PAGE_SIZE);
  return pages;
}
