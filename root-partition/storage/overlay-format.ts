// The file of a copy-on-write overlay: what differs from a read-only base. Little-endian.
//
//   +0     header, 4096 bytes
//            +0 magic "COFFOVL\n" | +8 version u32 = 1 | +12 cluster bytes u32 = 65536 | +16 base bytes u64
//            +24 base identity, 32 bytes | +56 zeros | +4092 CRC-32 of the 4092 bytes before
//   +4096  cluster map, one u32 per cluster of the base's whole blocks, zero padded to 4096 bytes
//            0 = as in the base | 1 = zeros | n = the data cluster n - 2
//   then, at the next multiple of the cluster size, data clusters
//
// No two map entries name the same data cluster. Data clusters that nothing names are free. There are at most twice as
// many as the base has clusters: those that the map on disk names, and those that it will name after the next flush.
// The map on disk is brought up to date by a flush, after the data that it names is durable; entries are never torn
// because a page of the map only ever mixes old and new entries, both of which were right. The identity is SHA-256 over
// the base's size, first and last MiB: it catches an overlay put on another base, not a base that was changed on purpose.
import { createHash } from 'node:crypto';
import { fdatasyncSync, ftruncateSync, readSync, writeSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { VolumeError } from './volume.ts';

export const OVERLAY_CLUSTER_BYTES = 65_536;
export const OVERLAY_MAP_OFFSET = 4096;
export const OVERLAY_PAGE_BYTES = 4096;
/** There are at most so many data clusters for each cluster of the base. */
export const OVERLAY_DATA_RATIO = 2;
export const CLUSTER_IN_BASE = 0;
export const CLUSTER_ZERO = 1;
export const CLUSTER_FIRST_DATA = 2;

const HEADER_BYTES = 4096;
const CRC_OFFSET = HEADER_BYTES - 4;
const MAGIC = Buffer.from('COFFOVL\n', 'latin1');
const VERSION = 1;
const IDENTITY_SAMPLE_BYTES = 1024 * 1024;
/** 1 TiB of base makes 64 MiB of map, held in memory. */
const BASE_LIMIT_BYTES = 2 ** 40;

/** Where things are in an overlay over a base of this size. */
export interface OverlayGeometry {
  baseBytes: number;
  capacityBytes: number;
  clusters: number;
  mapBytes: number;
  dataOffset: number;
}

export function overlayGeometry(baseBytes: number): OverlayGeometry {
  if (baseBytes > BASE_LIMIT_BYTES) throw new VolumeError('VOLUME_UNUSABLE', 'the base is larger than 1 TiB');
  const capacityBytes = baseBytes - (baseBytes % 512);
  const clusters = Math.ceil(capacityBytes / OVERLAY_CLUSTER_BYTES);
  const mapBytes = roundUp(clusters * 4, OVERLAY_PAGE_BYTES);
  const dataOffset = roundUp(OVERLAY_MAP_OFFSET + mapBytes, OVERLAY_CLUSTER_BYTES);
  return { baseBytes, capacityBytes, clusters, mapBytes, dataOffset };
}

const roundUp = (value: number, multiple: number): number => Math.ceil(value / multiple) * multiple;

export function baseIdentity(baseFd: number, baseBytes: number): Uint8Array {
  const hash = createHash('sha256').update(`${baseBytes}\n`);
  const sample = Buffer.alloc(Math.min(IDENTITY_SAMPLE_BYTES, baseBytes));
  for (const position of [0, baseBytes - sample.length]) {
    readExactly(baseFd, sample, position);
    hash.update(sample);
  }
  return hash.digest();
}

/** Lays out an empty overlay in an empty file. */
export function writeEmptyOverlay(fd: number, geometry: OverlayGeometry, identity: Uint8Array): void {
  const header = Buffer.alloc(HEADER_BYTES);
  MAGIC.copy(header);
  header.writeUInt32LE(VERSION, 8);
  header.writeUInt32LE(OVERLAY_CLUSTER_BYTES, 12);
  header.writeBigUInt64LE(BigInt(geometry.baseBytes), 16);
  header.set(identity, 24);
  header.writeUInt32LE(crc32(header.subarray(0, CRC_OFFSET)), CRC_OFFSET);
  ftruncateSync(fd, geometry.dataOffset);
  if (writeSync(fd, header, 0, HEADER_BYTES, 0) !== HEADER_BYTES) {
    throw new VolumeError('VOLUME_UNUSABLE', 'the overlay cannot be written');
  }
  fdatasyncSync(fd);
}

/** Reads and checks the header and the map. @throws VolumeError OVERLAY_MALFORMED, OVERLAY_MISMATCH */
export function readOverlayMap(
  fd: number,
  fileBytes: number,
  geometry: OverlayGeometry,
  identity: Uint8Array,
): Uint32Array {
  const header = Buffer.alloc(HEADER_BYTES);
  if (fileBytes < HEADER_BYTES) throw malformed('shorter than its header');
  readExactly(fd, header, 0);
  if (!header.subarray(0, 8).equals(MAGIC)) throw malformed('not an overlay');
  if (header.readUInt32LE(8) !== VERSION) throw malformed(`version ${header.readUInt32LE(8)}`);
  if (header.readUInt32LE(CRC_OFFSET) !== crc32(header.subarray(0, CRC_OFFSET)))
    throw malformed('header damaged');
  if (header.readUInt32LE(12) !== OVERLAY_CLUSTER_BYTES) throw malformed('cluster size');
  if (header.subarray(56, CRC_OFFSET).some((byte) => byte !== 0)) throw malformed('reserved bytes');
  const isSameBase =
    header.readBigUInt64LE(16) === BigInt(geometry.baseBytes) && header.subarray(24, 56).equals(identity);
  if (!isSameBase) throw new VolumeError('OVERLAY_MISMATCH', 'the overlay belongs to another base');
  if (fileBytes < geometry.dataOffset) throw malformed('shorter than its map');
  const bytes = new Uint8Array(geometry.mapBytes);
  readExactly(fd, bytes, OVERLAY_MAP_OFFSET);
  const map = new Uint32Array(bytes.buffer);
  checkMap(map, geometry, Math.ceil((fileBytes - geometry.dataOffset) / OVERLAY_CLUSTER_BYTES));
  return map;
}

function checkMap(map: Uint32Array, geometry: OverlayGeometry, dataClusters: number): void {
  const seen = new Uint8Array(Math.min(dataClusters, OVERLAY_DATA_RATIO * geometry.clusters));
  map.forEach((entry, cluster) => {
    if (entry === CLUSTER_IN_BASE) return;
    if (cluster >= geometry.clusters) throw malformed('a map entry past the end');
    if (entry === CLUSTER_ZERO) return;
    const data = entry - CLUSTER_FIRST_DATA;
    if (data >= seen.length) throw malformed(`cluster ${cluster} is said to be outside of the file`);
    if (seen[data] === 1) throw malformed(`cluster ${cluster} shares its data with another`);
    seen[data] = 1;
  });
}

const malformed = (detail: string): VolumeError =>
  new VolumeError('OVERLAY_MALFORMED', `the overlay is malformed: ${detail}`);

function readExactly(fd: number, bytes: Uint8Array, position: number): void {
  for (let done = 0; done < bytes.length; ) {
    const count = readSync(fd, bytes, done, bytes.length - done, position + done);
    if (count === 0) throw new VolumeError('VOLUME_UNUSABLE', 'the file ends too early');
    done += count;
  }
}
