// Console channel messages: VM_PKT_DATA_INBAND both ways, transaction id 0, never answered.
//
//   +0 type u32 | then the bytes (OUTPUT guest → root, INPUT root → guest) or +4 columns u16 | +6 rows u16 (RESIZE)
// A channel whose label is not "console" is a plain byte stream to a file ("trace", "signature"): OUTPUT only.

export const CONSOLE_OUTPUT: u32 = 1;
export const CONSOLE_INPUT: u32 = 2;
export const CONSOLE_RESIZE: u32 = 3;
export const CONSOLE_HEADER_BYTES: u32 = 4;
/** The most bytes in one OUTPUT or INPUT. */
export const CONSOLE_MAX_CHUNK_BYTES: u32 = 65_536;
