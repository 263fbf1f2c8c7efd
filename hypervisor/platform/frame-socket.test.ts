// A VP thread's sleep: over with the first byte, with room, with the bell, with the time, and with the peer's end.
import { closeSync, fstatSync, readSync, writeSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Doorbell } from '../isolation/doorbell.ts';
import { mustSystemCall } from '../isolation/foreign-functions.ts';
import { socketPair } from '../isolation/socket-pair.ts';
import { FrameSocket } from './frame-socket.ts';

const F_SETFL = 4;
const O_NONBLOCK = 0o4000;
const FOR_EVER = Number.POSITIVE_INFINITY;
const reading = { read: true, write: false };

let own: number;
let peer: number;
let doorbell: Doorbell;
let socket: FrameSocket;

beforeEach(() => {
  [own, peer] = socketPair();
  for (const fd of [own, peer]) mustSystemCall('fcntl', fd, F_SETFL, O_NONBLOCK);
  doorbell = new Doorbell();
  socket = new FrameSocket(own, doorbell.fd);
});
afterEach(() => {
  socket.close();
  for (const fd of [own, peer]) {
    try {
      fstatSync(fd);
      closeSync(fd);
    } catch {
      // Closed by the test.
    }
  }
  doorbell.close();
});

/** Fills the socket. @returns bytes that fitted */
function fill(): number {
  const bytes = new Uint8Array(65_536);
  for (let total = 0; ; ) {
    const written = socket.write(bytes, 0, bytes.length);
    if (written === 0) return total;
    total += written;
  }
}

describe('a wait', () => {
  it('says that there is something to read, which is read then', () => {
    writeSync(peer, Uint8Array.of(1, 2, 3));
    expect(socket.wait(FOR_EVER, reading)).toBe(true);
    expect([...(socket.read() as Uint8Array)]).toEqual([1, 2, 3]);
    expect(socket.wait(0, reading)).toBe(false);
  });

  it.each([0, 0.25, 30, -5, Number.NaN])('ends after %d ms', (ms) => {
    const startMs = performance.now();
    expect(socket.wait(ms, reading)).toBe(false);
    expect(performance.now() - startMs).toBeGreaterThanOrEqual(Math.min(ms || 0, 29));
  });

  it('ends with the bell, however often it was rung, once', () => {
    for (let times = 0; times < 3; times++) doorbell.ring();
    expect(socket.wait(FOR_EVER, reading)).toBe(false);
    const startMs = performance.now();
    socket.wait(20, reading);
    expect(performance.now() - startMs).toBeGreaterThanOrEqual(19);
  });

  it('leaves alone what nobody wants to read, even the end', () => {
    writeSync(peer, Uint8Array.of(1));
    closeSync(peer);
    const startMs = performance.now();
    expect(socket.wait(20, { read: false, write: false })).toBe(false);
    expect(performance.now() - startMs).toBeGreaterThanOrEqual(19);
  });

  it('ends where there is room, and says what there is to read meanwhile', () => {
    fill();
    const both = { read: true, write: true };
    writeSync(peer, Uint8Array.of(7));
    expect(socket.wait(FOR_EVER, both)).toBe(true);
    expect([...(socket.read() as Uint8Array)]).toEqual([7]);
    // All of it: a socket has room again when half of it is empty.
    const bytes = new Uint8Array(1 << 20);
    while (fill() === 0) readSync(peer, bytes);
    readSync(peer, bytes);
    expect(socket.wait(FOR_EVER, both)).toBe(false);
  });

  it('tells of the end, and what came before it is read first', () => {
    writeSync(peer, Uint8Array.of(9));
    closeSync(peer);
    expect(socket.wait(FOR_EVER, reading)).toBe(true);
    expect([...(socket.read() as Uint8Array)]).toEqual([9]);
    expect(socket.wait(FOR_EVER, reading)).toBe(true);
    expect(socket.read()).toBeUndefined();
    expect(socket.write(Uint8Array.of(1), 0, 1)).toBe(-1);
  });
});

describe('a look', () => {
  it('says whether there is something to read, or the end', () => {
    expect(socket.hasSomething()).toBe(false);
    writeSync(peer, Uint8Array.of(1, 2));
    for (let times = 0; times < 3; times++) expect(socket.hasSomething()).toBe(true);
    expect([...(socket.read() as Uint8Array)]).toEqual([1, 2]);
    expect(socket.hasSomething()).toBe(false);
    closeSync(peer);
    expect(socket.hasSomething()).toBe(true);
    expect(socket.read()).toBeUndefined();
  });

  it('sees that the bell was rung, once', () => {
    doorbell.ring();
    expect(socket.hasSomething()).toBe(true);
    expect(socket.read()).toHaveLength(0);
    expect(socket.hasSomething()).toBe(false);
  });
});
