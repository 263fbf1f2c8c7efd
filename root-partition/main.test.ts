// The real root partition process, from dist under --jitless, with real sockets and files.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FRAME_CLOSE, FRAME_DATA } from '../hypervisor/abi/frames.ts';
import { rootEngineFlags } from '../hypervisor/isolation/engine-flags.ts';
import { landlockAbi } from '../hypervisor/isolation/landlock.ts';
import { socketPair } from '../hypervisor/isolation/socket-pair.ts';
import type { ChannelConfiguration } from '../hypervisor/vmbus/root-control.ts';
import { openFiles } from './testing/open-files.ts';
import { consolePacket, storagePacket, words } from './testing/packets.ts';
import { PartitionEnd } from './testing/partition-end.ts';
import { RootProcess } from './testing/root-process.ts';

let directory: string;
let root: RootProcess;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'root-partition-'));
  root = new RootProcess();
  await root.event(({ type }) => type === 'ready');
});

afterEach(async () => {
  if (root.process.exitCode === null) await root.stop();
  rmSync(directory, { recursive: true });
});

const disk = (name: string, bytes: number): number => {
  writeFileSync(join(directory, name), Buffer.alloc(bytes, name));
  return root.give(openSync(join(directory, name), 'r+'));
};

const connect = async (partitionId: number, channels: ChannelConfiguration[]): Promise<PartitionEnd> => {
  const [ours, theirs] = socketPair();
  const socket = root.give(theirs);
  const name = `partition ${partitionId}`;
  expect(await root.ask({ type: 'connect', partitionId, name, socket, channels })).toMatchObject({
    ok: true,
  });
  const end = new PartitionEnd(ours);
  await end.offered();
  return end;
};

const raw = (label: string, file: number): ChannelConfiguration => ({
  service: 'storage',
  label,
  volume: { kind: 'raw', file, isReadOnly: false },
});

const rootFiles = (): number => openFiles(root.process.pid as number);

/** Its memory is root's alone to look at; an ordinary user sees an engine with the same flags. */
function mapsOfRoot(): string {
  const read = (): string => readFileSync(`/proc/${root.process.pid}/maps`, 'utf8');
  if (process.getuid?.() === 0) return read();
  expect(read).toThrow('EACCES');
  const script = "console.log(require('fs').readFileSync('/proc/self/maps', 'utf8'))";
  return execFileSync(process.execPath, [...rootEngineFlags(), '-e', script], { encoding: 'utf8' });
}

