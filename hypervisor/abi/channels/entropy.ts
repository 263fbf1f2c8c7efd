// Entropy channel messages: a request (+0 length u32, 1..ENTROPY_MAX_BYTES | +4 rsvdz u32) as VM_PKT_DATA_INBAND,
// answered by VM_PKT_COMP with exactly that many random bytes, or with none when the request was invalid.

export const ENTROPY_REQUEST_BYTES: u32 = 8;
export const ENTROPY_MAX_BYTES: u32 = 4096;
