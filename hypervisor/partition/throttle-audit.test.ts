import { describe, expect, it } from 'vitest';
import type { PartitionCounters } from '../isolation/partition-host.ts';
import { MIN_INTERVAL_MS, ThrottleAudit, type ThrottledEvent } from './throttle-audit.ts';

const counters = (throttledMs: number): PartitionCounters => ({ throttledMs }) as PartitionCounters;

describe('the audit of throttled hypercalls', () => {
  it('tells of whole seconds only, and of each once', () => {
    let nowMs = 0;
    const events: ThrottledEvent[] = [];
    const audit = new ThrottleAudit(
      (event) => events.push(event),
      () => nowMs,
    );
    audit.take(counters(999));
    expect(events).toEqual([]);
    audit.take(counters(1500));
    nowMs += MIN_INTERVAL_MS;
    audit.take(counters(1500));
    expect(events).toEqual([{ event: 'throttled', limit: 'hypercalls', waitedMs: 1500 }]);
  });

  it('is not flooded by a partition process that lies', () => {
    let nowMs = 0;
    let told = 0;
    const audit = new ThrottleAudit(
      () => told++,
      () => nowMs,
    );
    for (let report = 0; report < 100_000; report++) {
      nowMs += 0.05;
      audit.take(counters(report * 5000));
    }
    expect(told).toBeLessThanOrEqual(5000 / MIN_INTERVAL_MS + 1);
    expect(told).toBeGreaterThan(5);
  });
});
