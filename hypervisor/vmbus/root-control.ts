// The control protocol between the hypervisor process and the root partition process.
//
// The root partition process is spawned with stdio ['ignore', …, …, 'ipc', fileChannel]: control messages travel over
// Node's IPC channel (fd 3, JSON), descriptors over a Unix stream socket (fd 4; hypervisor/docs/decisions/0003).
// The hypervisor makes that socket with socketPair(), gives one end to the child as fd 4 and hands descriptors over
// the other end with FileDescriptorSender.send(fd), which returns the number that a control message refers to
// (`FileNumber`). Always send the descriptor first, then the message that names it. After send() returned, the
// sender may close its own copy. This holds for disks and for sockets alike; nothing has to be wrapped, paused or
// prepared: pass the raw descriptor that socketPair() returned.
//
// Every request has an `id` and gets exactly one answer with that id. Files named in a refused request are closed.
// Events have a `type` and no `id`. Until `{ type: 'ready' }` has come, requests wait in the channel.

import type { BrokeredLimit, BrokeredLimits } from '../scheduler/limits.ts';

/** Number that FileDescriptorSender.send returned. Each number is consumed by the one message that names it. */
export type FileNumber = number;

/** Where a storage channel's bytes live. Writable files are locked (flock) for as long as the device exists. */
export type VolumeConfiguration =
  | { kind: 'raw'; file: FileNumber; isReadOnly: boolean }
  /** `base` is never written. `overlay` is the sparse file of root-partition/storage/overlay-format.ts; when it is
   *  empty it is made. Both must be open for reading, `overlay` also for writing. What would make the overlay file
   *  larger than `maxBytes` fails with STORAGE_STATUS_NO_SPACE. */
  | { kind: 'overlay'; base: FileNumber; overlay: FileNumber; maxBytes?: number }
  /** In memory, lost on release; a multiple of 512, at most 1 GiB. */
  | { kind: 'scratch'; capacityBytes: number };

/** One virtual device. Channel ids are given in this order, from 1. Labels: 1 to 31 bytes of [a-z0-9-], unique. */
export type ChannelConfiguration =
  | { service: 'console'; label: 'console'; scrollBackBytes?: number }
  /** A byte stream to a file, offered as CHANNEL_SERVICE_CONSOLE; what exceeds `maxBytes` is dropped and counted. */
  | { service: 'sink'; label: string; file: FileNumber; maxBytes: number }
  | { service: 'storage'; label: string; volume: VolumeConfiguration }
  | { service: 'entropy'; label: string; bytesPerSecond?: number; burstBytes?: number }
  | { service: 'clock'; label: string; granularityNs?: number };

/** Makes a partition's devices and connects it. `socket` is the root's end of its socket pair. */
export interface ConnectRequest {
  type: 'connect';
  id: number;
  partitionId: number;
  name: string;
  socket: FileNumber;
  channels: ChannelConfiguration[];
  /** Default: brokeredLimitDefaults. They stay over reconnects, debts included. */
  limits?: BrokeredLimits;
}

/** Connects a partition again, after a reset, to the devices that it has: console and disks are as they were. A
 *  connection that is still there is ended first. */
export interface ReconnectRequest {
  type: 'reconnect';
  id: number;
  partitionId: number;
  socket: FileNumber;
}

/** Ends the connection; the devices stay. */
export interface DisconnectRequest {
  type: 'disconnect';
  id: number;
  partitionId: number;
}

/** Ends the connection, flushes and closes the devices, drops readers and ports. */
export interface ReleaseRequest {
  type: 'release';
  id: number;
  partitionId: number;
}

/** Adds a reader to the partition's console: it gets the scroll-back, then live output; what it writes is input.
 *  `socket` is the root's end of a socket pair; closing the other end detaches. Console output that a slow reader
 *  does not take is dropped for that reader (DROPPED is counted, never blocks the guest). */
export interface AttachConsoleRequest {
  type: 'attach-console';
  id: number;
  partitionId: number;
  readerId: number;
  socket: FileNumber;
}

export interface DetachConsoleRequest {
  type: 'detach-console';
  id: number;
  partitionId: number;
  readerId: number;
}

export interface ResizeRequest {
  type: 'resize';
  id: number;
  partitionId: number;
  columns: number;
  rows: number;
}

/** Lets `fromPartition` post messages and signal events to `toPartition`'s SINT through `connectionId`
 *  (PORT_CONNECTION_BASE and up). Survives reconnects of both. One direction: ask twice for both. */
export interface ConnectPortsRequest {
  type: 'connect-ports';
  id: number;
  fromPartition: number;
  connectionId: number;
  toPartition: number;
  sint: number;
}

export interface DisconnectPortsRequest {
  type: 'disconnect-ports';
  id: number;
  fromPartition: number;
  connectionId: number;
}

export interface StatisticsRequest {
  type: 'statistics';
  id: number;
  partitionId: number;
}

/** Flushes and closes everything, answers, and exits with 0. The end of the IPC channel does the same. */
export interface ShutdownRequest {
  type: 'shutdown';
  id: number;
}

export type RootRequest =
  | ConnectRequest
  | ReconnectRequest
  | DisconnectRequest
  | ReleaseRequest
  | AttachConsoleRequest
  | DetachConsoleRequest
  | ResizeRequest
  | ConnectPortsRequest
  | DisconnectPortsRequest
  | StatisticsRequest
  | ShutdownRequest;

/** Why a request was refused. */
export type RootErrorCode =
  | 'REQUEST_MALFORMED'
  | 'FILE_UNKNOWN'
  | 'PARTITION_UNKNOWN'
  | 'PARTITION_EXISTS'
  | 'CONSOLE_ABSENT'
  | 'READER_EXISTS'
  | 'READER_UNKNOWN'
  | 'PORT_EXISTS'
  | 'PORT_UNKNOWN'
  | 'LIMIT_REACHED'
  | 'VOLUME_LOCKED'
  | 'VOLUME_UNUSABLE'
  | 'OVERLAY_MALFORMED'
  | 'OVERLAY_MISMATCH'
  | 'INTERNAL';

/** Counters of one partition: names as in `messagesDropped`, `console.readers`, `disk0.bytesRead`. */
export type RootStatistics = Record<string, number>;

export type RootAnswer =
  | { id: number; ok: true; statistics?: RootStatistics }
  | { id: number; ok: false; code: RootErrorCode; message: string };

/** Why a partition's connection is over. */
export type ConnectionEndReason =
  | 'peer-closed'
  | 'disconnected'
  | 'replaced'
  | 'protocol-violation'
  | 'socket-error';

export type RootEvent =
  /** `walls` says what confines the process; it is empty where the system has no means for it. */
  | { type: 'ready'; walls: string[] }
  | { type: 'connection-ended'; partitionId: number; reason: ConnectionEndReason; message: string }
  /** The partition waited for so long because of that limit since the last such event; at least a second. */
  | { type: 'throttled'; partitionId: number; limit: BrokeredLimit; waitedMs: number }
  | { type: 'reader-ended'; partitionId: number; readerId: number; droppedBytes: number };

export type RootMessage = RootAnswer | RootEvent;
