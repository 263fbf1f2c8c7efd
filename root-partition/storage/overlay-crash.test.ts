// Whatever a guest does and whenever the host dies, each block of an overlay is what it was at the last flush or
// something that was written to that very block since.
import { copyFileSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { STORAGE_STATUS_OK } from '../../hypervisor/abi/channels/storage.ts';
import { OVERLAY_CLUSTER_BYTES, overlayGeometry } from './overlay-format.ts';
import { OverlayVolume } from './overlay-volume.ts';

const CLUSTERS = 4;
const BLOCK_BYTES = 4096;
/** The base's last cluster is short. */
const BASE_BYTES = CLUSTERS * OVERLAY_CLUSTER_BYTES - 3 * BLOCK_BYTES;
const BLOCKS = BASE_BYTES / BLOCK_BYTES;
const BASE_VALUE = 255;
const UNIFORM = Array.from({ length: 256 }, (_, value) => Buffer.alloc(BLOCK_BYTES, value));

type RangeOperation = { kind: 'write' | 'discard'; block: number; count: number; value: number };
type Operation = RangeOperation | { kind: 'flush' | 'reopen' };

const range = fc.record({
  block: fc.oneof(fc.constantFrom(0, 16, 32, 48), fc.integer({ min: 0, max: BLOCKS - 1 })),
  count: fc.constantFrom(1, 2, 16, 16, 40),
  value: fc.integer({ min: 1, max: 254 }),
});
const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 4, arbitrary: range.map((fields) => ({ kind: 'write', ...fields }) as const) },
  { weight: 4, arbitrary: range.map((fields) => ({ kind: 'discard', ...fields }) as const) },
  { weight: 2, arbitrary: fc.constantFrom('flush', 'reopen').map((kind) => ({ kind }) as Operation) },
);

/** For each block, the values that it may have after a crash; the last is what it has without one. */
class Model {
  #blocks: number[][] = Array.from({ length: BLOCKS }, () => [BASE_VALUE]);

  put(block: number, count: number, value: number): void {
    for (let index = block; index < Math.min(BLOCKS, block + count); index++)
      this.#blocks[index]?.push(value);
  }

  flush(): void {
    this.#blocks = this.#blocks.map((values) => values.slice(-1));
  }

  check(content: Uint8Array, isAfterCrash: boolean): void {
    this.#blocks.forEach((values, index) => {
      const block = content.subarray(index * BLOCK_BYTES, (index + 1) * BLOCK_BYTES);
      const value = block[0] as number;
      if (!UNIFORM[value]?.equals(block)) throw new Error(`block ${index} is a mixture`);
      const allowed = isAfterCrash ? values : values.slice(-1);
      if (!allowed.includes(value)) throw new Error(`block ${index} is ${value}, not one of ${allowed}`);
    });
  }
}

const flush = (volume: OverlayVolume): Promise<number> => new Promise((done) => volume.flush(done));

async function contentOf(volume: OverlayVolume): Promise<Uint8Array> {
  const bytes = new Uint8Array(BASE_BYTES);
  const status = await new Promise((done) => volume.read({ bytes, at: 0, length: BASE_BYTES }, 0, done));
  expect(status).toBe(STORAGE_STATUS_OK);
  return bytes;
}

async function put(volume: OverlayVolume, model: Model, step: RangeOperation): Promise<void> {
  const offset = step.block * BLOCK_BYTES;
  const length = Math.min(step.count * BLOCK_BYTES, BASE_BYTES - offset);
  model.put(step.block, step.count, step.kind === 'discard' ? 0 : step.value);
  const status = await new Promise((done) => {
    if (step.kind === 'discard') volume.discard(offset, length, done);
    else volume.write({ bytes: new Uint8Array(length).fill(step.value), at: 0, length }, offset, done);
  });
  expect(status).toBe(STORAGE_STATUS_OK);
}

async function run(directory: string, operations: Operation[], maxClusters: number): Promise<void> {
  const [base, overlay, crashed] = ['base', 'overlay', 'crashed'].map((name) => join(directory, name)) as [
    string,
    string,
    string,
  ];
  writeFileSync(base, Buffer.alloc(BASE_BYTES, BASE_VALUE));
  writeFileSync(overlay, '');
  const maxBytes = overlayGeometry(BASE_BYTES).dataOffset + maxClusters * OVERLAY_CLUSTER_BYTES;
  const open = (path: string): OverlayVolume =>
    new OverlayVolume(openSync(base, 'r'), openSync(path, 'r+'), maxBytes);
  const model = new Model();
  let volume = open(overlay);
  for (const step of operations) {
    if ('block' in step) await put(volume, model, step);
    else {
      expect(await flush(volume)).toBe(STORAGE_STATUS_OK);
      model.flush();
      if (step.kind === 'reopen') {
        await volume.close();
        volume = open(overlay);
      }
    }
    model.check(await contentOf(volume), false);
    // What a host that died here would find.
    copyFileSync(overlay, crashed);
    const found = open(crashed);
    model.check(await contentOf(found), true);
    await found.close();
  }
  await volume.close();
}

describe('an overlay volume under random use', () => {
  it.each([CLUSTERS, 2 * CLUSTERS])(
    'keeps every block right with room for %i clusters',
    async (maxClusters) => {
      const directory = mkdtempSync(join(tmpdir(), 'overlay-'));
      try {
        await fc.assert(
          fc.asyncProperty(fc.array(operation, { maxLength: 40 }), (operations) =>
            run(directory, operations, maxClusters),
          ),
          { numRuns: 60 },
        );
      } finally {
        rmSync(directory, { recursive: true });
      }
    },
  );
});
