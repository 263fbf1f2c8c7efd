// What joins a VP's thread to the root partition, over a real socket whose other end is the test.
import { closeSync, readSync, writeSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FRAME_ALL_OFFERS, FRAME_COMPLETION, FRAME_EVENT, FRAME_OFFER, FRAME_OPENED } from '../abi/frames.ts';
import { VMBUS_OFFER_LABEL_BYTES } from '../abi/vmbus.ts';
import { CallingPartition } from '../hypercall/testing/calling-partition.ts';
import { Doorbell } from '../isolation/doorbell.ts';
import { mustSystemCall } from '../isolation/foreign-functions.ts';
import { socketPair } from '../isolation/socket-pair.ts';
import { FrameSocket } from '../platform/frame-socket.ts';
import { encodeFrame } from '../vmbus/frame-header.ts';
import { IncomingFrames } from '../vmbus/incoming-frames.ts';
import {
  CB_SOCKET_LOCK,
  CHANNEL_GENERATION,
  CHANNEL_IN_PAGES,
  CHANNEL_OFFERED,
  CHANNEL_OPEN,
  CHANNEL_OUT_PAGES,
  CHANNEL_RING_GPA,
  CHANNEL_SERVICE,
  CHANNEL_STATE,
  channelWord,
  counterWord,
  labelByte,
} from './control-block.ts';
import { RootLink, RootPartitionLost } from './root-link.ts';

const F_SETFL = 4;
const O_NONBLOCK = 0o4000;
const CHANNEL = 2;
const RING = 0x4000;
const IN_RING = RING + 2 * 4096;
const MIB = 1 << 20;
/** As much as a ring of a page holds no more than four of. */
const ANSWER = encodeFrame(FRAME_COMPLETION, CHANNEL, new Uint8Array(1000).fill(5), 1);

class Stopped extends Error {}

let root: number;
let own: number;
let doorbell: Doorbell;
let socket: FrameSocket;
let partition: CallingPartition;
let incoming: IncomingFrames;
let link: RootLink;
let looks: number;
/** How often looking is all right. */
let patience: number;

beforeEach(() => {
  [own, root] = socketPair();
  for (const fd of [own, root]) mustSystemCall('fcntl', fd, F_SETFL, O_NONBLOCK);
  doorbell = new Doorbell();
  partition = new CallingPartition();
  partition.enableSynic();
  const { words, controlBlock, memory, synic } = partition;
  incoming = new IncomingFrames(controlBlock, memory, synic);
  looks = 0;
  patience = Number.POSITIVE_INFINITY;
  socket = new FrameSocket(own, doorbell.fd);
  link = new RootLink(words, socket, incoming, () => {
    if (++looks > patience) throw new Stopped();
  });
});
afterEach(() => {
  socket.close();
  closeSync(own);
  if (root >= 0) closeSync(root);
  doorbell.close();
});

function closeRoot(): void {
  closeSync(root);
  root = -1;
}

function openChannel(): void {
  const row = channelWord(CHANNEL);
  const { words } = partition;
  words[row + CHANNEL_STATE] = CHANNEL_OPEN;
  words[row + CHANNEL_GENERATION] = 1;
  words[row + CHANNEL_RING_GPA] = RING;
  words[row + CHANNEL_OUT_PAGES] = 2;
  words[row + CHANNEL_IN_PAGES] = 2;
  writeSync(root, encodeFrame(FRAME_OPENED, CHANNEL, undefined, 1));
}

/** Sends answers until the link reads no more, and the socket takes none. @returns how many */
function flood(): number {
  for (let sent = 0; ; ) {
    try {
      if (writeSync(root, ANSWER) < ANSWER.length) throw new Error('a part of an answer');
      sent++;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      if (incoming.isFull) return sent;
      link.wait(0);
    }
  }
}

