// What the two ends of a bare round trip say: a request of 24 bytes, words of 32 bits: operation | bytes | number | 0 0 0.
// JavaScript as it is, as its user is: bare-peer.mjs.

export const BARE_REQUEST_BYTES = 24;
/** The request comes back. */
export const BARE_ECHO = 0;
/** So many bytes of the file come back, from its start. */
export const BARE_READ = 1;
