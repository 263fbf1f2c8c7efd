// The root partition: partitions' devices and connections, and what the hypervisor may ask for
// (hypervisor/vmbus/root-control.ts). Free of the process around it, which main.ts provides.
import { closeSync, fstatSync } from 'node:fs';
import type {
  AttachConsoleRequest,
  ConnectRequest,
  RootAnswer,
  RootErrorCode,
  RootEvent,
  RootRequest,
  RootStatistics,
} from '../hypervisor/vmbus/root-control.ts';
import { Broker } from './broker/service.ts';
import { Connection } from './connection.ts';
import { ConsoleService } from './console/service.ts';
import { ControlError, filesOf, parseRootRequest } from './control-requests.ts';
import type { Device } from './device.ts';
import { makeDevice } from './make-device.ts';
import { Turns } from './storage/turns.ts';
import { VolumeError } from './storage/volume.ts';
import { Throttle } from './throttle.ts';

/** Partitions that may have devices at a time. */
const PARTITIONS_LIMIT = 256;

interface Partition {
  id: number;
  name: string;
  devices: Device[];
  throttle: Throttle;
  connection: Connection | undefined;
}

/** Where announced descriptors come from (file-descriptors.ts). */
export interface DescriptorSource {
  take(number: number): number | undefined;
}

export class RootPartition {
  readonly #files: DescriptorSource;
  readonly #onEvent: (event: RootEvent) => void;
  readonly #partitions = new Map<number, Partition>();
  readonly #releasing = new Set<Promise<unknown>>();
  readonly #broker = new Broker((partitionId) => this.#partitions.get(partitionId)?.connection);

  constructor(files: DescriptorSource, onEvent: (event: RootEvent) => void) {
    this.#files = files;
    this.#onEvent = onEvent;
  }

  /** Carries out one request; whatever it was, there is an answer. Files that a refused request named are closed. */
  async handle(message: unknown): Promise<RootAnswer> {
    const { id: named } = (message ?? {}) as { id?: unknown };
    const id = typeof named === 'number' ? named : Number.NaN;
    try {
      const statistics = await this.#carryOut(parseRootRequest(message));
      return statistics === undefined ? { id, ok: true } : { id, ok: true, statistics };
    } catch (error) {
      for (const file of filesOf(message)) this.#closeFile(file);
      return { id, ok: false, code: errorCode(error), message: error instanceof Error ? error.message : '' };
    }
  }