describe('waiting', () => {
  it('goes on until all offers are there', () => {
    const offer = new Uint8Array(4 + VMBUS_OFFER_LABEL_BYTES);
    offer.set([9, 0, 0, 0, 0x64]);
    writeSync(root, encodeFrame(FRAME_OFFER, CHANNEL, offer));
    doorbell.ring();
    patience = 0;
    expect(() => link.awaitOffers()).toThrow(Stopped);
    patience = 10;
    writeSync(root, encodeFrame(FRAME_ALL_OFFERS, 0));
    link.awaitOffers();
    const { words, controlBlock } = partition;
    expect(words[channelWord(CHANNEL) + CHANNEL_STATE]).toBe(CHANNEL_OFFERED);
    expect(words[channelWord(CHANNEL) + CHANNEL_SERVICE]).toBe(9);
    expect(new Uint8Array(controlBlock)[labelByte(CHANNEL)]).toBe(0x64);
  });

  it('comes back when it looked for nothing, so that whoever waits for a time is not late', () => {
    // Longer than a test may take.
    link.wait(60_000);
    doorbell.ring();
    expect(socket.hasSomething()).toBe(true);
    // It sleeps the next time, where the bell wakes it, and is answered.
    link.wait(60_000);
    expect(socket.hasSomething()).toBe(false);
  });

  it('takes what comes, in pieces, too', () => {
    const frame = encodeFrame(FRAME_EVENT, 0, undefined, 5, 3);
    writeSync(root, frame.subarray(0, 10));
    link.wait(1000);
    writeSync(root, frame.subarray(10));
    link.wait(1000);
    // SINT 5 is masked: it was taken, and came to nothing.
    expect(partition.words[counterWord.eventsReceived]).toBe(0);
    expect(incoming.isFull).toBe(false);
  });

  it('stops reading where too much waits for the guest, and goes on when it has made room', () => {
    openChannel();
    const sent = flood();
    expect(sent * ANSWER.length).toBeGreaterThan(MIB);
    link.wait(0);
    expect(() => writeSync(root, ANSWER)).toThrow('EAGAIN');
    const { words } = partition.memory;
    let received = 0;
    while (received < sent) {
      link.wait(0);
      const written = words[IN_RING >>> 2] as number;
      const read = words[(IN_RING >>> 2) + 1] as number;
      received += ((written - read + 4096) % 4096) / 1016;
      words[(IN_RING >>> 2) + 1] = written;
    }
    expect(received).toBe(sent);
  });

  it('is over at once when something has found room that waited for it', () => {
    openChannel();
    for (let sent = 0; sent < 8; sent++) writeSync(root, ANSWER);
    link.wait(1000);
    const { words } = partition.memory;
    words[(IN_RING >>> 2) + 1] = words[IN_RING >>> 2] as number;
    doorbell.ring();
    link.wait(Number.POSITIVE_INFINITY);
    expect(partition.words[counterWord.packetsReceived]).toBe(8);
    // It did not come to sleeping, from where the bell would have woken it.
    expect(socket.hasSomething()).toBe(true);
  });

  it('ends where the root partition is gone, or sends what is no frame', () => {
    writeSync(root, new Uint8Array(16).fill(0xff));
    expect(() => link.wait(1000)).toThrow(RootPartitionLost);
    closeRoot();
    expect(() => link.wait(1000)).toThrow(RootPartitionLost);
  });
});

describe('sending', () => {
  const bytes = new Uint8Array(2 * MIB).map((_, index) => index % 251);

  it('waits for room, looks around meanwhile, and holds no lock when it is to end', () => {
    patience = 0;
    expect(() => link.send(bytes, bytes.length)).toThrow(Stopped);
    expect(partition.words[CB_SOCKET_LOCK]).toBe(0);
  });

  it('reads while it waits, so that two full sockets do not wait for each other', () => {
    openChannel();
    let sent = 0;
    const received = new Uint8Array(bytes.length);
    let got = 0;
    const buffer = new Uint8Array(MIB);
    // The root partition's turn: it reads only after its own answers were taken.
    const takeTurn = (): void => {
      looks++;
      if (sent < 400) {
        try {
          for (; sent < 400; sent++) writeSync(root, ANSWER);
        } catch {
          return;
        }
      }
      const length = readSync(root, buffer);
      received.set(buffer.subarray(0, length), got);
      got += length;
    };
    const { words, memory, synic, controlBlock } = partition;
    const frames = new IncomingFrames(controlBlock, memory, synic);
    writeSync(root, encodeFrame(FRAME_OPENED, CHANNEL, undefined, 1));
    const busy = new RootLink(words, socket, frames, takeTurn);
    busy.send(bytes, bytes.length);
    while (got < bytes.length) takeTurn();
    expect(received).toEqual(bytes);
    expect(sent).toBe(400);
  });

  it('ends where the root partition is gone', () => {
    closeRoot();
    expect(() => link.send(bytes, 100)).toThrow(RootPartitionLost);
    expect(partition.words[CB_SOCKET_LOCK]).toBe(0);
  });
});
