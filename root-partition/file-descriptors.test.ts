// Descriptors travel between processes with their numbers and are never leaked.
import {
  closeSync,
  fstatSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FileDescriptorSender } from '../hypervisor/isolation/send-file-descriptor.ts';
import { socketPair } from '../hypervisor/isolation/socket-pair.ts';
import { FileDescriptors } from './file-descriptors.ts';

describe('file descriptors over a socket pair', () => {
  it('arrive under the number that the sender returned, close-on-exec', () => {
    const directory = mkdtempSync(join(tmpdir(), 'descriptors-'));
    const path = join(directory, 'file');
    writeFileSync(path, 'contents');
    const [hypervisorEnd, rootEnd] = socketPair();
    const sender = new FileDescriptorSender(hypervisorEnd);
    const receiver = new FileDescriptors(rootEnd);
    const fd = openSync(path, 'r');
    const first = sender.send(fd);
    const second = sender.send(hypervisorEnd);
    closeSync(fd);
    const received = receiver.take(first) as number;
    const bytes = Buffer.alloc(8);
    expect(readSync(received, bytes, 0, 8, 0)).toBe(8);
    expect(bytes.toString()).toBe('contents');
    expect(readFileSync(`/proc/self/fdinfo/${received}`, 'utf8')).toMatch(/flags:\s+02\d*/);
    expect(receiver.take(first)).toBeUndefined();
    const socket = receiver.take(second) as number;
    expect(fstatSync(socket).isSocket()).toBe(true);
    for (const open of [received, socket, hypervisorEnd, rootEnd]) closeSync(open);
    rmSync(directory, { recursive: true });
  });

  it('knows nothing of numbers that were not sent, and closes what nobody took', () => {
    const [hypervisorEnd, rootEnd] = socketPair();
    const sender = new FileDescriptorSender(hypervisorEnd);
    const receiver = new FileDescriptors(rootEnd);
    const [left, right] = socketPair();
    sender.send(right);
    closeSync(right);
    expect(receiver.take(77)).toBeUndefined();
    receiver.close();
    expect(readSync(left, Buffer.alloc(1))).toBe(0);
    for (const open of [left, hypervisorEnd, rootEnd]) closeSync(open);
  });

  it('refuses to send when the peer is gone or the descriptor is not open', () => {
    const [hypervisorEnd, rootEnd] = socketPair();
    const sender = new FileDescriptorSender(hypervisorEnd);
    expect(() => sender.send(999_999)).toThrow('not taken');
    closeSync(rootEnd);
    expect(() => sender.send(hypervisorEnd)).toThrow('not taken');
    closeSync(hypervisorEnd);
  });
});
