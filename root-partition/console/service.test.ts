// The console: scroll-back, readers that come, go and lag, input, floods.
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FRAME_CLOSE, FRAME_DATA } from '../../hypervisor/abi/frames.ts';
import { socketPair } from '../../hypervisor/isolation/socket-pair.ts';
import { Channel } from '../channel.ts';
import { InProcessRoot } from '../testing/in-process-root.ts';
import { consolePacket, words } from '../testing/packets.ts';
import type { PartitionEnd } from '../testing/partition-end.ts';
import { ScrollBack } from './scroll-back.ts';
import { ConsoleService } from './service.ts';

let root: InProcessRoot;
let sockets: Socket[];
beforeEach(() => {
  root = new InProcessRoot();
  sockets = [];
});
afterEach(async () => {
  await root.stop();
  for (const socket of sockets) socket.destroy();
});

const connect = async (): Promise<PartitionEnd> => {
  const end = await root.connect(1, [
    { service: 'console', label: 'console' },
    { service: 'clock', label: 'clock' },
  ]);
  end.open(1);
  end.open(2);
  return end;
};
/** Waits until root has handled what `end` sent before. */
const settled = async (end: PartitionEnd): Promise<void> => {
  end.data(2, words(1, 0), 77);
  await end.answer(77);
};

class Reader {
  readonly socket: Socket;
  text = '';
  #wake: () => void = () => {};

  constructor(fd: number) {
    this.socket = new Socket({ fd, readable: true, writable: true });
    sockets.push(this.socket);
    this.socket.on('error', () => {});
    this.socket.on('data', (bytes: Buffer) => {
      this.text += bytes.toString('latin1');
      this.#wake();
    });
  }

  async until(done: (text: string) => boolean): Promise<string> {
    while (!done(this.text)) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.text;
  }
}

const attach = async (readerId: number): Promise<Reader> => {
  const [ours, theirs] = socketPair();
  const answer = await root.ask({
    type: 'attach-console',
    partitionId: 1,
    readerId,
    socket: root.give(theirs),
  });
  expect(answer).toMatchObject({ ok: true });
  return new Reader(ours);
};
const inputOf = async (end: PartitionEnd): Promise<string> => {
  const frame = await end.take(({ kind, payload }) => kind === FRAME_DATA && payload[0] === 2);
  return Buffer.from(frame.payload.subarray(4)).toString();
};

