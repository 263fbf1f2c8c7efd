// No partition holds up another: the frames of one are handled in turns with those of all others.
import { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { FRAME_DATA, FRAME_OPEN } from '../hypervisor/abi/frames.ts';
import { socketPair } from '../hypervisor/isolation/socket-pair.ts';
import { encodeFrame } from '../hypervisor/vmbus/frame-header.ts';
import type { Channel } from './channel.ts';
import { Connection, FRAMES_PER_TURN } from './connection.ts';
import type { Device } from './device.ts';
import { Throttle } from './throttle.ts';

/** A device that reports each packet and leaves every request unanswered. */
function probe(onPacket: (payload: Uint8Array, channel: Channel) => void, inFlightLimit = Infinity): Device {
  return {
    service: 1,
    label: 'probe',
    inFlightLimit,
    open: () => {},
    close: () => {},
    receive: (channel, payload) => onPacket(payload, channel),
    statistics: () => ({}),
    release: () => Promise.resolve(),
  };
}

const packet = (index: number): Uint8Array => new Uint8Array(new Uint32Array([index]).buffer);
const flood = (count: number): Buffer =>
  Buffer.concat([
    encodeFrame(FRAME_OPEN, 1),
    ...Array.from({ length: count }, (_, index) => encodeFrame(FRAME_DATA, 1, packet(index))),
  ]);
const indexOf = (payload: Uint8Array): number => new Uint32Array(payload.slice().buffer)[0] as number;

describe('a flood of small frames', () => {
  it('is handled in bounded turns of the event loop, completely and in order', async () => {
    const [ours, theirs] = socketPair();
    const count = 20 * FRAMES_PER_TURN;
    let next = 0;
    let thisTurn = 0;
    let longestTurn = 0;
    let isDone = false;
    const allReceived = Promise.withResolvers<void>();
    const device = probe((payload) => {
      expect(indexOf(payload)).toBe(next++);
      longestTurn = Math.max(longestTurn, ++thisTurn);
      if (next === count) allReceived.resolve();
    });
    const connection = new Connection(ours, [device], new Throttle(), {
      onBrokered: () => {},
      onEnd: () => {},
    });
    const turn = (): void => {
      thisTurn = 0;
      if (!isDone) setImmediate(turn);
    };
    turn();
    const partition = new Socket({ fd: theirs, readable: true, writable: true });
    partition.write(flood(count));
    await allReceived.promise;
    isDone = true;
    // What a turn of the loop sees may be the end of one of the connection's turns and the next one.
    expect(longestTurn).toBeLessThanOrEqual(2 * FRAMES_PER_TURN);
    expect(connection.yields).toBeGreaterThan(0);
    connection.end('disconnected', 'test');
    partition.destroy();
  });

  it('goes on where it stopped when requests in flight had stopped it', async () => {
    const [ours, theirs] = socketPair();
    const seen: number[] = [];
    const unanswered: Channel[] = [];
    const count = 3 * FRAMES_PER_TURN;
    const allReceived = Promise.withResolvers<void>();
    const answerAll = (): void => {
      for (const channel of unanswered.splice(0)) channel.settleRequest(0);
    };
    const device = probe((payload, channel) => {
      seen.push(indexOf(payload));
      channel.beginRequest(0);
      unanswered.push(channel);
      expect(unanswered.length).toBeLessThanOrEqual(4);
      if (unanswered.length === 4 || seen.length === count) setImmediate(answerAll);
      if (seen.length === count) allReceived.resolve();
    }, 4);
    const connection = new Connection(ours, [device], new Throttle(), {
      onBrokered: () => {},
      onEnd: () => {},
    });
    const partition = new Socket({ fd: theirs, readable: true, writable: true });
    partition.write(flood(count));
    await allReceived.promise;
    expect(seen).toEqual(Array.from({ length: count }, (_, index) => index));
    expect(connection.stops).toBeGreaterThan(0);
    connection.end('disconnected', 'test');
    partition.destroy();
  });
});
