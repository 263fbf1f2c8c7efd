import { describe, expect, it } from 'vitest';
import { counterWord, createControlBlock } from './control-block.ts';
import { HypercallThrottle, watchThrottle } from './hypercall-throttle.ts';

function throttleOf(perSecond: number, words = new Int32Array(createControlBlock())) {
  let nowMs = 0;
  const waits: number[] = [];
  const wait = (ms: number): void => {
    waits.push(ms);
    nowMs += ms;
  };
  return { throttle: new HypercallThrottle(words, perSecond, wait, () => nowMs), waits, words };
}

/** Counts calls as the dispatcher does. @returns what the counter stands at */
function call(throttle: HypercallThrottle, words: Int32Array, times: number): void {
  let sliceEnd = words[counterWord.hypercalls];
  for (let made = 0; made < times; made++) {
    const calls = words[counterWord.hypercalls] as number;
    if (calls === sliceEnd) sliceEnd = throttle.nextSlice(calls);
    words[counterWord.hypercalls] = calls + 1;
  }
}

describe('the throttle of hypercalls', () => {
  it('lets a second of calls through at once and holds back the rest', () => {
    const { throttle, waits, words } = throttleOf(1280);
    call(throttle, words, 1280);
    expect(waits).toEqual([]);
    call(throttle, words, 1280);
    const waited = waits.reduce((sum, ms) => sum + ms, 0);
    expect(waited).toBeGreaterThanOrEqual(990);
    expect(words[counterWord.throttledMs]).toBe(waited);
  });

  it('goes on counting where the counter wraps', () => {
    const { throttle, waits, words } = throttleOf(1280);
    words[counterWord.hypercalls] = 0x7fff_ffff - 100;
    call(throttle, words, 5 * 1280);
    expect(waits.reduce((sum, ms) => sum + ms, 0)).toBeGreaterThanOrEqual(3900);
  });

  it('keeps the lowest rate that there is', () => {
    const { throttle, waits, words } = throttleOf(1);
    call(throttle, words, 4);
    expect(waits).toEqual([1000, 1000, 1000]);
  });

  it('tells of each second of waiting, until the watch ends', async () => {
    const { throttle, words } = throttleOf(1);
    const reports: number[] = [];
    const end = watchThrottle(words, () => reports.push(words[counterWord.throttledMs] as number));
    call(throttle, words, 2);
    while (reports.length < 1) await new Promise(setImmediate);
    call(throttle, words, 2);
    while (reports.length < 2) await new Promise(setImmediate);
    end();
    call(throttle, words, 2);
    await new Promise(setImmediate);
    expect(reports).toEqual([1000, 3000]);
  });
});
