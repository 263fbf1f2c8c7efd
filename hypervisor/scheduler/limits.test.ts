// Limits as a partition's creator sets them, at each isolation level: what goes over one waits, is counted and told.
// Needs `npm run build`.
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AuditEvent, Hypervisor, installationTop, isolationLevels, type Limits } from '../index.ts';

const module = join(installationTop, 'build/test-guests/hostile-guest.wasm');
let hypervisor: Hypervisor;

beforeAll(async () => {
  hypervisor = await Hypervisor.start();
});
afterAll(() => hypervisor?.close());

describe.each(isolationLevels)('limits at level %s', (isolation) => {
  const flood: [keyof Limits, number, string, string][] = [
    ['hypercalls', 2000, 'flood-hypercalls', '9000'],
    ['consoleBytes', 400_000, 'flood-console', '2'],
  ];
  it.each(flood)('hold a guest to its %s', async (limit, rate, mode, count) => {
    await using partition = await hypervisor.createPartition({
      guest: { kind: 'unikernel', module },
      isolation,
      arguments: { mode, count },
      limits: { [limit]: rate },
    });
    const events: AuditEvent[] = [];
    partition.onAudit((event) => events.push(event));
    partition.start();
    expect(await partition.exited).toMatchObject({ kind: 'power-off', code: 0 });
    const { counters, root } = await partition.statistics();
    const waitedMs = limit === 'hypercalls' ? counters.throttledMs : root[`throttledMs.${limit}`];
    expect(waitedMs).toBeGreaterThan(0);
    expect(events.length).toBeGreaterThan(0);
    for (const event of events) expect(event).toMatchObject({ event: 'throttled', limit });
  });

  it('can be paused while they hold', async () => {
    await using partition = await hypervisor.createPartition({
      guest: { kind: 'unikernel', module },
      isolation,
      arguments: { mode: 'flood-hypercalls', count: '50' },
      limits: { hypercalls: 1 },
    });
    partition.start();
    while ((await partition.statistics()).counters.throttledMs === 0) await new Promise(setImmediate);
    await partition.pause();
    partition.resume();
    expect(await partition.stop()).toMatchObject({ kind: 'stopped' });
  });
});

describe('limits', () => {
  it.each([{ hypercalls: 0 }, { ioBytes: 1.5 }, { consoleBytes: -1 }, { speed: 1 }])(
    'refuse %j',
    async (limits) => {
      const created = hypervisor.createPartition({
        guest: { kind: 'unikernel', module },
        limits: limits as Partial<Limits>,
      });
      await expect(created).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    },
  );
});
