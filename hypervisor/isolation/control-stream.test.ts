// What the hypervisor accepts from a partition process that may be anybody's by now.
import type { Socket } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ControlReader, ControlStreamError, sendControl, sendModule } from './control-stream.ts';

/** The bytes that sending writes. */
function sent(send: (socket: Socket) => void): Buffer {
  const pieces: Buffer[] = [];
  const socket = {
    destroyed: false,
    cork() {},
    uncork() {},
    write: (piece: Uint8Array) => pieces.push(Buffer.from(piece)),
  };
  send(socket as unknown as Socket);
  return Buffer.concat(pieces);
}

const header = (length: number, type: number): Buffer => {
  const bytes = Buffer.alloc(5);
  bytes.writeUInt32LE(length, 0);
  bytes[4] = type;
  return bytes;
};

describe('the control stream', () => {
  it('gives the messages that were sent, however it is cut', () => {
    const messages = fc.array(
      fc.oneof(
        fc.record({ type: fc.constant('stop' as const) }),
        fc.record({ type: fc.constant('pause' as const), timeoutMs: fc.nat() }),
        fc.uint8Array({ maxLength: 2000 }),
      ),
      { maxLength: 10 },
    );
    const cuts = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1 });
    const property = fc.property(messages, cuts, (all, lengths) => {
      const stream = Buffer.concat(
        all.map((each) =>
          sent((socket) =>
            each instanceof Uint8Array ? sendModule(socket, each) : sendControl(socket, each),
          ),
        ),
      );
      const received: unknown[] = [];
      const reader = new ControlReader(
        (message) => received.push(message),
        (bytes) => received.push(bytes),
      );
      for (let at = 0, index = 0; at < stream.length; index++) {
        const length = lengths[index % lengths.length] as number;
        reader.push(stream.subarray(at, at + length));
        at += length;
      }
      expect(received).toEqual(all);
    });
    fc.assert(property, { seed: 5, numRuns: 200 });
  });

  it.each([
    ['type 0', header(4, 0)],
    ['type 255', header(4, 255)],
    ['a module, towards the hypervisor', header(4, 2)],
    ['more than 64 KiB', header(65_537, 1)],
    ['4 GiB', header(0xffff_ffff, 1)],
    ['no JSON', Buffer.concat([header(3, 1), Buffer.from('{]}')])],
    ['nothing at all', header(0, 1)],
    ['half a character', Buffer.concat([header(2, 1), Buffer.from([0x22, 0xc3])])],
  ])('refuses %s', (_name, bytes) => {
    const reader = new ControlReader(() => {});
    expect(() => reader.push(bytes)).toThrow(ControlStreamError);
  });

  it('refuses by the header alone, before it keeps what follows', () => {
    const reader = new ControlReader(
      () => {},
      () => {},
    );
    expect(() => reader.push(header(64 * 2 ** 20 + 1, 2))).toThrow(ControlStreamError);
  });

  it('throws nothing else on random bytes', () => {
    const property = fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 8 }), (pieces) => {
      const reader = new ControlReader(() => {});
      try {
        for (const piece of pieces) reader.push(Buffer.from(piece));
      } catch (error) {
        expect(error).toBeInstanceOf(ControlStreamError);
      }
    });
    fc.assert(property, { seed: 6, numRuns: 2000 });
  });
});
