// Meters one channel in one setting: starts a sender and a receiver, has them signal, reads what arrived.
import { randomBytes } from 'node:crypto';
import {
  type Console,
  firstConnectionId,
  type Hypervisor,
  type IsolationLevel,
  installationTop,
  type Partition,
} from '../../hypervisor/index.ts';
import { type Placement, place } from '../placement.ts';
import type { ChannelDescription } from './channels.ts';
import { type Reading, read } from './decode.ts';

const TICKS_PER_MS = 10_000;
const MS_PER_S = 1000;
const GUEST_MIB = 64;
const PEER_SINT = 3;
/** Until both have their orders. */
const LEAD_MS = 300;
const SLACK_MS = 60_000;

export interface Setting {
  isolation: IsolationLevel;
  placement: Placement;
  granularityNs: number;
}

export interface ChannelReading extends Reading {
  slotMs: number;
  /** Bits per second. */
  rate: number;
  leastRate: number;
  mostRate: number;
}

/** A pair of partitions that may signal in one setting. */
export class CovertPair implements AsyncDisposable {
  readonly #owner: AsyncDisposableStack;
  readonly #sender: Console;
  readonly #receiver: Console;

  private constructor(owner: AsyncDisposableStack, sender: Console, receiver: Console) {
    this.#owner = owner;
    this.#sender = sender;
    this.#receiver = receiver;
  }

  static async start(hypervisor: Hypervisor, setting: Setting): Promise<CovertPair> {
    await using owner = new AsyncDisposableStack();
    const start = async (name: string): Promise<{ partition: Partition; console: Console }> => {
      const partition = owner.use(
        await hypervisor.createPartition({
          name,
          guest: { kind: 'unikernel', module: `${installationTop}/build/test-guests/covert-guest.wasm` },
          memoryMib: GUEST_MIB,
          isolation: setting.isolation,
          clockGranularityNs: setting.granularityNs,
          arguments: { connection: String(firstConnectionId) },
        }),
      );
      const console = owner.use(await partition.attachConsole());
      partition.start();
      await console.waitFor('ready\n');
      return { partition, console };
    };
    const sender = await start('sender');
    const receiver = await start('receiver');
    await hypervisor.connectPorts(sender.partition, receiver.partition, PEER_SINT, firstConnectionId);
    place(setting.placement, [receiver.partition.pid], [sender.partition.pid]);
    return new CovertPair(owner.move(), sender.console, receiver.console);
  }

  /** @param hasSender without it nobody signals, and what is read is chance */
  async meter(
    channel: ChannelDescription,
    slotMs: number,
    slots: number,
    hasSender: boolean,
  ): Promise<ChannelReading> {
    const bits = randomBits(slots);
    const start = BigInt(Date.now() + LEAD_MS) * BigInt(TICKS_PER_MS);
    const order = (verb: string, last: string | number): string =>
      `${verb} ${channel.name} ${start} ${slotMs * TICKS_PER_MS} ${last}\n`;
    const options = { timeoutMs: LEAD_MS + slotMs * slots + SLACK_MS };
    this.#receiver.write(order('receive', slots));
    if (hasSender) this.#sender.write(order('send', bits.map(Number).join('')));
    const [, text = ''] = await this.#receiver.waitFor(/([-\d ]*)done\n/, options);
    if (hasSender) await this.#sender.waitFor('done\n', options);
    const values = text.trim().split(' ').map(Number);
    if (values.length !== slots) throw new Error(`${values.length} values came from ${slots} slots`);
    const reading = read(values, bits);
    const perSecond = MS_PER_S / slotMs;
    return {
      ...reading,
      slotMs,
      rate: reading.capacity * perSecond,
      leastRate: reading.least * perSecond,
      mostRate: reading.most * perSecond,
    };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#owner.disposeAsync();
  }
}

const randomBits = (count: number): boolean[] => [...randomBytes(count)].map((byte) => byte >= 128);
