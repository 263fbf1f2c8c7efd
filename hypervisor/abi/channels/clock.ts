// Clock channel messages: a request (+0 operation u32, CLOCK_GET_TIME | +4 rsvdz u32) as VM_PKT_DATA_INBAND,
// answered by VM_PKT_COMP: +0 Unix time in nanoseconds u64 (rounded down to the granularity) | +8 granularity in
// nanoseconds u32 | +12 rsvdz u32. An invalid request is answered with no bytes.

export const CLOCK_GET_TIME: u32 = 1;
export const CLOCK_REQUEST_BYTES: u32 = 8;
export const CLOCK_ANSWER_BYTES: u32 = 16;
