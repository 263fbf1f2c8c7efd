// virtio block configuration space and request layout (virtio 1.3 §5.2.4, §5.2.6).
//
//   +0 capacity in sectors u64 | +8 size_max u32 | +12 seg_max u32 | +20 blk_size u32 | +36 max_discard_sectors u32
//   +40 max_discard_seg u32 | +44 discard_sector_alignment u32 | +48 max_write_zeroes_sectors u32
//   +52 max_write_zeroes_seg u32 | +56 write_zeroes_may_unmap u8
//   request: type u32, reserved u32, sector u64 | data | status u8

export const CONFIG_CAPACITY: usize = 0;
export const CONFIG_SEG_MAX: usize = 12;
export const CONFIG_BLOCK_SIZE: usize = 20;
export const CONFIG_DISCARD_SECTORS: usize = 36;
export const CONFIG_DISCARD_SEGMENTS: usize = 40;
export const CONFIG_DISCARD_ALIGNMENT: usize = 44;
export const CONFIG_ZEROES_SECTORS: usize = 48;
export const CONFIG_ZEROES_SEGMENTS: usize = 52;
export const CONFIG_ZEROES_UNMAP: usize = 56;
export const BLOCK_CONFIG_BYTES: u32 = 60;

export const FEATURE_SEG_MAX: u64 = 1 << 2;
export const FEATURE_READ_ONLY: u64 = 1 << 5;
export const FEATURE_BLOCK_SIZE: u64 = 1 << 6;
export const FEATURE_FLUSH: u64 = 1 << 9;
export const FEATURE_DISCARD: u64 = 1 << 13;
export const FEATURE_WRITE_ZEROES: u64 = 1 << 14;

export const REQUEST_IN: u32 = 0;
export const REQUEST_OUT: u32 = 1;
export const REQUEST_FLUSH: u32 = 4;
export const REQUEST_GET_ID: u32 = 8;
export const REQUEST_DISCARD: u32 = 11;
export const REQUEST_WRITE_ZEROES: u32 = 13;

export const STATUS_OK: u8 = 0;
export const STATUS_IO_ERROR: u8 = 1;
export const STATUS_UNSUPPORTED: u8 = 2;

export const HEADER_BYTES: u32 = 16;
export const RANGE_BYTES: u32 = 16;
export const ID_BYTES: u32 = 20;
export const SECTOR_SHIFT: u64 = 9;
/** Queue size less the header and the status descriptors. */
export const SEG_MAX: u32 = 126;
/** 1 GiB at a time; no driver needs more, and the length fits a channel request. */
export const MAX_RANGE_SECTORS: u32 = 0x20_0000;
