// A volume that reads from a base and keeps what is written in a sparse file of its own (overlay-format.ts). The base
// is never written.
import { STORAGE_STATUS_NO_SPACE, STORAGE_STATUS_OK } from '../../hypervisor/abi/channels/storage.ts';
import { punchHole, readWholly, VolumeFile, writeWholly } from './file-operations.ts';
import { FileSync } from './file-sync.ts';
import {
  baseIdentity,
  CLUSTER_FIRST_DATA,
  CLUSTER_IN_BASE,
  CLUSTER_ZERO,
  OVERLAY_CLUSTER_BYTES,
  OVERLAY_DATA_RATIO,
  OVERLAY_MAP_OFFSET,
  OVERLAY_PAGE_BYTES,
  type OverlayGeometry,
  overlayGeometry,
  readOverlayMap,
  writeEmptyOverlay,
} from './overlay-format.ts';
import type { BufferRange, Volume, VolumeDone } from './volume.ts';

const ENTRIES_PER_PAGE = OVERLAY_PAGE_BYTES / 4;
/** Long discards are cut, so that no partition waits long for another's. */
const CLUSTERS_PER_TURN = 256;

/** The part of a range that lies in one cluster. */
interface Piece {
  cluster: number;
  /** Offset in the cluster. */
  from: number;
  bytes: Uint8Array;
  at: number;
  length: number;
}

export class OverlayVolume implements Volume {
  readonly capacityBytes: number;
  readonly isReadOnly = false;
  readonly canDiscard = true;
  readonly #geometry: OverlayGeometry;
  readonly #base: VolumeFile;
  readonly #file: VolumeFile;
  readonly #sync: FileSync;
  readonly #map: Uint32Array;
  readonly #clustersLimit: number;
  /** Data clusters 0..#used are taken or in one of the two lists. */
  #used: number;
  #free: number[] = [];
  /** Free once the map on disk no longer names them; the second list once the flush under way is through. */
  #freed: number[] = [];
  #freedByFlush: number[] = [];
  readonly #dirtyPages = new Set<number>();
  /** Clusters that are being copied from the base; writes to them wait. */
  readonly #copying = new Map<number, (() => void)[]>();
  readonly #waitingFlushes: VolumeDone[] = [];
  #isFlushing = false;

