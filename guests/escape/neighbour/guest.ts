// The neighbour: another tenant's unikernel. It keeps many copies of a secret, its canary, and answers each line typed
// to it with how often it has answered and whether all copies are as they were. Messages from other partitions are
// told on its console as they come.

import { HV_VP_HALTED } from '../../../hypervisor/abi/hypercalls.ts';
import {
  HV_MESSAGE_PAYLOAD_OFFSET,
  HV_MESSAGE_PAYLOAD_SIZE_OFFSET,
  HV_MESSAGE_SIZE,
} from '../../../hypervisor/abi/synic.ts';
import { bootArgumentLength, findBootArgument, readBootArguments } from '../../lib/boot-arguments.ts';
import { consoleOpen, consoleRead, consoleWrite } from '../../lib/console.ts';
import { idle } from '../../lib/hv.ts';
import { allocatePages } from '../../lib/memory-pages.ts';
import { vmbusRegion } from '../../lib/partition.ts';
import { channelHasPacket, PEER_SINT, releaseMessage } from '../../lib/vmbus.ts';

const COPIES: u32 = 256;
const COPY_BYTES: u32 = 256;

function areIntact(copies: usize, canary: usize, length: u32): bool {
  for (let copy: u32 = 0; copy < COPIES; copy++) {
    if (memory.compare(copies + copy * COPY_BYTES, canary, length) != 0) return false;
  }
  return true;
}

function tellMessages(console: usize): void {
  const slot = vmbusRegion() + PEER_SINT * HV_MESSAGE_SIZE;
  while (atomic.load<u32>(slot) != 0) {
    const type = load<u32>(slot);
    const length = load<u8>(slot + HV_MESSAGE_PAYLOAD_SIZE_OFFSET);
    const first = load<u32>(slot + HV_MESSAGE_PAYLOAD_OFFSET);
    consoleWrite(console, `message of type ${type}, ${length} bytes, first word ${first}\n`);
    releaseMessage(vmbusRegion(), PEER_SINT);
  }
}

export function run(_vpIndex: i32, _budget: i32): i32 {
  const console = consoleOpen();
  const page = allocatePages(1);
  readBootArguments(page);
  const canary = findBootArgument(page, 'canary');
  const length = bootArgumentLength(page, canary);
  const copies = allocatePages((COPIES * COPY_BYTES) >> 12);
  for (let copy: u32 = 0; copy < COPIES; copy++) memory.copy(copies + copy * COPY_BYTES, canary, length);
  const line = heap.alloc(256);
  consoleWrite(console, 'the neighbour is up\n');
  for (let beat: u32 = 1; beat != 0; beat++) {
    while (!channelHasPacket(console)) {
      tellMessages(console);
      idle(Infinity);
    }
    consoleRead(console, line, 256);
    tellMessages(console);
    consoleWrite(
      console,
      `beat ${beat}: canary ${areIntact(copies, canary, length) ? 'intact' : 'changed'}\n`,
    );
  }
  return HV_VP_HALTED;
}
