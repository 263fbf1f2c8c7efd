// Audit events of refused code, out of reports that a compromised partition process may have made up.
import { describe, expect, it } from 'vitest';
import type { PartitionCounters } from '../isolation/partition-host.ts';
import { type CodeRefusedEvent, MIN_INTERVAL_MS, RefusalAudit } from './refusal-audit.ts';

const counters = (refused: number, byCheck = 0, byEngine = 0): PartitionCounters =>
  ({ codeRefused: refused, codeRefusedByCheck: byCheck, codeRefusedByEngine: byEngine }) as PartitionCounters;

function auditing() {
  const events: CodeRefusedEvent[] = [];
  const clock = { ms: 0 };
  return {
    events,
    clock,
    audit: new RefusalAudit(
      (event) => events.push(event),
      () => clock.ms,
    ),
  };
}

describe('the audit of refused code', () => {
  it('tells what is new since the last event', () => {
    const { events, clock, audit } = auditing();
    audit.take({ counters: counters(1, 1), reason: 'one' });
    clock.ms += MIN_INTERVAL_MS;
    audit.take({ counters: counters(10, 4, 5), reason: 'two' });
    expect(events).toEqual([
      { event: 'code-refused', refused: 1, refusedByCheck: 1, refusedByEngine: 0, reason: 'one' },
      { event: 'code-refused', refused: 9, refusedByCheck: 3, refusedByEngine: 5, reason: 'two' },
    ]);
  });

  it('makes one event of reports that come too fast, and loses none of them', () => {
    const { events, clock, audit } = auditing();
    for (let count = 1; count <= 10_000; count++) {
      clock.ms += MIN_INTERVAL_MS / 1000;
      audit.take({ counters: counters(count), reason: `${count}` });
    }
    audit.finish(counters(10_000));
    expect(events.length).toBeLessThanOrEqual(12);
    expect(events.map(({ reason }) => reason).slice(0, 2)).toEqual(['1', '2']);
    expect(events.reduce((sum, { refused }) => sum + refused, 0)).toBe(10_000);
  });

  it('says nothing when nothing is new', () => {
    const { events, audit } = auditing();
    audit.take({ counters: counters(0), reason: 'nothing' });
    audit.finish(counters(0));
    expect(events).toEqual([]);
  });

  it('holds numbers and printable characters only, and not many', () => {
    const { events, clock, audit } = auditing();
    const wrong = [-1, 1e300, Number.NaN, Number.POSITIVE_INFINITY, 0.5, 2 ** 40];
    for (const number of wrong) {
      clock.ms += MIN_INTERVAL_MS;
      audit.take({ counters: counters(number, number, number), reason: `\u001b[2J\n${'ä'.repeat(100_000)}` });
    }
    expect(events.length).toBeGreaterThan(0);
    for (const { refused, refusedByCheck, refusedByEngine, reason } of events) {
      expect(reason).toMatch(/^[ -~]{0,160}$/);
      for (const number of [refused, refusedByCheck, refusedByEngine]) {
        expect(Number.isInteger(number)).toBe(true);
        expect(number).toBeGreaterThanOrEqual(0);
        expect(number).toBeLessThan(2 ** 32);
      }
    }
  });
});
