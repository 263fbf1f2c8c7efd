// Where everything is in the sandbox's linear memory, and the guest's physical map as far as RAM goes.
//
//   0x0000_0400  AssemblyScript's static data (asc --memoryBase 1024)
//   0x0001_0000  hart state: registers, CSRs, interpreter words          (hart/state.ts)
//   0x0003_8000  superpage filter: 4096 bits                            (hart/page-walk.ts)
//   0x0003_a000  a data TLB that stays empty
//   0x0006_c000  translator: heat of jump targets, 8192 x 8 bytes        (translator/heat.ts)
//   0x0007_c000  translator: where units were left, 512 x 32 bytes      (translator/observation.ts)
//   0x0004_0000  translator: units, 4096 x 32 bytes                      (translator/unit-table.ts)
//   0x0008_0000  translator: the region being translated                 (translator/{region,blocks}.ts)
//   0x000a_0000  translator: the module being written, 384 KiB           (translator/wasm-writer.ts)
//   0x0010_0000  decode map: one u16 per RAM page, 0 = no decoded page   (hart/decode-cache.ts)
//   0x0030_0000  decoded pages: 3072 x 16,512 bytes
//   0x0340_0000  site TLB: 262,144 x 32 bytes                           (hart/site-tlb.ts)
//   0x03c0_0000  which of its entries are filled, 2 x 32,768 x 4 bytes
//   0x03d0_0000  banks of TLBs, 18 x 49,152 bytes                        (hart/tlb.ts)
//   0x0400_0000  devices and channel rings, 32 MiB
//   0x0600_0000  guest RAM, up to 3 GiB; the memory ends where it ends
//
// Addresses are u32 throughout; RAM_BASE + MAX_RAM_BYTES stays below 2^32. Everything here is zero at start
// and becomes resident only when touched.

export const HART_STATE: usize = 0x10000;
export const HART_STATE_BYTES: usize = 0x1000;

/** What mmioLoad leaves behind: one u64. */
export const MMIO_VALUE: usize = 0x11000;
/** A value put together from two pages, on the way to a register: one u64. */
export const SPLIT_VALUE: usize = 0x11008;

export const SUPERPAGE_FILTER: usize = 0x38000;
export const SUPERPAGE_FILTER_BYTES: usize = 512;
export const EMPTY_TLB: usize = 0x3a000;

export const HEAT: usize = 0x6c000;
export const HEAT_ENTRIES: u32 = 8192;
export const LEAVES: usize = 0x7c000;
export const LEAVE_ENTRIES: u32 = 512;
export const LEAVE_BYTES: usize = 32;
export const UNITS: usize = 0x40000;
export const UNIT_BYTES: usize = 32;
/** Table index of unit 0: above whatever functions of the machine's own are in the table. */
export const FIRST_UNIT: u32 = 1024;
export const UNIT_LIMIT: u32 = 4096;
export const REGION: usize = 0x80000;
export const MODULE: usize = 0xa0000;
export const MODULE_BYTES: usize = 0x60000;

export const DECODE_MAP: usize = 0x100000;
export const DECODED_PAGES: usize = 0x300000;
export const DECODED_PAGE_BYTES: usize = 16512;
export const DECODED_PAGE_COUNT: u32 = 3072;

export const SITES: usize = 0x3400000;
export const SITE_BYTES: usize = 32;
/** A unit has some fifty of them. */
export const SITE_LIMIT: u32 = 0x40000;
export const SITE_LOG: usize = 0x3c00000;
/** In each of the log's halves. */
export const SITE_LOG_ENTRIES: u32 = 0x8000;

export const BANKS: usize = 0x3d00000;
/** A multiple of TLB_BYTES, so that one bit tells the entries of a pair apart. */
export const BANK_BYTES: usize = 0xc000;
/** Bytes of each TLB, and of a jump cache. */
export const TLB_BYTES: usize = 0x2000;
export const JUMP_CACHE_BYTES: usize = 0x4000;

export const DEVICES_BASE: usize = 0x4000000;
export const DEVICES_END: usize = 0x6000000;

/** Host address of guest RAM's first byte. */
export const RAM_BASE: usize = 0x6000000;
/** Guest physical address of RAM's first byte. */
export const RAM_GPA: u64 = 0x80000000;
export const MAX_RAM_BYTES: u64 = 0xc0000000;
