// Entropy: random bytes, no more per second than the bucket gives, and one partition's thirst is its own.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FRAME_CLOSE, FRAME_COMPLETION, FRAME_DATA, FRAME_OPEN } from '../../hypervisor/abi/frames.ts';
import { Channel, type ChannelCarrier } from '../channel.ts';
import { InProcessRoot } from '../testing/in-process-root.ts';
import { words } from '../testing/packets.ts';
import { EntropyService } from './service.ts';

let root: InProcessRoot;
beforeEach(() => {
  root = new InProcessRoot();
});
afterEach(() => root.stop());

describe('entropy', () => {
  it('gives as many bytes as were asked for, different ones every time', async () => {
    const end = await root.connect(1, [{ service: 'entropy', label: 'entropy' }]);
    end.open(1);
    const seen = new Set<string>();
    for (const length of [1, 32, 32, 4096]) {
      end.data(1, words(length, 0), length);
      const answer = await end.answer(length);
      expect(answer.length).toBe(length);
      seen.add(Buffer.from(answer).toString('hex'));
    }
    expect(seen.size).toBe(4);
  });

  it('answers an invalid request with nothing', async () => {
    const end = await root.connect(1, [{ service: 'entropy', label: 'entropy' }]);
    end.open(1);
    const invalid = [
      words(0, 0),
      words(4097, 0),
      words(0xffff_ffff, 0),
      words(1, 1),
      words(1),
      new Uint8Array(9),
    ];
    for (const packet of invalid) {
      end.data(1, packet, 1);
      expect((await end.answer(1)).length).toBe(0);
    }
    expect((await root.statistics(1))['entropy.invalidRequests']).toBe(invalid.length);
  });

  it('stops reading a guest that wants more than its share, and its neighbour is served', async () => {
    const slow = { service: 'entropy', label: 'entropy', bytesPerSecond: 65_536, burstBytes: 4096 } as const;
    const thirsty = await root.connect(1, [slow]);
    const neighbour = await root.connect(2, [slow]);
    thirsty.open(1);
    for (let index = 0; index < 5000; index++) thirsty.data(1, words(4096, 0), index);
    await thirsty.answer(0);
    neighbour.open(1);
    neighbour.data(1, words(4096, 0), 1);
    expect((await neighbour.answer(1)).length).toBe(4096);
    expect((await root.statistics(1))['framesReceived']).toBeLessThan(200);
    await thirsty.answer(3);
  });
});

/** The service with a clock and a timer of the test's own. */
function bucket(): {
  channel: Channel;
  answers: number[];
  carrier: ChannelCarrier;
  pass: (ms: number) => void;
} {
  let now = 0;
  let timers: (() => void)[] = [];
  const answers: number[] = [];
  const service = new EntropyService('entropy', {
    bytesPerSecond: 1000,
    burstBytes: 4096,
    now: () => now,
    later: (_ms, callback) => timers.push(callback),
  });
  const begin = (kind: number, _id: number, length: number): number => {
    if (kind === FRAME_COMPLETION) answers.push(length);
    return 0;
  };
  const outgoing = { bytes: new Uint8Array(8192), begin };
  const carrier = {
    outgoing,
    isFull: false,
    inFlightBytes: 0,
    settle() {},
    noteAnswer() {},
  } as unknown as ChannelCarrier;
  const channel = new Channel(1, service, carrier);
  const pass = (ms: number): void => {
    now += ms;
    const due = timers;
    timers = [];
    for (const callback of due) callback();
  };
  return { channel, answers, carrier, pass };
}

describe('the token bucket', () => {
  const none = new Uint8Array(0);

  it('serves a burst at once, the rest as tokens come, in order', () => {
    const { channel, answers, carrier, pass } = bucket();
    channel.accept(FRAME_OPEN, none, 0, 0);
    for (const length of [4000, 500, 1]) channel.accept(FRAME_DATA, words(length, 0), 0, 0);
    expect(answers).toEqual([4000]);
    expect(channel.inFlight).toBe(2);
    pass(300);
    expect(answers).toEqual([4000]);
    pass(105);
    expect(answers).toEqual([4000, 500, 1]);
    expect([channel.inFlight, carrier.inFlightBytes]).toEqual([0, 0]);
  });

  it('never holds more than a burst', () => {
    const { channel, answers, pass } = bucket();
    channel.accept(FRAME_OPEN, none, 0, 0);
    pass(3_600_000);
    for (let index = 0; index < 5; index++) channel.accept(FRAME_DATA, words(1024, 0), 0, 0);
    expect(answers.length).toBe(4);
  });

  it('does not spend tokens on a channel that was closed meanwhile', () => {
    const { channel, answers, pass } = bucket();
    channel.accept(FRAME_OPEN, none, 0, 0);
    channel.accept(FRAME_DATA, words(4096, 0), 0, 0);
    channel.accept(FRAME_DATA, words(4096, 0), 0, 0);
    channel.accept(FRAME_CLOSE, none, 0, 0);
    channel.accept(FRAME_OPEN, none, 0, 0);
    pass(1000);
    channel.accept(FRAME_DATA, words(1000, 0), 0, 0);
    expect(answers).toEqual([4096, 1000]);
    expect(channel.inFlight).toBe(0);
  });
});
