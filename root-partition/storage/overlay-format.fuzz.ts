// Fuzz target `overlays`: overlay files that somebody else wrote or changed, opened over a base and used.
import {
  closeSync,
  existsSync,
  fstatSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { STORAGE_STATUS_OK } from '../../hypervisor/abi/channels/storage.ts';
import type { FuzzRandom } from '../../hypervisor/testing/fuzz/fuzz-random.ts';
import { type FuzzSession, type FuzzTarget, must } from '../../hypervisor/testing/fuzz/fuzz-target.ts';
import {
  baseIdentity,
  OVERLAY_CLUSTER_BYTES,
  OVERLAY_DATA_RATIO,
  OVERLAY_MAP_OFFSET,
  overlayGeometry,
} from './overlay-format.ts';
import { OverlayVolume } from './overlay-volume.ts';
import { VolumeError } from './volume.ts';

/** In memory where there is such a file system: nobody wants these files durable. */
const FOLDER = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
const CLUSTERS = 4;
/** The last cluster is short. */
const BASE_BYTES = CLUSTERS * OVERLAY_CLUSTER_BYTES - 3 * 4096;
const geometry = overlayGeometry(BASE_BYTES);
const HEADER_BYTES = 4096;
/** More of the file than that is never looked at by name: the header, and the map's page. */
const NAMED_BYTES = OVERLAY_MAP_OFFSET + geometry.mapBytes;
const DATA_CLUSTERS = 3;
const MOST_BYTES = geometry.dataOffset + OVERLAY_DATA_RATIO * CLUSTERS * OVERLAY_CLUSTER_BYTES;
const BASE_VALUE = 0xba;
/** Content of data cluster `n` before anything is written. */
const dataValue = (n: number): number => 0x10 + n;

type Operation = (volume: OverlayVolume, done: (status: number) => void) => void;
const statusOf = (volume: OverlayVolume, operation: Operation): Promise<number> =>
  new Promise((resolve) => operation(volume, resolve));

class OverlaySession implements FuzzSession {
  readonly outcomes = { opened: 0, malformed: 0, 'of another base': 0, 'used to the end': 0 };
  readonly #folder = mkdtempSync(join(FOLDER, 'cofferdam-fuzz-'));
  readonly #base = join(this.#folder, 'base');
  readonly #overlay = join(this.#folder, 'overlay');
  readonly #baseContent = Buffer.alloc(BASE_BYTES, BASE_VALUE);
  readonly #header: Buffer;

  constructor() {
    writeFileSync(this.#base, this.#baseContent);
    const file = Buffer.alloc(geometry.dataOffset + DATA_CLUSTERS * OVERLAY_CLUSTER_BYTES);
    for (let n = 0; n < DATA_CLUSTERS; n++) {
      const start = geometry.dataOffset + n * OVERLAY_CLUSTER_BYTES;
      file.fill(dataValue(n), start, start + OVERLAY_CLUSTER_BYTES);
    }
    const fd = openSync(this.#base, 'r');
    const identity = baseIdentity(fd, BASE_BYTES);
    closeSync(fd);
    file.write('COFFOVL\n', 0, 'latin1');
    file.writeUInt32LE(1, 8);
    file.writeUInt32LE(OVERLAY_CLUSTER_BYTES, 12);
    file.writeBigUInt64LE(BigInt(BASE_BYTES), 16);
    file.set(identity, 24);
    this.#header = file.subarray(0, NAMED_BYTES);
    writeFileSync(this.#overlay, file);
  }

  close(): void {
    rmSync(this.#folder, { recursive: true });
  }

  async runCase(random: FuzzRandom): Promise<void> {
    this.#restore();
    const fd = openSync(this.#overlay, 'r+');
    const named = this.#hostileHead(random);
    writeSync(fd, named, 0, named.length, 0);
    // Files may be longer than their data, and shorter than what their map says.
    const length = random.pick([
      geometry.dataOffset + DATA_CLUSTERS * OVERLAY_CLUSTER_BYTES,
      random.below(MOST_BYTES),
    ]);
    ftruncateSync(fd, length);
    random.note(`a file of ${length} bytes`);
    const volume = this.#open(fd);
    if (volume === undefined) {
      closeSync(fd);
      return;
    }
    try {
      const map = named.subarray(OVERLAY_MAP_OFFSET);
      await this.#checkContent(volume, map, length);
      for (let left = random.below(5); left > 0; left--) await this.#use(random, volume);
      const bytes = fstatSync(fd).size;
      must(bytes <= Math.max(length, MOST_BYTES), () => `the file grew to ${bytes} bytes`);
      this.outcomes['used to the end']++;
    } finally {
      await volume.close();
    }
    must(readFileSync(this.#base).equals(this.#baseContent), 'the base was changed');
  }

  /** Header and map, with the header's checksum mostly right. */
  #hostileHead(random: FuzzRandom): Buffer {
    const head = Buffer.from(this.#header);
    const isOrderly = random.below(3) > 0;
    for (let cluster = 0; cluster < CLUSTERS; cluster++) {
      const wild = [2 + random.below(DATA_CLUSTERS + 1), random.word()];
      const entry = random.pick([0, 1, 2 + cluster, ...(isOrderly ? [] : wild)]);
      head.writeUInt32LE(entry, OVERLAY_MAP_OFFSET + 4 * cluster);
    }
    if (random.oneIn(8)) head.writeUInt32LE(random.word(), OVERLAY_MAP_OFFSET + 4 * random.below(1024));
    const isChanged = random.oneIn(3);
    if (isChanged) random.disturb(head.subarray(0, random.pick([64, HEADER_BYTES])));
    if (!random.oneIn(16)) head.writeUInt32LE(crc32(head.subarray(0, HEADER_BYTES - 4)), HEADER_BYTES - 4);
    random.note(
      `header ${isChanged ? 'changed' : 'right'}, map ${[0, 1, 2, 3].map((n) => head.readUInt32LE(OVERLAY_MAP_OFFSET + 4 * n))}`,
    );
    return head;
  }

  #open(fd: number): OverlayVolume | undefined {
    const baseFd = openSync(this.#base, 'r');
    try {
      const volume = new OverlayVolume(baseFd, fd);
      this.outcomes.opened++;
      return volume;
    } catch (error) {
      closeSync(baseFd);
      if (!(error instanceof VolumeError)) throw error;
      must(error.code.startsWith('OVERLAY_'), () => `refused as ${error.code}: ${error.message}`);
      this.outcomes[error.code === 'OVERLAY_MISMATCH' ? 'of another base' : 'malformed']++;
      return undefined;
    }
  }

  /** What was opened reads as its map says: nothing from elsewhere in the file, no cluster twice. */
  async #checkContent(volume: OverlayVolume, map: Buffer, fileBytes: number): Promise<void> {
    must(volume.capacityBytes === geometry.capacityBytes, () => `a capacity of ${volume.capacityBytes}`);
    const named = new Set<number>();
    for (let cluster = 0; cluster < CLUSTERS; cluster++) {
      const entry = map.readUInt32LE(4 * cluster);
      must(entry < 2 || !named.has(entry), () => `two clusters have the data of ${entry}`);
      named.add(entry);
      const bytes = new Uint8Array(512).fill(0xee);
      const offset = cluster * OVERLAY_CLUSTER_BYTES;
      const status = await statusOf(volume, (each, done) =>
        each.read({ bytes, at: 0, length: 512 }, offset, done),
      );
      const end = geometry.dataOffset + (entry - 2) * OVERLAY_CLUSTER_BYTES + 512;
      if (entry >= 2 && end > fileBytes) {
        must(status !== STORAGE_STATUS_OK, () => `cluster ${cluster} was read from behind the file's end`);
        continue;
      }
      const value =
        entry === 0 ? BASE_VALUE : entry === 1 ? 0 : entry - 2 < DATA_CLUSTERS ? dataValue(entry - 2) : 0;
      const isRight = status === STORAGE_STATUS_OK && bytes.every((byte) => byte === value);
      must(isRight, () => `cluster ${cluster}, entry ${entry}, reads ${bytes[0]} with status ${status}`);
    }
  }

  /** One request, and what was written reads back. */
  async #use(random: FuzzRandom, volume: OverlayVolume): Promise<void> {
    const kind = random.pick(['write', 'discard', 'zero', 'flush']);
    const offset = 512 * random.below(volume.capacityBytes / 512);
    const most = volume.capacityBytes - offset;
    const length = Math.min(most, random.pick([512, 4096, OVERLAY_CLUSTER_BYTES, 3 * OVERLAY_CLUSTER_BYTES]));
    random.note(`${kind} ${length} bytes at ${offset}`);
    const value = kind === 'write' ? 0x77 : 0;
    const bytes = new Uint8Array(length).fill(value);
    const status = await statusOf(volume, (each, done) => {
      if (kind === 'flush') each.flush(done);
      else if (kind === 'write') each.write({ bytes, at: 0, length }, offset, done);
      else if (kind === 'zero') each.writeZeroes(offset, length, done);
      else each.discard(offset, length, done);
    });
    if (kind === 'flush' || status !== STORAGE_STATUS_OK) return;
    const back = new Uint8Array(length).fill(0xee);
    const read = await statusOf(volume, (each, done) =>
      each.read({ bytes: back, at: 0, length }, offset, done),
    );
    must(read === STORAGE_STATUS_OK, () => `what was written cannot be read: ${read}`);
    must(
      back.every((byte) => byte === value),
      'what was written reads otherwise',
    );
  }

  /** Puts the data clusters back. */
  #restore(): void {
    const fd = openSync(this.#overlay, 'r+');
    ftruncateSync(fd, geometry.dataOffset);
    for (let n = 0; n < DATA_CLUSTERS; n++) {
      const cluster = Buffer.alloc(OVERLAY_CLUSTER_BYTES, dataValue(n));
      writeSync(fd, cluster, 0, cluster.length, geometry.dataOffset + n * OVERLAY_CLUSTER_BYTES);
    }
    closeSync(fd);
  }
}

export const target: FuzzTarget = {
  name: 'overlays',
  about:
    'Disk overlays: refused, or each cluster reads as the map says, the base stays as it was, the file stays small.',
  decoders: ['root-partition/storage/overlay-format.ts', 'root-partition/storage/overlay-volume.ts'],
  casesInTests: 600,
  plantedBugs: [
    {
      name: 'two clusters may share their data',
      file: 'root-partition/storage/overlay-format.ts',
      from: 'if (seen[data] === 1)',
      to: 'if (seen[data] === 2)',
      within: 2000,
    },
    {
      name: 'data may lie behind the end of the file',
      file: 'root-partition/storage/overlay-format.ts',
      from: 'if (data >= seen.length)',
      to: 'if (data >= 2 ** 20)',
      within: 2000,
    },
  ],
  start: () => new OverlaySession(),
};