describe('the root partition process', () => {
  it('carries out storage requests on a file that it was handed, and survives a peer that dies midway', async () => {
    const filesBefore = rootFiles();
    const victim = await connect(1, [raw('disk0', disk('a', 1 << 20))]);
    const neighbour = await connect(2, [raw('disk0', disk('b', 1 << 20))]);
    victim.open(1);
    neighbour.open(1);
    const data = new Uint8Array(65_536).fill(0x5a);
    for (let index = 0; index < 16; index++) {
      victim.data(1, storagePacket({ operation: 2, offset: index * 65_536, data }), index);
      neighbour.data(1, storagePacket({ operation: 2, offset: index * 65_536, data }), index);
    }
    victim.socket.destroy();
    await root.event((event) => event.type === 'connection-ended' && event.partitionId === 1);
    for (let index = 0; index < 16; index++)
      expect([...(await neighbour.answer(index)).subarray(0, 8)]).toEqual([0, 0, 0, 0, 0, 0, 1, 0]);
    neighbour.data(1, storagePacket({ operation: 3 }), 99);
    await neighbour.answer(99);
    expect(readFileSync(join(directory, 'b')).every((byte) => byte === 0x5a)).toBe(true);
    expect(await root.ask({ type: 'release', partitionId: 1 })).toMatchObject({ ok: true });
    expect(await root.ask({ type: 'release', partitionId: 2 })).toMatchObject({ ok: true });
    expect(rootFiles()).toBe(filesBefore);
  });

  it('has confined itself before it hears of any partition', () => {
    const ready = root.events.find((event) => event.type === 'ready');
    const walls = ready?.type === 'ready' ? ready.walls.join('\n') : '';
    expect(walls.includes('Landlock')).toBe(landlockAbi() > 0);
    expect(walls).toContain('no core dump');
    expect(walls).toContain('seccomp');
    const threads = readdirSync(`/proc/${root.process.pid}/task`);
    expect(threads.length).toBeGreaterThan(1);
    for (const thread of threads) {
      const status = readFileSync(`/proc/${root.process.pid}/task/${thread}/status`, 'utf8');
      expect(status).toMatch(/NoNewPrivs:\s+1/);
      expect(status).toMatch(/Seccomp:\s+2/);
      // In a container that has no other users the process stays root within it, and says so by its walls.
      if (walls.includes('no capabilities')) expect(status).toMatch(/CapEff:\s+0{16}/);
    }
  });

  it('serves every kind of device from within its confinement', async () => {
    writeFileSync(join(directory, 'overlay'), '');
    const overlay = root.give(openSync(join(directory, 'overlay'), 'r+'));
    const trace = root.give(openSync(join(directory, 'trace'), 'w'));
    const end = await connect(3, [
      {
        service: 'storage',
        label: 'disk0',
        volume: { kind: 'overlay', base: disk('base', 1 << 20), overlay },
      },
      raw('disk1', disk('raw', 1 << 20)),
      { service: 'entropy', label: 'entropy' },
      { service: 'clock', label: 'clock' },
      { service: 'sink', label: 'trace', file: trace, maxBytes: 100 },
    ]);
    for (let channel = 1; channel <= 5; channel++) end.open(channel);
    const ask = (channel: number, packet: Uint8Array): Promise<Uint8Array> => {
      end.data(channel, packet, channel);
      return end.answer(channel);
    };
    for (const channel of [1, 2]) {
      const data = new Uint8Array(4096).fill(channel);
      expect((await ask(channel, storagePacket({ operation: 2, data })))[0]).toBe(0);
      expect((await ask(channel, storagePacket({ operation: 3 })))[0]).toBe(0);
      for (const operation of [4, 5]) {
        expect((await ask(channel, storagePacket({ operation, offset: 65_536, length: 131_072 })))[0]).toBe(
          0,
        );
      }
      expect((await ask(channel, storagePacket({ operation: 1, length: 4096 }))).subarray(8)).toEqual(data);
    }
    expect((await ask(3, words(4096, 0))).length).toBe(4096);
    expect((await ask(4, words(1, 0))).length).toBe(16);
    end.data(5, consolePacket('traced'));
    expect(await root.ask({ type: 'release', partitionId: 3 })).toMatchObject({ ok: true });
    expect(readFileSync(join(directory, 'trace'), 'utf8')).toBe('traced');
  });

  it('has no memory that is both writable and executable', () => {
    const maps = mapsOfRoot().split('\n');
    expect(maps.length).toBeGreaterThan(10);
    expect(maps.filter((line) => /^\S+ .?wx/.test(line))).toEqual([]);
  });

  it('gives an attached reader scroll-back, live output and input, across a reset of the partition', async () => {
    const first = await connect(7, [{ service: 'console', label: 'console' }]);
    first.open(1);
    first.data(1, consolePacket('before\n'));
    first.send(FRAME_CLOSE, 1);
    first.socket.end();
    await root.event((event) => event.type === 'connection-ended');
    const [ours, theirs] = socketPair();
    const attach = {
      type: 'attach-console',
      partitionId: 7,
      readerId: 1,
      socket: root.give(theirs),
    } as const;
    expect(await root.ask(attach)).toMatchObject({ ok: true });
    const [partitionFd, rootFd] = socketPair();
    await root.ask({ type: 'reconnect', partitionId: 7, socket: root.give(rootFd) });
    const second = new PartitionEnd(partitionFd);
    await second.offered();
    second.open(1);
    second.data(1, consolePacket('after\n'));
    const reader = new Socket({ fd: ours, readable: true, writable: true });
    let output = '';
    await new Promise<void>((resolve) => {
      reader.on('data', (bytes: Buffer) => {
        output += bytes.toString();
        if (output === 'before\nafter\n') resolve();
      });
    });
    reader.write('typed');
    const input = await second.take((frame) => frame.kind === FRAME_DATA);
    expect(Buffer.from(input.payload.subarray(4)).toString()).toBe('typed');
    reader.destroy();
    await root.event((event) => event.type === 'reader-ended');
    second.socket.destroy();
  });

  it('exits with 0 on shutdown and when the hypervisor is gone', async () => {
    expect(await root.stop()).toBe(0);
    const other = new RootProcess();
    await other.event(({ type }) => type === 'ready');
    const exit = new Promise((resolve) => other.process.on('exit', resolve));
    other.process.disconnect();
    expect(await exit).toBe(0);
  });
});
