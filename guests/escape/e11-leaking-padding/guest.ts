// Has its boot arguments written to memory that it has filled before, and prints what it finds there that is neither
// its own filling nor zero.

import { HV_EXIT_POWER_OFF, HV_VP_HALTED } from '../../../hypervisor/abi/hypercalls.ts';
import { consoleOpen, consoleWrite, consoleWriteBytes } from '../../lib/console.ts';
import { exitPartition, getBootArguments } from '../../lib/hypercalls.ts';
import { allocatePages } from '../../lib/memory-pages.ts';

/** More than the hypervisor may write, by far. */
const PAGES: u32 = 32;
const FILLING: u8 = 0xaa;

export function run(_vpIndex: i32, _budget: i32): i32 {
  const console = consoleOpen();
  const region = allocatePages(PAGES);
  const found = allocatePages(PAGES);
  memory.fill(region, FILLING, PAGES << 12);
  const status = getBootArguments(region) & 0xffff;
  let count: u32 = 0;
  for (let at = region; at < region + (PAGES << 12); at++) {
    const byte = load<u8>(at);
    if (byte != FILLING && byte != 0) store<u8>(found + count++, byte);
  }
  consoleWrite(console, `status ${status}, ${count} bytes:\n`);
  consoleWriteBytes(console, found, count);
  exitPartition(HV_EXIT_POWER_OFF, 0);
  return HV_VP_HALTED;
}
