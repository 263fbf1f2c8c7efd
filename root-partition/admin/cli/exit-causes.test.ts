import { expect, it } from 'vitest';
import type { PartitionStatistics, ProfileEntry } from '../../../hypervisor/index.ts';
import { exitCauses } from './exit-causes.ts';

const entry = (calledFor: string[], milliseconds: number): ProfileEntry => ({
  name: calledFor.at(-1) ?? 'interpret',
  isWasm: calledFor.length === 0,
  calledFor,
  milliseconds,
});
const counters = {
  hypercalls: 100,
  idleCalls: 7,
  codePublished: 30,
  codeRefused: 2,
  eventsSignalled: 8,
} as PartitionStatistics['counters'];

it('exits are told apart by their way through the hypervisor, and counted', () => {
  const entries = [
    entry([], 1000),
    entry(['wasm-to-js', 'hypercall', 'dispatch', 'publishCode'], 5),
    entry(['wasm-to-js', 'hypercall', 'dispatch', 'publishCode', 'publish', 'Module'], 40),
    entry(['wasm-to-js', 'idle'], 20),
    entry(['wasm-to-js', 'hypercall', 'dispatchFast', 'signalEvent$1'], 3),
    entry(['wasm-to-js', 'referenceTime', 'now'], 2),
    entry(['wasm-to-js', 'hypercall', 'dispatch', 'setVpRegisters'], 1),
  ];
  expect(exitCauses(entries, counters)).toEqual([
    { cause: 'publish code', times: 32, milliseconds: 45 },
    { cause: 'idle', times: 7, milliseconds: 20 },
    { cause: 'signal event', times: 8, milliseconds: 3 },
    { cause: 'read the time', times: null, milliseconds: 2 },
    { cause: 'other hypercalls', times: 60, milliseconds: 1 },
  ]);
});

it('exits of a guest whose counters are gone are known by their time alone', () => {
  expect(exitCauses([entry(['wasm-to-js', 'idle'], 20)], undefined)).toEqual([
    { cause: 'idle', times: null, milliseconds: 20 },
  ]);
});
