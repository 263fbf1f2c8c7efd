// Controls of the root partition: what its services take from guests, and what its process may do.
import type { Control } from '../control.ts';

const boundary = 'guest and root partition';

export const rootPartitionControls: readonly Control[] = [
  {
    id: 'root-partition',
    holds:
      "runs the root partition's own program; without it a guest's orders are carried out in that process",
    boundary,
    removal: [
      {
        file: 'root-partition/console/service.ts',
        from: "import { ScrollBack } from './scroll-back.ts';\n",
        to: "import { ScrollBack } from './scroll-back.ts';\nimport { plantedInRoot } from '../../guests/escape/planted-in-root.ts';\n",
      },
      {
        file: 'root-partition/console/service.ts',
        from: 'const output = payload.subarray(CONSOLE_HEADER_BYTES);',
        to: 'const output = plantedInRoot(payload.subarray(CONSOLE_HEADER_BYTES));',
      },
    ],
  },
  {
    id: 'root-landlock',
    holds: 'leaves the root partition process no path, no TCP, and signals to itself only',
    boundary: 'root partition and host',
    removal: [
      {
        file: 'hypervisor/isolation/tighten.ts',
        from: '    restrictSelf([]);\n',
        to: '',
      },
    ],
  },
  {
    id: 'root-system-call-list',
    holds: 'refuses the root partition process whatever opens, connects, starts, signals or makes executable',
    boundary: 'root partition and host',
    removal: [
      {
        file: 'hypervisor/isolation/tighten.ts',
        from: "tryInstallFilter(rootPartitionRules, 'refuse', 'process')",
        to: 'false',
      },
    ],
  },
  {
    id: 'root-own-user',
    holds: 'gives the root partition process a user of its own, where the hypervisor is root',
    boundary: 'root partition and host',
    removal: [
      {
        file: 'hypervisor/isolation/tighten.ts',
        from: '  if (process.getuid?.() === 0) walls.push(...tryDropUser(ROOT_PARTITION_UID));\n',
        to: '',
      },
    ],
  },
  {
    id: 'channel-generations',
    holds: 'drops an answer whose channel was closed since it was asked for',
    boundary,
    removal: [
      {
        file: 'root-partition/channel.ts',
        from: 'if (generation !== this.#generation) {',
        to: 'if (generation < 0) {',
      },
    ],
  },
  {
    id: 'partition-numbers',
    holds: 'gives no number to a partition that another one had before',
    boundary: 'guest and guest',
    removal: [
      {
        file: 'hypervisor/partition/partition-table.ts',
        from: 'const id = this.#nextId++ as PartitionId;',
        to: 'let id = this.#nextId as PartitionId;\n    while (this.#entries.has(id)) id = (id + 1) as PartitionId;',
      },
    ],
  },
  {
    id: 'broker-forgets',
    holds: 'forgets the connections of a partition that is deleted',
    boundary: 'guest and guest',
    removal: [
      {
        file: 'root-partition/root-partition.ts',
        from: '    this.#broker.forget(partition.id);\n',
        to: '',
      },
    ],
  },
  {
    id: 'broker-backlog',
    holds: 'drops messages for a partition that does not take what it gets',
    boundary,
    removal: [
      {
        file: 'root-partition/connection.ts',
        from: 'if (this.#isOver || this.outgoing.isFull) return false;',
        to: 'if (this.#isOver) return false;',
      },
    ],
  },
  {
    id: 'scroll-back-size',
    holds: 'keeps 256 KiB of console output, whatever a guest writes',
    boundary,
    removal: [
      {
        file: 'root-partition/console/service.ts',
        from: 'export const DEFAULT_SCROLL_BACK_BYTES = 256 * 1024;',
        to: 'export const DEFAULT_SCROLL_BACK_BYTES = 256 * 1024 * 1024;',
      },
    ],
  },
  {
    id: 'held-frames-are-copies',
    holds: 'copies what waits of a read, because the next connection reads into the same buffer',
    boundary: 'guest and guest',
    removal: [
      {
        file: 'hypervisor/vmbus/frame-reader.ts',
        from: 'push(piece: Uint8Array, isOwn = false)',
        to: 'push(piece: Uint8Array, isOwn = true)',
      },
    ],
  },
  {
    id: 'wiped-read-buffer',
    holds: 'wipes the buffer that every connection reads into before the next one does',
    boundary: 'guest and guest',
    removal: [
      {
        file: 'root-partition/read-window.ts',
        from: '    if (isShared) buffer.fill(0, 0, bytes);\n',
        to: '',
      },
    ],
  },
  {
    id: 'storage-range',
    holds: "carries out requests within the volume's size only",
    boundary,
    removal: [
      {
        file: 'root-partition/storage/requests.ts',
        from: 'return offset > capacityBytes || length > capacityBytes - offset\n',
        to: 'return offset < 0\n',
      },
    ],
  },
  {
    id: 'storage-read-only',
    holds: 'carries out no change of a volume that was given for reading',
    boundary,
    removal: [
      {
        file: 'root-partition/storage/requests.ts',
        from: 'return volume.isReadOnly ? STORAGE_STATUS_READ_ONLY : STORAGE_STATUS_OK;',
        to: 'return STORAGE_STATUS_OK;',
      },
    ],
  },
  {
    id: 'descriptor-read-only',
    holds: 'opens what was given for reading for reading',
    boundary,
    removal: [
      {
        file: 'hypervisor/partition/devices.ts',
        from: "give(openForPartition(disk.path, isReadOnly ? 'read' : 'write'))",
        to: "give(openForPartition(disk.path, 'write'))",
      },
    ],
  },
  {
    id: 'volume-lock',
    holds: 'gives a file to one writer, or to readers alone, by its device and inode',
    boundary: 'guest and guest',
    removal: [
      {
        file: 'root-partition/storage/file-operations.ts',
        from: 'if (!isFree || libc().flock(fd, (isWriter ? LOCK_EX : LOCK_SH) | LOCK_NB) !== 0) {',
        to: 'if (!isFree && libc().flock(fd, LOCK_UN) > 0) {',
      },
    ],
  },
  {
    id: 'overlay-map',
    holds: "checks each entry of an overlay's map against the file",
    boundary,
    removal: [
      {
        file: 'root-partition/storage/overlay-format.ts',
        from: 'if (data >= seen.length) throw',
        to: 'if (data < 0) throw',
      },
    ],
  },
  {
    id: 'overlay-identity',
    holds: 'takes an overlay over the base that it was made for only',
    boundary,
    removal: [
      {
        file: 'root-partition/storage/overlay-format.ts',
        from: "if (!isSameBase) throw new VolumeError('OVERLAY_MISMATCH', 'the overlay belongs to another base');",
        to: '',
      },
    ],
  },
  {
    id: 'wall-clock-granularity',
    holds: "rounds wall time to the partition's granularity",
    boundary,
    removal: [
      {
        file: 'root-partition/clock/service.ts',
        from: 'this.#originLow + passedNs - (passedNs % this.#granularityNs);',
        to: 'this.#originLow + passedNs;',
      },
    ],
  },
];
