import { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { socketPair } from '../../hypervisor/isolation/socket-pair.ts';
import { ConsoleReader, type ReaderEvents } from './reader.ts';

const noBytes = new Uint8Array(0);

/** A console reader and the socket at its other end, which reads nothing until it is told to. */
function attached(events: Partial<ReaderEvents> = {}): { reader: ConsoleReader; peer: Socket } {
  const [ours, theirs] = socketPair();
  const reader = new ConsoleReader(ours, noBytes, { onInput: () => {}, onEnd: () => {}, ...events });
  return { reader, peer: new Socket({ fd: theirs, readable: true, writable: true }) };
}

async function everything(peer: Socket): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of peer) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}

describe('console reader', () => {
  it('passes on every byte in order, however small the writes, and ends after the last one', async () => {
    const { reader, peer } = attached();
    const sent = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 251));
    for (let at = 0; at < sent.length; at += 7) reader.write(sent.subarray(at, at + 7));
    reader.end();
    expect((await everything(peer)).equals(sent)).toBe(true);
    expect(reader.droppedBytes).toBe(0);
  });

  it('keeps a copy, so that the writer may use its buffer again', async () => {
    const { reader, peer } = attached();
    const buffer = new Uint8Array(512);
    for (let round = 0; round < 1000; round++) reader.write(buffer.fill(round % 256));
    reader.end();
    const received = await everything(peer);
    expect(received.length).toBe(512_000);
    for (let round = 0; round < 1000; round++) expect(received[round * 512 + 511]).toBe(round % 256);
  });

  it('drops and counts what a stuck reader does not take, and keeps no object for each small write', async () => {
    const { reader, peer } = attached();
    const byte = new Uint8Array(1);
    const before = process.memoryUsage().rss;
    for (let index = 0; index < 3_000_000; index++) reader.write(byte);
    const grown = process.memoryUsage().rss - before;
    const dropped = reader.droppedBytes;
    expect(dropped).toBeGreaterThan(1_000_000);
    expect(grown).toBeLessThan(64 * 1024 * 1024);
    reader.end();
    expect((await everything(peer)).length).toBe(3_000_000 - dropped);
  });

  it('passes input on until it is detached and not afterwards', async () => {
    const input: string[] = [];
    let onInput = (): void => {};
    let onEnd = (): void => {};
    const ended = new Promise<void>((resolve) => {
      onEnd = resolve;
    });
    const first = new Promise<void>((resolve) => {
      onInput = resolve;
    });
    const { reader, peer } = attached({
      onInput: (bytes) => {
        input.push(Buffer.from(bytes).toString());
        onInput();
      },
      onEnd: () => onEnd(),
    });
    peer.write('taken');
    await first;
    reader.end();
    peer.end('too late');
    await ended;
    expect(input).toEqual(['taken']);
    peer.destroy();
  });

  it('tells when its peer is gone', async () => {
    const ended = Promise.withResolvers<void>();
    const { peer } = attached({ onEnd: () => ended.resolve() });
    peer.destroy();
    await ended.promise;
  });
});
