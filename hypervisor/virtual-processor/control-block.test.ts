// The control block's layout and its locks, between real threads.
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { HV_SYNIC_SINT_COUNT } from '../abi/synic.ts';
import { VMBUS_MAX_CHANNELS, VMBUS_OFFER_LABEL_BYTES } from '../abi/vmbus.ts';
import {
  CB_CHANNEL,
  CB_COUNTER,
  CB_REASON,
  CB_SINT,
  CB_SYNIC_LOCK,
  CHANNEL_ROW_WORDS,
  channelWord,
  counterNames,
  createControlBlock,
  labelByte,
  lock,
  queueWord,
  REASON_BYTES,
  reasonByte,
  unlock,
  vmbusQueueWord,
} from './control-block.ts';

const THREADS = 3;
const TURNS = 20_000;

describe('the control block', () => {
  it('keeps its parts apart and within its bytes', () => {
    const ends: [start: number, end: number][] = [
      [0, CB_REASON + 1],
      [CB_SINT, CB_SINT + HV_SYNIC_SINT_COUNT],
      [CB_COUNTER, CB_COUNTER + counterNames.length],
      [CB_CHANNEL, channelWord(VMBUS_MAX_CHANNELS) + CHANNEL_ROW_WORDS],
      [queueWord(0), queueWord(HV_SYNIC_SINT_COUNT)],
      [vmbusQueueWord, labelByte(0) / 4],
      [labelByte(0) / 4, labelByte(VMBUS_MAX_CHANNELS + 1) / 4],
      [reasonByte / 4, (reasonByte + REASON_BYTES) / 4],
    ];
    ends.forEach(([start], index) => {
      if (index > 0) expect(start).toBeGreaterThanOrEqual(ends[index - 1]?.[1] as number);
    });
    expect(createControlBlock().byteLength).toBeGreaterThanOrEqual(
      labelByte(VMBUS_MAX_CHANNELS) + VMBUS_OFFER_LABEL_BYTES,
    );
  });

  it('has locks that one thread holds at a time', async () => {
    const words = new Int32Array(createControlBlock());
    const file = new URL('./control-block.ts', import.meta.url).href;
    // A sum that loses additions unless each read and write of it is alone.
    const program = `import { workerData } from 'node:worker_threads';
      import { lock, unlock } from ${JSON.stringify(file)};
      const words = new Int32Array(workerData);
      for (let turn = 0; turn < ${TURNS}; turn++) {
        lock(words, ${CB_SYNIC_LOCK});
        const before = words[${CB_COUNTER}];
        for (let pause = 0; pause < 20; pause++) Atomics.load(words, 1);
        words[${CB_COUNTER}] = before + 1;
        unlock(words, ${CB_SYNIC_LOCK});
      }`;
    const url = new URL(`data:text/javascript,${encodeURIComponent(program)}`);
    const workers = Array.from({ length: THREADS }, () => new Worker(url, { workerData: words.buffer }));
    await Promise.all(
      workers.map(
        (worker) => new Promise((resolve, reject) => worker.once('exit', resolve).once('error', reject)),
      ),
    );
    expect(words[CB_COUNTER]).toBe(THREADS * TURNS);
    lock(words, CB_SYNIC_LOCK);
    expect(words[CB_SYNIC_LOCK]).toBe(1);
    unlock(words, CB_SYNIC_LOCK);
    expect(words[CB_SYNIC_LOCK]).toBe(0);
  });
});
