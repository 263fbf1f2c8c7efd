// Looking into guests: at level `thread`, and at no other. Needs `npm run build`.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Hypervisor, type IsolationLevel, type Partition } from '../index.ts';
import { guestModule } from './testing/guest-module.ts';

const storing = guestModule({
  body: [
    // Goes round fifty million times, for something to be sampled,
    ...[0x41, 0x80, 0xe1, 0xeb, 0x17, 0x21, 1],
    ...[0x03, 0x40, 0x20, 1, 0x41, 1, 0x6b, 0x22, 1, 0x0d, 0, 0x0b],
    // then stores 77 at 4096 and halts.
    ...[0x41, 0x80, 0x20, 0x41, 0xcd, 0, 0x36, 0, 0, 0x41, 1],
  ],
});

let hypervisor: Hypervisor;
beforeAll(async () => {
  hypervisor = await Hypervisor.start();
});
afterAll(() => hypervisor?.close());

const create = (isolation: IsolationLevel): Promise<Partition> =>
  hypervisor.createPartition({ guest: { kind: 'unikernel', module: storing }, isolation });

it("shows a guest's memory and samples at level thread, also after its end", async () => {
  await using partition = await create('thread');
  const inspection = partition.inspect();
  expect(inspection.memory[4096]).toBe(0);
  inspection.sample(true);
  partition.start();
  await partition.exited;
  expect(inspection.memory[4096]).toBe(77);
  expect(inspection.samples.some(({ isWasm, milliseconds }) => isWasm && milliseconds > 1)).toBe(true);
  expect(inspection.publishedCode.size).toBe(0);
});

it.each(['process', 'jail'] as const)('is refused at level %s, before and after a run', async (isolation) => {
  await using partition = await create(isolation);
  const refusal = expect.objectContaining({ code: 'ISOLATION_UNAVAILABLE' });
  expect(() => partition.inspect()).toThrow(refusal);
  partition.start();
  await partition.exited;
  expect(() => partition.inspect()).toThrow(refusal);
});
