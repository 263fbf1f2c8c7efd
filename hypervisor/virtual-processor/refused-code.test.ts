// Refused publications: counted each, told of in bounded number, with a reason that holds none of the guest's bytes.
import { describe, expect, it } from 'vitest';
import { HVCALL_PUBLISH_CODE } from '../abi/hypercalls.ts';
import { HV_STATUS_ACCESS_DENIED, HV_STATUS_SUCCESS } from '../abi/status.ts';
import { FIRST_PUBLISHED_INDEX } from '../code-publishing/code-publisher.ts';
import { unitModule } from '../code-publishing/testing/unit-module.ts';
import { CallingPartition } from '../hypercall/testing/calling-partition.ts';
import { counterWord, createControlBlock, REASON_BYTES } from './control-block.ts';
import { noteRefusal, REPORT_INTERVAL_MS, RefusalWatch } from './refused-code.ts';

const MODULE = 0x4000;
const { Table } = WebAssembly as unknown as { Table: new (type: object) => unknown };

const counted = ({ words }: CallingPartition): number[] =>
  (['codePublished', 'codeRefused', 'codeRefusedByCheck', 'codeRefusedByEngine'] as const).map(
    (name) => words[counterWord[name]] as number,
  );

/** Publishes by hypercall. @param output the index, and what is above its 32 bits */
function publish(
  partition: CallingPartition,
  bytes: Uint8Array,
  output = FIRST_PUBLISHED_INDEX,
  at = MODULE,
): number {
  partition.memory.bytes.set(bytes, MODULE);
  const input = at + 2 ** 32 * bytes.length;
  return partition.call({ code: HVCALL_PUBLISH_CODE, isFast: true, input, output }).status;
}

/** Reports of a watch whose interval passes when the test says so. */
function watching(words: Int32Array) {
  const reports: string[] = [];
  const waits: { ms: number; pass: () => void }[] = [];
  const wait = (ms: number): Promise<void> => new Promise((pass) => waits.push({ ms, pass }));
  const watch = new RefusalWatch(words, (reason) => reports.push(reason), wait);
  const untilWaiting = async (count: number): Promise<void> => {
    while (waits.length < count) await new Promise(setImmediate);
  };
  return { watch, reports, waits, untilWaiting };
}

describe('a publication', () => {
  it('is counted, and by who refused it', () => {
    const partition = new CallingPartition();
    partition.publisher.attach(new Table({ element: 'anyfunc', initial: 1 }));
    expect(publish(partition, unitModule())).toBe(HV_STATUS_SUCCESS);
    expect(counted(partition)).toEqual([1, 0, 0, 0]);
    publish(partition, unitModule({ functions: [0] }));
    expect(counted(partition)).toEqual([1, 1, 1, 0]);
    publish(partition, unitModule({ code: [0x42, 0, 0x0b] }));
    expect(counted(partition)).toEqual([1, 2, 1, 1]);
    publish(partition, unitModule(), 1);
    publish(partition, unitModule(), FIRST_PUBLISHED_INDEX + 2 ** 32);
    publish(partition, unitModule(), FIRST_PUBLISHED_INDEX, partition.memory.bytes.length - 8);
    expect(counted(partition)).toEqual([1, 5, 1, 1]);
  });

  it('is counted where there is nothing to publish to, or nothing may be published', () => {
    const noTable = new CallingPartition();
    publish(noTable, unitModule());
    expect(counted(noTable)).toEqual([0, 1, 0, 0]);
    const forbidden = new CallingPartition(undefined, { mayPublishCode: false });
    expect(publish(forbidden, unitModule())).toBe(HV_STATUS_ACCESS_DENIED);
    expect(counted(forbidden)).toEqual([0, 1, 0, 0]);
  });
});

describe('a watch over refusals', () => {
  it('reports the first at once, and after the interval those that came since, with the first reason', async () => {
    const words = new Int32Array(createControlBlock());
    const { watch, reports, waits, untilWaiting } = watching(words);
    noteRefusal(words, 'check', 'one');
    await untilWaiting(1);
    expect(reports).toEqual(['one']);
    for (let count = 0; count < 100_000; count++) noteRefusal(words, 'check', `another ${count}`);
    await new Promise(setImmediate);
    expect(reports).toEqual(['one']);
    expect(waits[0]?.ms).toBe(REPORT_INTERVAL_MS);
    waits[0]?.pass();
    await untilWaiting(2);
    expect(reports).toEqual(['one', 'another 0']);
    watch.close();
  });

  it('reports what is left when it is asked to, and nothing twice', async () => {
    const words = new Int32Array(createControlBlock());
    const { watch, reports, waits, untilWaiting } = watching(words);
    noteRefusal(words, 'call', 'one');
    await untilWaiting(1);
    noteRefusal(words, 'call', 'two');
    watch.flush();
    watch.flush();
    expect(reports).toEqual(['one', 'two']);
    watch.close();
    noteRefusal(words, 'call', 'three');
    watch.flush();
    waits[0]?.pass();
    await new Promise(setImmediate);
    expect(reports).toEqual(['one', 'two']);
  });

  it('keeps a reason within its place', async () => {
    const words = new Int32Array(createControlBlock());
    const { watch, reports, untilWaiting } = watching(words);
    noteRefusal(words, 'check', 'x'.repeat(10_000));
    await untilWaiting(1);
    expect(reports).toEqual(['x'.repeat(REASON_BYTES)]);
    watch.close();
  });
});
