import { describe, expect, it } from 'vitest';
import { ReadWindow } from './read-window.ts';

const WHOLE = 1024;

/** Reads pieces as the engine would that finds `waiting` bytes in the socket each time; the lengths of the buffers. */
function buffers(waiting: readonly number[], isEven = true, whole = WHOLE): number[] {
  const window = new ReadWindow(new Uint8Array(whole));
  let bytes = 0;
  return waiting.map((found) => {
    bytes = window.changed?.length ?? bytes;
    window.release(Math.min(found, bytes), isEven);
    return bytes;
  });
}

describe('a read window', () => {
  it('is as long as the last two pieces where they were of one length', () => {
    expect(buffers([24, 24, 24, 24])).toEqual([WHOLE, WHOLE, 24, 24]);
    expect(buffers([24, 32, 24, 32])).toEqual([WHOLE, WHOLE, WHOLE, WHOLE]);
  });

  it('is the whole one again after a piece of another length', () => {
    expect(buffers([24, 24, 16, 24, 24, 24])).toEqual([WHOLE, WHOLE, 24, WHOLE, WHOLE, 24]);
  });

  it('is the whole one for pieces that are too long to have a buffer for', () => {
    expect(buffers([8192, 8192, 8192], true, 65_536)).toEqual([65_536, 65_536, 8192]);
    expect(buffers([8193, 8193, 8193], true, 65_536)).toEqual([65_536, 65_536, 65_536]);
  });

  it('is the whole one while pieces end within frames', () => {
    expect(buffers([24, 24, 24], false)).toEqual([WHOLE, WHOLE, WHOLE]);
  });

  it('is the whole one now and then, and stays it where there was more', () => {
    const alike = buffers(Array(70).fill(24));
    expect(alike.flatMap((bytes, index) => (bytes === WHOLE ? [index] : []))).toEqual([0, 1, 34, 67]);
    const more = buffers([24, 24, ...Array(32).fill(24), 900, 700, 900]);
    expect(more.slice(-3)).toEqual([WHOLE, WHOLE, WHOLE]);
  });
});
