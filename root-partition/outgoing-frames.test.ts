import { closeSync, openSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FRAME_COMPLETION } from '../hypervisor/abi/frames.ts';
import { closeDescriptor } from '../hypervisor/isolation/descriptors.ts';
import { socketPair } from '../hypervisor/isolation/socket-pair.ts';
import { OutgoingFrames } from './outgoing-frames.ts';
import { PartitionSocket } from './partition-socket.ts';

describe('frames on their way', () => {
  it('never go where another has got the number of the descriptor', () => {
    const [ours, theirs] = socketPair();
    const socket = new PartitionSocket({ fd: ours, readable: true, writable: true });
    const outgoing = new OutgoingFrames(ours, socket);
    outgoing.begin(FRAME_COMPLETION, 1, 8, 1, 0);
    // As the engine does by itself after an error, before anybody hears of it.
    socket.destroy();
    const path = join(tmpdir(), `cofferdam-outgoing-${process.pid}`);
    const next = openSync(path, 'w');
    try {
      expect(next).toBe(ours);
      outgoing.flush();
      expect(statSync(path).size).toBe(0);
      expect(outgoing.writes).toBe(0);
    } finally {
      closeSync(next);
      rmSync(path);
      closeDescriptor(theirs);
    }
  });
});