  /** Takes ownership of both descriptors unless it throws. @throws VolumeError */
  constructor(baseFd: number, overlayFd: number, maxBytes = Infinity) {
    this.#base = new VolumeFile(baseFd, false);
    try {
      this.#file = new VolumeFile(overlayFd, true);
    } catch (error) {
      this.#base.unlock();
      throw error;
    }
    try {
      this.#geometry = overlayGeometry(this.#base.sizeBytes);
      const identity = baseIdentity(baseFd, this.#base.sizeBytes);
      if (this.#file.sizeBytes === 0) writeEmptyOverlay(overlayFd, this.#geometry, identity);
      const fileBytes = this.#file.sizeBytes === 0 ? this.#geometry.dataOffset : this.#file.sizeBytes;
      this.#map = readOverlayMap(overlayFd, fileBytes, this.#geometry, identity);
    } catch (error) {
      this.#base.unlock();
      this.#file.unlock();
      throw error;
    }
    this.#sync = new FileSync(overlayFd);
    this.capacityBytes = this.#geometry.capacityBytes;
    const room = Math.floor((maxBytes - this.#geometry.dataOffset) / OVERLAY_CLUSTER_BYTES);
    this.#clustersLimit = Math.max(0, Math.min(room, OVERLAY_DATA_RATIO * this.#geometry.clusters));
    this.#used = this.#findFree();
  }

  /** Collects the gaps between the data clusters in use. @returns the number of clusters up to the last in use */
  #findFree(): number {
    const taken: number[] = [];
    for (const entry of this.#map) if (entry >= CLUSTER_FIRST_DATA) taken.push(entry - CLUSTER_FIRST_DATA);
    taken.sort((a, b) => a - b);
    let next = 0;
    for (const cluster of taken) {
      for (; next < cluster; next++) this.#free.push(next);
      next = cluster + 1;
    }
    return next;
  }

  get allocatedBytes(): number {
    return (this.#used - this.#free.length) * OVERLAY_CLUSTER_BYTES;
  }

  read(range: BufferRange, offset: number, done: VolumeDone): void {
    this.#forEachPiece(range, offset, done, (piece, finish) => {
      const entry = this.#map[piece.cluster] as number;
      if (entry === CLUSTER_ZERO) {
        piece.bytes.fill(0, piece.at, piece.at + piece.length);
        finish(STORAGE_STATUS_OK);
      } else if (entry === CLUSTER_IN_BASE) {
        readWholly(this.#base.fd, piece, piece.cluster * OVERLAY_CLUSTER_BYTES + piece.from, finish);
      } else {
        readWholly(this.#file.fd, piece, this.#position(entry) + piece.from, finish);
      }
    });
  }

  write(range: BufferRange, offset: number, done: VolumeDone): void {
    this.#forEachPiece(range, offset, done, (piece, finish) => this.#writePiece(piece, finish));
  }

  /** Cuts a range at cluster boundaries; `done` gets the first status that is not OK. */
  #forEachPiece(
    range: BufferRange,
    offset: number,
    done: VolumeDone,
    visit: (piece: Piece, finish: VolumeDone) => void,
  ): void {
    let result = STORAGE_STATUS_OK;
    // Counts itself as well, so that `done` is not called before every piece was started.
    let remaining = 1;
    const finish: VolumeDone = (status) => {
      if (result === STORAGE_STATUS_OK) result = status;
      if (--remaining === 0) done(result);
    };
    for (let passed = 0; passed < range.length; ) {
      const cluster = Math.floor((offset + passed) / OVERLAY_CLUSTER_BYTES);
      const from = (offset + passed) % OVERLAY_CLUSTER_BYTES;
      const length = Math.min(OVERLAY_CLUSTER_BYTES - from, range.length - passed);
      remaining++;
      visit({ cluster, from, bytes: range.bytes, at: range.at + passed, length }, finish);
      passed += length;
    }
    finish(STORAGE_STATUS_OK);
  }

  #position(entry: number): number {
    return this.#geometry.dataOffset + (entry - CLUSTER_FIRST_DATA) * OVERLAY_CLUSTER_BYTES;
  }

  #writePiece(piece: Piece, finish: VolumeDone): void {
    const waiting = this.#copying.get(piece.cluster);
    if (waiting !== undefined) {
      waiting.push(() => this.#writePiece(piece, finish));
      return;
    }
    const entry = this.#map[piece.cluster] as number;
    if (entry >= CLUSTER_FIRST_DATA) {
      writeWholly(this.#file.fd, piece, this.#position(entry) + piece.from, finish);
      return;
    }
    this.#copyAndWrite(piece, entry, finish);
  }

  /** Writes a whole new cluster: the old content with the piece put in. Until it is there, the old one stays. */
  #copyAndWrite(piece: Piece, entry: number, finish: VolumeDone): void {
    const data = this.#allocate();
    if (data === undefined) {
      this.#makeRoom(piece, finish);
      return;
    }
    this.#copying.set(piece.cluster, []);
    const settle: VolumeDone = (status) => {
      if (status === STORAGE_STATUS_OK) this.#setEntry(piece.cluster, data + CLUSTER_FIRST_DATA);
      else this.#free.push(data);
      const waiting = this.#copying.get(piece.cluster) ?? [];
      this.#copying.delete(piece.cluster);
      finish(status);
      for (const retry of waiting) retry();
    };
    const target = this.#position(data + CLUSTER_FIRST_DATA);
    if (piece.length === OVERLAY_CLUSTER_BYTES) {
      writeWholly(this.#file.fd, piece, target, settle);
      return;
    }
    const bytes = new Uint8Array(OVERLAY_CLUSTER_BYTES);
    const putPiece: VolumeDone = (status) => {
      if (status !== STORAGE_STATUS_OK) {
        settle(status);
        return;
      }
      bytes.set(piece.bytes.subarray(piece.at, piece.at + piece.length), piece.from);
      writeWholly(this.#file.fd, { bytes, at: 0, length: bytes.length }, target, settle);
    };
    if (entry === CLUSTER_ZERO) {
      putPiece(STORAGE_STATUS_OK);
      return;
    }
    const start = piece.cluster * OVERLAY_CLUSTER_BYTES;
    const length = Math.min(OVERLAY_CLUSTER_BYTES, this.#geometry.baseBytes - start);
    readWholly(this.#base.fd, { bytes, at: 0, length }, start, putPiece);
  }

  /** Discarded clusters are room as soon as a flush has made the map on disk forget them. */
  #makeRoom(piece: Piece, finish: VolumeDone): void {
    if (this.#freed.length === 0 && this.#freedByFlush.length === 0) {
      finish(STORAGE_STATUS_NO_SPACE);
      return;
    }
    this.flush((status) => {
      if (status === STORAGE_STATUS_OK) this.#writePiece(piece, finish);
      else finish(status);
    });
  }

  #allocate(): number | undefined {
    const free = this.#free.pop();
    if (free !== undefined) return free;
    return this.#used < this.#clustersLimit ? this.#used++ : undefined;
  }

  #setEntry(cluster: number, entry: number): void {
    this.#map[cluster] = entry;
    this.#dirtyPages.add(Math.floor(cluster / ENTRIES_PER_PAGE));
  }

  /** Data, then the map that names it, then the map's own durability. Flushes that come meanwhile share the next. */
  flush(done: VolumeDone): void {
    this.#waitingFlushes.push(done);
    if (!this.#isFlushing) this.#flushNext();
  }

  #flushNext(): void {
    const sharing = this.#waitingFlushes.splice(0);
    if (sharing.length === 0) return;
    this.#isFlushing = true;
    const pages = [...this.#dirtyPages];
    this.#dirtyPages.clear();
    this.#freedByFlush = this.#freed;
    this.#freed = [];
    // What the map says now: entries set from here on name data that the first sync need not cover.
    const image = pages.map((page) =>
      this.#map.slice(page * ENTRIES_PER_PAGE, (page + 1) * ENTRIES_PER_PAGE),
    );
    const finish: VolumeDone = (status) => {
      const target = status === STORAGE_STATUS_OK ? this.#free : this.#freed;
      for (const data of this.#freedByFlush) target.push(data);
      this.#freedByFlush = [];
      if (status !== STORAGE_STATUS_OK) for (const page of pages) this.#dirtyPages.add(page);
      this.#isFlushing = false;
      for (const done of sharing) done(status);
      this.#flushNext();
    };
    this.#sync.request((status) => {
      if (status !== STORAGE_STATUS_OK || pages.length === 0) finish(status);
      else this.#writePages(pages, image, finish);
    });
  }

  #writePages(pages: number[], image: Uint32Array[], done: VolumeDone): void {
    let remaining = pages.length;
    let result = STORAGE_STATUS_OK;
    pages.forEach((page, index) => {
      const entries = image[index] as Uint32Array;
      const range = { bytes: new Uint8Array(entries.buffer), at: 0, length: entries.byteLength };
      writeWholly(this.#file.fd, range, OVERLAY_MAP_OFFSET + page * OVERLAY_PAGE_BYTES, (status) => {
        if (result === STORAGE_STATUS_OK) result = status;
        if (--remaining > 0) return;
        if (result === STORAGE_STATUS_OK) this.#sync.request(done);
        else done(result);
      });
    });
  }

  discard(offset: number, length: number, done: VolumeDone): void {
    this.#clear(offset, length, done);
  }

  writeZeroes(offset: number, length: number, done: VolumeDone): void {
    this.#clear(offset, length, done);
  }

  /** Whole clusters become zero entries; what is left at the ends is overwritten. */
  #clear(offset: number, length: number, done: VolumeDone): void {
    const end = offset + length;
    const first = Math.ceil(offset / OVERLAY_CLUSTER_BYTES);
    // The last cluster may be short; then its end is the volume's.
    const isToEnd = end === this.capacityBytes;
    const last = isToEnd ? this.#geometry.clusters : Math.floor(end / OVERLAY_CLUSTER_BYTES);
    if (first >= last) {
      this.#writeZeroBytes(offset, length, done);
      return;
    }
    this.#zeroClusters(first, last, () => {
      this.#writeZeroBytes(offset, first * OVERLAY_CLUSTER_BYTES - offset, (status) => {
        const tail = Math.min(last * OVERLAY_CLUSTER_BYTES, end);
        if (status !== STORAGE_STATUS_OK) done(status);
        else this.#writeZeroBytes(tail, end - tail, done);
      });
    });
  }

  #zeroClusters(first: number, last: number, done: () => void): void {
    const end = Math.min(last, first + CLUSTERS_PER_TURN);
    for (let cluster = first; cluster < end; cluster++) this.#zeroCluster(cluster);
    if (end === last) done();
    else setImmediate(() => this.#zeroClusters(end, last, done));
  }

  #zeroCluster(cluster: number): void {
    const waiting = this.#copying.get(cluster);
    if (waiting !== undefined) {
      waiting.push(() => this.#zeroCluster(cluster));
      return;
    }
    const entry = this.#map[cluster] as number;
    if (entry === CLUSTER_ZERO) return;
    this.#setEntry(cluster, CLUSTER_ZERO);
    if (entry < CLUSTER_FIRST_DATA) return;
    punchHole(this.#file.fd, this.#position(entry), OVERLAY_CLUSTER_BYTES);
    this.#freed.push(entry - CLUSTER_FIRST_DATA);
  }

  /** Less than two clusters. */
  #writeZeroBytes(offset: number, length: number, done: VolumeDone): void {
    this.write({ bytes: new Uint8Array(length), at: 0, length }, offset, done);
  }

  close(): Promise<void> {
    this.#base.close();
    this.#file.close();
    return Promise.resolve();
  }
}