describe('the console', () => {
  it('gives every reader the scroll-back, then live output, and takes input from all of them', async () => {
    const end = await connect();
    end.data(1, consolePacket('one '));
    await settled(end);
    const first = await attach(1);
    end.data(1, consolePacket('two '));
    await settled(end);
    const second = await attach(2);
    end.data(1, consolePacket('three'));
    expect(await first.until((text) => text.length === 13)).toBe('one two three');
    expect(await second.until((text) => text.length === 13)).toBe('one two three');
    first.socket.write('a');
    expect(await inputOf(end)).toBe('a');
    second.socket.write('b');
    expect(await inputOf(end)).toBe('b');
  });

  it('forgets a reader that closes, tells so, and lets its id be used again', async () => {
    await connect();
    const reader = await attach(1);
    const [ours, theirs] = socketPair();
    const twice = await root.ask({
      type: 'attach-console',
      partitionId: 1,
      readerId: 1,
      socket: root.give(theirs),
    });
    expect(twice).toMatchObject({ ok: false, code: 'READER_EXISTS' });
    sockets.push(new Socket({ fd: ours }));
    reader.socket.destroy();
    await root.event(({ type }) => type === 'reader-ended');
    await attach(1);
    expect(await root.ask({ type: 'detach-console', partitionId: 1, readerId: 1 })).toMatchObject({
      ok: true,
    });
    expect(await root.ask({ type: 'detach-console', partitionId: 1, readerId: 1 })).toMatchObject({
      ok: false,
    });
  });

  it('drops output for a reader that does not read, counts it, and holds up neither guest nor other readers', async () => {
    const end = await connect();
    const lazy = await attach(1);
    lazy.socket.pause();
    const diligent = await attach(2);
    const chunk = consolePacket(new Uint8Array(65_536).fill(120));
    for (let index = 0; index < 100; index++) {
      end.data(1, chunk);
      await diligent.until((text) => text.length === (index + 1) * 65_536);
    }
    expect((await root.statistics(1))['console.droppedBytes']).toBeGreaterThan(1024 * 1024);
    lazy.socket.destroy();
  });

  it('keeps input that came before the guest opened its console, and tells the size', async () => {
    const end = await connect();
    end.send(FRAME_CLOSE, 1);
    await settled(end);
    const reader = await attach(1);
    reader.socket.write('early');
    await root.ask({ type: 'resize', partitionId: 1, columns: 80, rows: 25 });
    while ((await root.statistics(1))['console.waitingInputBytes'] !== 5) await new Promise(setImmediate);
    end.open(1);
    const size = await end.take(({ kind }) => kind === FRAME_DATA);
    expect([...size.payload]).toEqual([3, 0, 0, 0, 80, 0, 25, 0]);
    expect(await inputOf(end)).toBe('early');
  });

  it('stops reading input that the guest does not take, and loses none of it', async () => {
    const end = await connect();
    const reader = await attach(1);
    end.socket.pause();
    const total = 8 * 1024 * 1024;
    reader.socket.write(Buffer.alloc(total, 'i'));
    let waiting = 0;
    while (waiting <= 65_536) {
      waiting = (await root.statistics(1))['console.waitingInputBytes'] ?? 0;
      await new Promise(setImmediate);
    }
    for (let turn = 0; turn < 100; turn++) await new Promise(setImmediate);
    expect((await root.statistics(1))['console.waitingInputBytes']).toBeLessThan(512 * 1024);
    end.socket.resume();
    for (let received = 0; received < total; ) received += (await inputOf(end)).length;
  });

  it('ignores and counts what is not output', async () => {
    const end = await connect();
    const bad = [
      new Uint8Array(0),
      words(1),
      words(2, 65),
      words(9, 1),
      consolePacket(new Uint8Array(65_537)),
    ];
    for (const packet of bad) end.data(1, packet);
    end.data(1, consolePacket('good'));
    await settled(end);
    expect(await root.statistics(1)).toMatchObject({
      'console.invalidRequests': 5,
      'console.outputBytes': 4,
    });
  });

  it('stays as small as its scroll-back when a gigabyte comes and nobody reads', () => {
    const service = new ConsoleService();
    const carrier = { outgoing: { begin() {} }, isFull: false, inFlightBytes: 0, settle() {} };
    const channel = new Channel(1, service, carrier as never);
    channel.accept(4, new Uint8Array(0), 0, 0);
    const packet = consolePacket(new Uint8Array(65_536).fill(46));
    const before = process.memoryUsage();
    for (let sent = 0; sent < 2 ** 30; sent += 65_536) channel.accept(6, packet, 0, 0);
    const after = process.memoryUsage();
    expect(service.statistics()['outputBytes']).toBe(2 ** 30);
    expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(2 ** 20);
    expect(after.rss - before.rss).toBeLessThan(64 * 2 ** 20);
  });
});

describe('scroll-back', () => {
  it('is always the tail of everything written', () => {
    const scrollBack = new ScrollBack(100);
    let all = '';
    for (let index = 0; index < 300; index++) {
      const piece = `${index},`.repeat(index % 40);
      all += piece;
      scrollBack.append(Buffer.from(piece));
      expect(Buffer.from(scrollBack.snapshot()).toString()).toBe(all.slice(-100));
    }
  });
});

describe('a byte stream to a file', () => {
  it('writes everything in order up to its cap, and counts the rest', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'sink-'));
    const path = join(directory, 'trace');
    const file = root.give(openSync(path, 'w'));
    const end = await root.connect(1, [{ service: 'sink', label: 'trace', file, maxBytes: 100_000 }]);
    end.open(1);
    let expected = '';
    for (let index = 0; index < 3000; index++) {
      const line = `line ${index} ${'.'.repeat(index % 50)}\n`;
      expected += line;
      end.data(1, consolePacket(line));
    }
    while ((await root.statistics(1))['trace.droppedBytes'] !== expected.length - 100_000) {
      await new Promise(setImmediate);
    }
    await root.ask({ type: 'release', partitionId: 1 });
    expect(readFileSync(path, 'utf8')).toBe(expected.slice(0, 100_000));
    rmSync(directory, { recursive: true });
  });
});
