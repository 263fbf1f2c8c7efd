// Posts messages to the connection that the boot argument `connection` names: `count` of them, with type `type`, and
// numbers from `first` on in their first words. Says what it was told of each, and how many were accepted.

import { HV_EXIT_POWER_OFF, HV_VP_HALTED } from '../../../hypervisor/abi/hypercalls.ts';
import { bootArgumentNumber, readBootArguments } from '../../lib/boot-arguments.ts';
import { consoleOpen, consoleWrite } from '../../lib/console.ts';
import { exitPartition, postMessage } from '../../lib/hypercalls.ts';
import { allocatePages } from '../../lib/memory-pages.ts';

export function run(_vpIndex: i32, _budget: i32): i32 {
  const console = consoleOpen();
  const page = allocatePages(1);
  readBootArguments(page);
  const connection = <u32>bootArgumentNumber(page, 'connection', 0);
  const type = <u32>bootArgumentNumber(page, 'type', 2);
  const count = <u32>bootArgumentNumber(page, 'count', 1);
  const first = <u32>bootArgumentNumber(page, 'first', 0);
  let accepted: u32 = 0;
  for (let index: u32 = 0; index < count; index++) {
    memory.fill(page, 0, 256);
    store<u32>(page, connection);
    store<u32>(page, type, 8);
    store<u32>(page, 8, 12);
    store<u32>(page, first + index, 16);
    if ((postMessage(page) & 0xffff) == 0) accepted++;
  }
  consoleWrite(console, `${accepted} of ${count} messages of type ${type} accepted\n`);
  exitPartition(HV_EXIT_POWER_OFF, 0);
  return HV_VP_HALTED;
}
