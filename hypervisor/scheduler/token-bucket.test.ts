import { describe, expect, it } from 'vitest';
import { TokenBucket } from './token-bucket.ts';

function bucketAt(perSecond: number, capacity?: number): { bucket: TokenBucket; pass: (ms: number) => void } {
  let nowMs = 1000;
  const bucket = new TokenBucket(perSecond, capacity, () => nowMs);
  const pass = (ms: number): void => {
    nowMs += ms;
  };
  return { bucket, pass };
}

describe('a token bucket', () => {
  it('holds a second of its rate at first and at most', () => {
    const { bucket, pass } = bucketAt(500);
    expect(bucket.tokens).toBe(500);
    pass(60_000);
    expect(bucket.tokens).toBe(500);
  });

  it('goes into debt, says so, and says until when', () => {
    const { bucket, pass } = bucketAt(100, 10);
    expect(bucket.charge(10)).toBe(true);
    expect(bucket.msUntil(0)).toBe(0);
    expect(bucket.charge(30)).toBe(false);
    expect(bucket.msUntil(0)).toBe(300);
    pass(299);
    expect(bucket.charge(0)).toBe(false);
    pass(1);
    expect(bucket.charge(0)).toBe(true);
  });

  it('lets nobody have more than its rate and what it held', () => {
    const { bucket, pass } = bucketAt(1000, 50);
    let taken = 0;
    for (let ms = 0; ms < 10_000; ms++) {
      pass(1);
      for (; bucket.msUntil(0) === 0; taken += 7) bucket.charge(7);
    }
    expect(taken).toBeLessThanOrEqual(10 * 1000 + 50 + 7);
    expect(taken).toBeGreaterThan(10 * 1000 - 50);
  });
});
