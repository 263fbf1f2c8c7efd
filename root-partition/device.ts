// What a virtual device (VSP) is to the connection that carries its channel. Devices outlive connections: a partition
// that resets comes back to the same console and the same disks.
import type { Channel } from './channel.ts';

export interface Device {
  /** CHANNEL_SERVICE_* */
  readonly service: number;
  readonly label: string;
  /** Requests that may be in flight before the partition's socket is no longer read. */
  readonly inFlightLimit: number;
  /** The guest opened the channel. */
  open(channel: Channel): void;
  /** The guest closed the channel, or its connection ended. */
  close(): void;
  /** One packet from the guest. `payload` is valid only during the call. Never throws for what it contains. */
  receive(channel: Channel, payload: Uint8Array, transactionLo: number, transactionHi: number): void;
  /** The partition's socket takes data again after it had been full. */
  resume?(): void;
  statistics(): Record<string, number>;
  /** Finishes what is in flight, makes it durable, gives up files and sockets. */
  release(): Promise<void>;
}
