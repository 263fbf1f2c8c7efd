// The broker: carries SynIC messages and events between partitions along connections that the hypervisor made
// (abi/frames.ts FRAME_MESSAGE, FRAME_EVENT). A partition that does not take what it gets loses it, counted per
// connection; the sender is never held up and learns nothing of the receiver.
import type { Frame } from '../../hypervisor/vmbus/frame-reader.ts';
import { isBrokeredFrameValid } from './requests.ts';

/** The most connections that one partition may send through. */
export const PORT_CONNECTIONS_LIMIT = 256;

/** Where messages go; undefined while the partition is not connected. */
export type Receiver = {
  forward(kind: number, payload: Uint8Array, lo: number, hi: number): boolean;
};

interface PortConnection {
  toPartition: number;
  sint: number;
  forwarded: number;
  dropped: number;
}

export class Broker {
  readonly #receiverOf: (partitionId: number) => Receiver | undefined;
  readonly #ports = new Map<number, Map<number, PortConnection>>();
  #refused = 0;

  constructor(receiverOf: (partitionId: number) => Receiver | undefined) {
    this.#receiverOf = receiverOf;
  }

  /** False when the connection exists or the partition has too many. */
  connect(fromPartition: number, connectionId: number, toPartition: number, sint: number): boolean {
    const ports = this.#ports.get(fromPartition) ?? new Map<number, PortConnection>();
    if (ports.has(connectionId) || ports.size >= PORT_CONNECTIONS_LIMIT) return false;
    ports.set(connectionId, { toPartition, sint, forwarded: 0, dropped: 0 });
    this.#ports.set(fromPartition, ports);
    return true;
  }

  disconnect(fromPartition: number, connectionId: number): boolean {
    return this.#ports.get(fromPartition)?.delete(connectionId) === true;
  }

  /** The partition is gone for good: nothing leads from it or to it any more. */
  forget(partitionId: number): void {
    this.#ports.delete(partitionId);
    for (const ports of this.#ports.values()) {
      for (const [connectionId, port] of ports) {
        if (port.toPartition === partitionId) ports.delete(connectionId);
      }
    }
  }

  /** Forwards a frame of `fromPartition`, or drops it. */
  carry(fromPartition: number, frame: Frame): void {
    const port = this.#ports.get(fromPartition)?.get(frame.transactionLo);
    if (port === undefined || !isBrokeredFrameValid(frame)) {
      this.#refused++;
      return;
    }
    const receiver = this.#receiverOf(port.toPartition);
    if (receiver?.forward(frame.kind, frame.payload, port.sint, frame.transactionHi) === true)
      port.forwarded++;
    else port.dropped++;
  }

  /** What this partition sent. `refusedFrames` counts, over all partitions, frames that no connection allowed. */
  statistics(fromPartition: number): Record<string, number> {
    let forwarded = 0;
    let dropped = 0;
    for (const port of this.#ports.get(fromPartition)?.values() ?? []) {
      forwarded += port.forwarded;
      dropped += port.dropped;
    }
    return { forwarded, dropped, refusedFrames: this.#refused };
  }
}
