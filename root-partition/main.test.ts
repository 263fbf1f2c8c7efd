// The real root partition process, from dist under --jitless, with real sockets and files.
import { mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FRAME_CLOSE, FRAME_DATA } from '../hypervisor/abi/frames.ts';
import { socketPair } from '../hypervisor/isolation/socket-pair.ts';
import type { ChannelConfiguration } from '../hypervisor/vmbus/root-control.ts';
import { consolePacket, storagePacket } from './testing/packets.ts';
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

const openFiles = (): number => readdirSync(`/proc/${root.process.pid}/fd`).length;

describe('the root partition process', () => {
  it('carries out storage requests on a file that it was handed, and survives a peer that dies midway', async () => {
    const filesBefore = openFiles();
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
    expect(openFiles()).toBe(filesBefore);
  });

  it('has no memory that is both writable and executable', () => {
    const maps = readFileSync(`/proc/${root.process.pid}/maps`, 'utf8').split('\n');
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
