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

type Operation =
  | { kind: 'write' | 'discard'; block: number; count: number; value: number }
  | { kind: 'flush' | 'crash' | 'reopen' };

const range = fc.record({
  block: fc.integer({ min: 0, max: BLOCKS - 1 }),
  count: fc.constantFrom(1, 1, 2, 16, 17, 40),
  value: fc.integer({ min: 1, max: 254 }),
});
const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 5, arbitrary: range.map((fields) => ({ kind: 'write', ...fields }) as const) },
  { weight: 3, arbitrary: range.map((fields) => ({ kind: 'discard', ...fields }) as const) },
  {
    weight: 4,
    arbitrary: fc.constantFrom('flush', 'crash', 'reopen').map((kind) => ({ kind }) as Operation),
  },
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
      expect(block.every((byte) => byte === value)).toBe(true);
      expect(isAfterCrash ? values : values.slice(-1)).toContain(value);
    });
  }

  /** After a crash nothing else is possible any more than what was found. */
  adopt(content: Uint8Array): void {
    this.#blocks = this.#blocks.map((_, index) => [content[index * BLOCK_BYTES] as number]);
  }
}

async function run(directory: string, operations: Operation[], maxClusters: number): Promise<void> {
  const base = join(directory, 'base');
  const overlay = join(directory, 'overlay');
  writeFileSync(base, Buffer.alloc(BASE_BYTES, BASE_VALUE));
  writeFileSync(overlay, '');
  const maxBytes = overlayGeometry(BASE_BYTES).dataOffset + maxClusters * OVERLAY_CLUSTER_BYTES;
  const open = (): OverlayVolume => new OverlayVolume(openSync(base, 'r'), openSync(overlay, 'r+'), maxBytes);
  const model = new Model();
  let volume = open();
  const content = async (): Promise<Uint8Array> => {
    const bytes = new Uint8Array(BASE_BYTES);
    const whole = { bytes, at: 0, length: BASE_BYTES };
    expect(await new Promise((done) => volume.read(whole, 0, done))).toBe(STORAGE_STATUS_OK);
    return bytes;
  };
  const put = async (block: number, count: number, value: number): Promise<void> => {
    const offset = block * BLOCK_BYTES;
    const length = Math.min(count * BLOCK_BYTES, BASE_BYTES - offset);
    model.put(block, count, value);
    const status = await new Promise((done) => {
      if (value === 0) volume.discard(offset, length, done);
      else volume.write({ bytes: new Uint8Array(length).fill(value), at: 0, length }, offset, done);
    });
    expect(status).toBe(STORAGE_STATUS_OK);
  };
  for (const step of operations) {
    if (step.kind === 'write') await put(step.block, step.count, step.value);
    else if (step.kind === 'discard') await put(step.block, step.count, 0);
    else if (step.kind === 'flush') {
      expect(await new Promise((done) => volume.flush(done))).toBe(STORAGE_STATUS_OK);
      model.flush();
    } else {
      if (step.kind === 'crash') copyFileSync(overlay, join(directory, 'crashed'));
      else await new Promise((done) => volume.flush(done));
      await volume.close();
      if (step.kind === 'crash') copyFileSync(join(directory, 'crashed'), overlay);
      volume = open();
      const found = await content();
      model.check(found, step.kind === 'crash');
      model.adopt(found);
    }
    model.check(await content(), false);
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
          { numRuns: 40 },
        );
      } finally {
        rmSync(directory, { recursive: true });
      }
    },
  );
});
