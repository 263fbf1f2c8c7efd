// The granularity of a partition's clocks: a guest that reads all of them sees multiples of it, at every level; without
// it, the same guest sees finer time. And the whole of a unikernel's imports: no clock but the hypervisor's. Needs
// `npm run build`.
import { globSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Hypervisor, installationTop, isolationLevels, type PartitionExit } from '../index.ts';
import { hvImportNames } from '../partition/admission.ts';

const GRANULARITY_TICKS = 12_300;
const NS_PER_TICK = 100;
let hypervisor: Hypervisor;
beforeAll(async () => {
  hypervisor = await Hypervisor.start();
});
afterAll(() => hypervisor?.close());

const runClockGuest = async (
  isolation: (typeof isolationLevels)[number],
  clockGranularityNs?: number,
): Promise<PartitionExit> => {
  await using partition = await hypervisor.createPartition({
    guest: { kind: 'unikernel', module: `${installationTop}/build/test-guests/clock-guest.wasm` },
    isolation,
    arguments: { ticks: String(GRANULARITY_TICKS) },
    ...(clockGranularityNs === undefined ? {} : { clockGranularityNs }),
  });
  partition.start();
  return await partition.exited;
};

describe.each(isolationLevels)('clock granularity at isolation level %s', (isolation) => {
  it('is that of every clock that the guest can read', async () => {
    const exit = await runClockGuest(isolation, GRANULARITY_TICKS * NS_PER_TICK);
    expect(exit).toMatchObject({ kind: 'power-off', code: 0 });
  });

  it('is 100 ns when nothing is said, and then the guest sees finer time', async () => {
    expect(await runClockGuest(isolation)).toMatchObject({ kind: 'guest-failure', code: 1 });
  });
});

describe('clock granularity', () => {
  it.each([0, 99, 150, -100, Number.NaN, Infinity, 1_000_000_100])('cannot be %d ns', async (granularity) => {
    await expect(runClockGuest('thread', granularity)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});

describe("a unikernel's imports", () => {
  it('are three functions, of which one tells the time', () => {
    expect(hvImportNames).toEqual(['hypercall', 'referenceTime', 'idle']);
  });

  it.each(globSync('build/{guests,test-guests}/*.wasm', { cwd: installationTop }))(
    'hold no other clock: %s',
    (file) => {
      const module = new WebAssembly.Module(readFileSync(`${installationTop}/${file}`));
      const imports = WebAssembly.Module.imports(module).map(({ module: from, name }) => `${from}.${name}`);
      const allowed = ['env.memory', ...hvImportNames.map((name) => `hv.${name}`)];
      expect(imports.filter((name) => !allowed.includes(name))).toEqual([]);
    },
  );
});
