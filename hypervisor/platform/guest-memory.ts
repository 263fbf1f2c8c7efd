// Views of one partition's linear memory. It is created with its maximum size, so it never grows and views made once
// stay true. Everything read through them is hostile: read once, check the copy, use the copy.

export class GuestMemory {
  readonly buffer: SharedArrayBuffer;
  readonly bytes: Uint8Array;
  readonly words: Int32Array;
  readonly byteLength: number;

  constructor(buffer: SharedArrayBuffer) {
    this.buffer = buffer;
    this.bytes = new Uint8Array(buffer);
    this.words = new Int32Array(buffer);
    this.byteLength = buffer.byteLength;
  }

  /** Whether [gpa, gpa + length) lies in memory; both unsigned 32-bit numbers, so the sum cannot wrap. */
  contains(gpa: number, length: number): boolean {
    return gpa + length <= this.byteLength;
  }
}

/** A linear memory of exactly `pages` 64 KiB pages, all zero, shared between the threads of its partition. */
export function createGuestMemory(pages: number): WebAssembly.Memory {
  return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
}
