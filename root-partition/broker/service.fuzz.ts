// Fuzz target `brokered-messages`: SynIC messages and events between partitions, along connections that come and go. A
// frame arrives where a connection leads, as it was sent, or nowhere.
import { FRAME_EVENT, FRAME_MESSAGE } from '../../hypervisor/abi/frames.ts';
import { PORT_CONNECTION_BASE } from '../../hypervisor/abi/vmbus.ts';
import type { FuzzRandom } from '../../hypervisor/testing/fuzz/fuzz-random.ts';
import { type FuzzSession, type FuzzTarget, must } from '../../hypervisor/testing/fuzz/fuzz-target.ts';
import { Broker } from './service.ts';

const PARTITIONS = 4;
const CONNECTIONS = 3;

interface Arrival {
  to: number;
  kind: number;
  payload: Uint8Array;
  sint: number;
  hi: number;
}

class BrokerSession implements FuzzSession {
  readonly casesPerBatch = 128;
  readonly outcomes = {
    connected: 0,
    'connected already': 0,
    'taken apart': 0,
    carried: 0,
    dropped: 0,
    refused: 0,
  };
  #broker = new Broker(() => undefined);
  /** `from connection` → where it leads. */
  readonly #ports = new Map<string, { to: number; sint: number }>();
  readonly #arrived: Arrival[] = [];
  #isFull = false;

  reset(): void {
    this.#ports.clear();
    this.#arrived.length = 0;
    this.#broker = new Broker((to) =>
      to === PARTITIONS
        ? undefined
        : {
            forward: (kind, payload, sint, hi) => {
              if (this.#isFull) return false;
              this.#arrived.push({ to, kind, payload: payload.slice(), sint, hi });
              return true;
            },
          },
    );
  }

  runCase(random: FuzzRandom): void {
    const from = 1 + random.below(PARTITIONS);
    const connectionId = PORT_CONNECTION_BASE + random.below(CONNECTIONS);
    const kind = random.below(12);
    if (kind < 2) this.#connect(random, from, connectionId);
    else if (kind === 2) this.#takeApart(random, from, connectionId);
    else this.#carry(random, from, connectionId);
  }

  #connect(random: FuzzRandom, from: number, connectionId: number): void {
    const port = { to: 1 + random.below(PARTITIONS), sint: random.below(16) };
    const key = `${from} ${connectionId}`;
    const isNew = this.#broker.connect(from, connectionId, port.to, port.sint);
    must(isNew === !this.#ports.has(key), () => `connection ${key}: ${isNew}`);
    if (isNew) this.#ports.set(key, port);
    this.outcomes[isNew ? 'connected' : 'connected already']++;
  }

  #takeApart(random: FuzzRandom, from: number, connectionId: number): void {
    if (random.below(2) === 0) {
      const isGone = this.#ports.delete(`${from} ${connectionId}`);
      must(this.#broker.disconnect(from, connectionId) === isGone, 'what was not connected was disconnected');
    } else {
      this.#broker.forget(from);
      for (const [key, { to }] of this.#ports) {
        if (to === from || key.startsWith(`${from} `)) this.#ports.delete(key);
      }
    }
    this.outcomes['taken apart']++;
  }

  #carry(random: FuzzRandom, from: number, connectionId: number): void {
    const isEvent = random.below(2) === 1;
    const frame = {
      kind: isEvent ? FRAME_EVENT : FRAME_MESSAGE,
      channelId: random.oneIn(16) ? random.below(65_536) : 0,
      transactionLo: random.oneIn(8) ? random.word() : connectionId,
      transactionHi: random.oneIn(3) ? random.word() : 1 + random.below(2047),
      payload: isEvent && !random.oneIn(8) ? new Uint8Array(0) : random.bytes(random.oneIn(6) ? 300 : 240),
    };
    this.#isFull = random.oneIn(6);
    this.#arrived.length = 0;
    if (random.isTraced)
      random.note(`from ${from}: ${JSON.stringify({ ...frame, payload: frame.payload.length })}`);
    this.#broker.carry(from, frame);
    const port = this.#ports.get(`${from} ${frame.transactionLo}`);
    const { channelId, transactionHi: hi, payload } = frame;
    const isRight =
      channelId === 0 &&
      (isEvent ? payload.length === 0 && hi < 2048 : payload.length <= 240 && hi >= 1 && hi < 0x8000_0000);
    const arrives = port !== undefined && isRight && port.to !== PARTITIONS && !this.#isFull;
    must(this.#arrived.length === (arrives ? 1 : 0), () => `${this.#arrived.length} arrived`);
    const [arrived] = this.#arrived;
    if (arrived !== undefined && port !== undefined) {
      const isSame =
        Buffer.from(arrived.payload).equals(payload) && arrived.hi === hi && arrived.kind === frame.kind;
      must(
        isSame && arrived.to === port.to && arrived.sint === port.sint,
        'something else arrived, or elsewhere',
      );
    }
    this.outcomes[arrives ? 'carried' : port !== undefined && isRight ? 'dropped' : 'refused']++;
  }
}

export const target: FuzzTarget = {
  name: 'brokered-messages',
  about:
    'Messages and events between partitions: along existing connections, as they were sent, or not at all.',
  decoders: ['root-partition/broker/requests.ts', 'root-partition/broker/service.ts'],
  casesInTests: 20_000,
  plantedBugs: [
    {
      name: "a message may be of the hypervisor's types",
      file: 'root-partition/broker/requests.ts',
      from: ' && frame.transactionHi < HV_MESSAGE_TYPE_HYPERVISOR_MASK',
      to: '',
      within: 20_000,
    },
    {
      name: 'an event may have any flag',
      file: 'root-partition/broker/requests.ts',
      from: 'frame.transactionHi < HV_EVENT_FLAGS_BYTES_PER_SINT * 8',
      to: 'frame.transactionHi >= 0',
      within: 20_000,
    },
    {
      name: 'connections to a partition that is gone stay',
      file: 'root-partition/broker/service.ts',
      from: 'if (port.toPartition === partitionId) ports.delete(connectionId);',
      to: 'if (port.toPartition < 0) ports.delete(connectionId);',
      within: 20_000,
    },
  ],
  start: () => new BrokerSession(),
};
