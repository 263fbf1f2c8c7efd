// What publishing costs the host before the check has its say.
import { expect, it } from 'vitest';
import { HV_STATUS_INVALID_PARAMETER, HV_STATUS_SUCCESS } from '../abi/status.ts';
import { GuestMemory } from '../platform/guest-memory.ts';
import { counterWord, createControlBlock } from '../virtual-processor/control-block.ts';
import type { HypercallContext } from './hypercall-context.ts';
import { publishCode } from './partition-calls.ts';

const MEBIBYTE = 1024 * 1024;

it('copies no module out of guest memory that is larger than any that is admitted', () => {
  const words = new Int32Array(createControlBlock());
  const copied: number[] = [];
  const publisher = { publish: (bytes: Uint8Array) => copied.push(bytes.length) && HV_STATUS_SUCCESS };
  const memory = new GuestMemory(new SharedArrayBuffer(64 * MEBIBYTE));
  const context = { words, memory, publisher } as unknown as HypercallContext;
  expect(publishCode(context, [8, MEBIBYTE], [1024, 0])).toBe(HV_STATUS_SUCCESS);
  for (const length of [16 * MEBIBYTE + 1, 63 * MEBIBYTE])
    expect(publishCode(context, [8, length], [1024, 0])).toBe(HV_STATUS_INVALID_PARAMETER);
  expect(copied).toEqual([MEBIBYTE]);
  expect(words[counterWord.codeRefused]).toBe(2);
});