  async #carryOut(request: RootRequest): Promise<RootStatistics | undefined> {
    switch (request.type) {
      case 'connect':
        this.#connect(request);
        return;
      case 'reconnect':
        this.#join(this.#partition(request.partitionId), this.#takeSocket(request.socket));
        return;
      case 'disconnect':
        this.#partition(request.partitionId).connection?.end('disconnected', 'the hypervisor asked for it');
        return;
      case 'release':
        await this.#release(this.#partition(request.partitionId));
        return;
      case 'attach-console':
        this.#attach(request);
        return;
      case 'detach-console':
        if (!this.#console(request.partitionId).detach(request.readerId)) {
          throw new ControlError('READER_UNKNOWN', `no reader ${request.readerId}`);
        }
        return;
      case 'resize':
        this.#console(request.partitionId).resize(request.columns, request.rows);
        return;
      case 'connect-ports': {
        const { fromPartition, connectionId, toPartition, sint } = request;
        this.#partition(fromPartition);
        this.#partition(toPartition);
        if (!this.#broker.connect(fromPartition, connectionId, toPartition, sint)) {
          throw new ControlError('PORT_EXISTS', `connection ${connectionId} exists, or there are too many`);
        }
        return;
      }
      case 'disconnect-ports':
        if (!this.#broker.disconnect(request.fromPartition, request.connectionId)) {
          throw new ControlError('PORT_UNKNOWN', `no connection ${request.connectionId}`);
        }
        return;
      case 'statistics':
        return this.#statistics(this.#partition(request.partitionId));
      case 'shutdown':
        await this.shutdown();
        return;
    }
  }

  #partition(partitionId: number): Partition {
    const partition = this.#partitions.get(partitionId);
    if (partition === undefined) throw new ControlError('PARTITION_UNKNOWN', `no partition ${partitionId}`);
    return partition;
  }

  #console(partitionId: number): ConsoleService {
    const found = this.#partition(partitionId).devices.find((device) => device instanceof ConsoleService);
    if (found === undefined)
      throw new ControlError('CONSOLE_ABSENT', `partition ${partitionId} has no console`);
    return found;
  }

  #takeFile(number: number): number {
    const fd = this.#files.take(number);
    if (fd === undefined) throw new ControlError('FILE_UNKNOWN', `file ${number} was not handed over`);
    return fd;
  }

  /** A wrong descriptor is refused before anything is made for it. */
  #takeSocket(number: number): number {
    const fd = this.#takeFile(number);
    if (fstatSync(fd).isSocket()) return fd;
    closeSync(fd);
    throw new ControlError('REQUEST_MALFORMED', `file ${number} is not a socket`);
  }

  #closeFile(number: number): void {
    const fd = this.#files.take(number);
    if (fd !== undefined) closeSync(fd);
  }

  #connect(request: ConnectRequest): void {
    if (this.#partitions.has(request.partitionId)) {
      throw new ControlError('PARTITION_EXISTS', `partition ${request.partitionId} has devices already`);
    }
    if (this.#partitions.size >= PARTITIONS_LIMIT) {
      throw new ControlError('LIMIT_REACHED', `${PARTITIONS_LIMIT} partitions have devices`);
    }
    const socket = this.#takeSocket(request.socket);
    let devices: Device[];
    try {
      devices = this.#makeDevices(request);
    } catch (error) {
      closeSync(socket);
      throw error;
    }
    const partition: Partition = {
      id: request.partitionId,
      name: request.name,
      devices,
      throttle: new Throttle(request.limits, (limit, waitedMs) =>
        this.#onEvent({ type: 'throttled', partitionId: request.partitionId, limit, waitedMs }),
      ),
      connection: undefined,
    };
    for (const device of devices) {
      if (!(device instanceof ConsoleService)) continue;
      device.onReaderEnd = (readerId, droppedBytes) =>
        this.#onEvent({ type: 'reader-ended', partitionId: partition.id, readerId, droppedBytes });
    }
    this.#partitions.set(partition.id, partition);
    this.#join(partition, socket);
  }

  #makeDevices(request: ConnectRequest): Device[] {
    const devices: Device[] = [];
    const turns = new Turns();
    try {
      for (const channel of request.channels) {
        devices.push(makeDevice(channel, (number) => this.#takeFile(number), turns));
      }
      return devices;
    } catch (error) {
      void this.#releaseDevices(devices);
      throw error;
    }
  }

  #join(partition: Partition, socket: number): void {
    partition.connection?.end('replaced', 'the partition was connected again');
    const connection = new Connection(socket, partition.devices, partition.throttle, {
      onBrokered: (frame) => this.#broker.carry(partition.id, frame),
      onEnd: (reason, message) => {
        if (partition.connection === connection) partition.connection = undefined;
        this.#onEvent({ type: 'connection-ended', partitionId: partition.id, reason, message });
      },
    });
    partition.connection = connection;
  }

  #attach(request: AttachConsoleRequest): void {
    const found = this.#console(request.partitionId);
    const socket = this.#takeSocket(request.socket);
    if (!found.attach(request.readerId, socket)) {
      closeSync(socket);
      throw new ControlError('READER_EXISTS', `reader ${request.readerId} exists, or there are too many`);
    }
  }

  async #release(partition: Partition): Promise<void> {
    this.#partitions.delete(partition.id);
    this.#broker.forget(partition.id);
    partition.connection?.end('disconnected', 'the partition was released');
    await this.#releaseDevices(partition.devices);
  }

  async #releaseDevices(devices: Device[]): Promise<void> {
    const released = Promise.all(devices.map((device) => device.release()));
    this.#releasing.add(released);
    await released.finally(() => this.#releasing.delete(released));
  }

  #statistics(partition: Partition): RootStatistics {
    const { connection } = partition;
    const statistics: RootStatistics = {
      isConnected: connection === undefined ? 0 : 1,
      framesReceived: connection?.framesReceived ?? 0,
      bytesWaiting: connection?.outgoing.pendingBytes ?? 0,
      readStops: connection?.stops ?? 0,
      readYields: connection?.yields ?? 0,
      framesIgnored: connection?.channels.reduce((sum, channel) => sum + channel.ignoredFrames, 0) ?? 0,
    };
    Object.assign(statistics, partition.throttle.statistics());
    for (const [name, value] of Object.entries(this.#broker.statistics(partition.id))) {
      statistics[`broker.${name}`] = value;
    }
    for (const device of partition.devices) {
      for (const [name, value] of Object.entries(device.statistics())) {
        statistics[`${device.label}.${name}`] = value;
      }
    }
    return statistics;
  }

  /** Releases every partition: what is in flight is finished and made durable, also where that had begun before. */
  async shutdown(): Promise<void> {
    const releases = [...this.#partitions.values()].map((partition) => this.#release(partition));
    await Promise.all([...releases, ...this.#releasing]);
  }
}

function errorCode(error: unknown): RootErrorCode {
  return error instanceof ControlError || error instanceof VolumeError ? error.code : 'INTERNAL';
}
