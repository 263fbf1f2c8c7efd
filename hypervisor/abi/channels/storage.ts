// Storage channel messages. Requests travel guest → root as VM_PKT_DATA_INBAND, each answered by one VM_PKT_COMP
// with the same transaction id; answers may come in another order than the requests.
//
//   request   +0 operation u32 | +4 rsvdz u32 | +8 offset in bytes u64 | +16 length in bytes u32 | +20 rsvdz u32
//             +24 data (WRITE only, exactly `length` bytes)
//   answer    +0 status u32 | +4 length u32 (bytes read, or as requested) | +8 data (READ) or properties (QUERY)
//   properties +8 capacity in bytes u64 | +16 block size in bytes u32 | +20 most bytes per request u32
//             +24 flags u32 | +28 rsvdz u32
// Offsets and lengths are multiples of the block size (512), but a read of the tail of a volume whose capacity
// is not (a kernel image) may be shorter: reads past the capacity are out of range, never zero filled.

export const STORAGE_QUERY: u32 = 0;
export const STORAGE_READ: u32 = 1;
export const STORAGE_WRITE: u32 = 2;
/** Completes when every write completed before it is durable. */
export const STORAGE_FLUSH: u32 = 3;
/** Afterwards the range reads as zeros (length up to 4 GiB - 512). */
export const STORAGE_DISCARD: u32 = 4;
export const STORAGE_WRITE_ZEROES: u32 = 5;

export const STORAGE_STATUS_OK: u32 = 0;
/** Reserved field not zero, unknown operation, length that does not fit the packet. */
export const STORAGE_STATUS_INVALID: u32 = 1;
export const STORAGE_STATUS_OUT_OF_RANGE: u32 = 2;
export const STORAGE_STATUS_READ_ONLY: u32 = 3;
export const STORAGE_STATUS_IO_ERROR: u32 = 4;
export const STORAGE_STATUS_NO_SPACE: u32 = 5;

export const STORAGE_REQUEST_HEADER_BYTES: u32 = 24;
export const STORAGE_ANSWER_HEADER_BYTES: u32 = 8;
export const STORAGE_QUERY_ANSWER_BYTES: u32 = 32;
export const STORAGE_BLOCK_BYTES: u32 = 512;
export const STORAGE_MAX_TRANSFER_BYTES: u32 = 131_072;

export const STORAGE_FLAG_READ_ONLY: u32 = 1;
export const STORAGE_FLAG_DISCARD: u32 = 2;
