// A guest that publishes what it must not, as fast as it can, at each isolation level: each refusal is counted, the
// hypervisor's caller hears of them, and is not flooded.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Hypervisor, isolationLevels } from '../index.ts';
import { guestModule, hypercallImport, publishesGarbage } from '../isolation/testing/guest-module.ts';
import type { CodeRefusedEvent } from '../partition/refusal-audit.ts';

const REFUSALS = 200_000;
let hypervisor: Hypervisor;
beforeAll(async () => {
  hypervisor = await Hypervisor.start();
});
afterAll(() => hypervisor?.close());

describe.each(isolationLevels)('isolation level %s', (isolation) => {
  it('counts and reports refused code without being flooded', async () => {
    const module = guestModule({ body: publishesGarbage(REFUSALS), imports: [hypercallImport] });
    await using partition = await hypervisor.createPartition({
      guest: { kind: 'unikernel', module },
      isolation,
    });
    const events: CodeRefusedEvent[] = [];
    partition.onAudit((event) => {
      if (event.event === 'code-refused') events.push(event);
    });
    const startMs = performance.now();
    partition.start();
    expect(await partition.exited).toMatchObject({ kind: 'power-off' });
    const seconds = (performance.now() - startMs) / 1000;
    const { counters } = await partition.statistics();
    expect(counters).toMatchObject({ codeRefused: REFUSALS, codePublished: 0 });
    expect(events.length).toBeGreaterThan(0);
    expect(events.length).toBeLessThanOrEqual(seconds + 2);
    expect(events.reduce((sum, { refused }) => sum + refused, 0)).toBe(REFUSALS);
    expect(events[0]).toMatchObject({ event: 'code-refused', reason: 'this partition may not publish code' });
  });
});
