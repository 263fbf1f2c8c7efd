// The root partition inside the test's process, with descriptors handed over in memory.

import { socketPair } from '../../hypervisor/isolation/socket-pair.ts';
import type { BrokeredLimits } from '../../hypervisor/scheduler/limits.ts';
import type {
  ChannelConfiguration,
  RootAnswer,
  RootEvent,
  RootRequest,
} from '../../hypervisor/vmbus/root-control.ts';
import { RootPartition } from '../root-partition.ts';
import { PartitionEnd } from './partition-end.ts';

type WithoutId<T> = T extends unknown ? Omit<T, 'id'> : never;

export class InProcessRoot {
  readonly events: RootEvent[] = [];
  readonly #files = new Map<number, number>();
  readonly #root: RootPartition;
  readonly #ends: PartitionEnd[] = [];
  #nextNumber = 1;
  #onEvent: () => void = () => {};

  constructor() {
    const take = (number: number): number | undefined => {
      const fd = this.#files.get(number);
      this.#files.delete(number);
      return fd;
    };
    this.#root = new RootPartition({ take }, (event) => {
      this.events.push(event);
      this.#onEvent();
    });
  }

  /** Makes `fd` the root's. @returns its number */
  give(fd: number): number {
    this.#files.set(this.#nextNumber, fd);
    return this.#nextNumber++;
  }

  get unclaimedFiles(): number {
    return this.#files.size;
  }

  ask(request: WithoutId<RootRequest>): Promise<RootAnswer> {
    return this.#root.handle({ ...request, id: 1 });
  }

  handle(message: unknown): Promise<RootAnswer> {
    return this.#root.handle(message);
  }

  /** Connects a partition and waits for its offers. @throws when the root refuses */
  async connect(
    partitionId: number,
    channels: ChannelConfiguration[],
    limits?: BrokeredLimits,
  ): Promise<PartitionEnd> {
    const [ours, theirs] = socketPair();
    const end = new PartitionEnd(ours);
    this.#ends.push(end);
    const answer = await this.ask({
      type: 'connect',
      partitionId,
      name: `partition ${partitionId}`,
      socket: this.give(theirs),
      channels,
      ...(limits === undefined ? {} : { limits }),
    });
    if (!answer.ok) throw Object.assign(new Error(answer.message), { code: answer.code });
    await end.offered();
    return end;
  }

  async reconnect(partitionId: number): Promise<PartitionEnd> {
    const [ours, theirs] = socketPair();
    const end = new PartitionEnd(ours);
    this.#ends.push(end);
    await this.ask({ type: 'reconnect', partitionId, socket: this.give(theirs) });
    await end.offered();
    return end;
  }

  async statistics(partitionId: number): Promise<Record<string, number>> {
    const answer = await this.ask({ type: 'statistics', partitionId });
    return answer.ok ? (answer.statistics ?? {}) : {};
  }

  async event(matches: (event: RootEvent) => boolean): Promise<RootEvent> {
    for (;;) {
      const found = this.events.find(matches);
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => {
        this.#onEvent = resolve;
      });
    }
  }

  /** Why the partition's connection ended. */
  async ended(partitionId: number): Promise<string> {
    const event = await this.event(
      (one) => one.type === 'connection-ended' && one.partitionId === partitionId,
    );
    return event.type === 'connection-ended' ? event.reason : '';
  }

  async stop(): Promise<void> {
    await this.ask({ type: 'shutdown' });
    for (const end of this.#ends) end.socket.destroy();
  }
}
