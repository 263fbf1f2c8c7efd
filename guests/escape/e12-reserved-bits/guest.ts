// Makes a harmless hypercall with everything in its control word that must not be there, bit by bit. Says what was
// accepted.

import {
  HV_EXIT_POWER_OFF,
  HV_HYPERCALL_FAST,
  HV_VP_HALTED,
  HVCALL_GET_BOOT_ARGUMENTS,
} from '../../../hypervisor/abi/hypercalls.ts';
import { consoleOpen, consoleWrite } from '../../lib/console.ts';
import { hypercall } from '../../lib/hv.ts';
import { exitPartition } from '../../lib/hypercalls.ts';
import { allocatePages } from '../../lib/memory-pages.ts';

let tried: u32 = 0;
let accepted: u32 = 0;

function attempt(console: usize, page: usize, lo: u32, hi: u32): void {
  tried++;
  if ((hypercall(HVCALL_GET_BOOT_ARGUMENTS | lo, hi, 0, 0, <u32>page, 0) & 0xffff) != 0) return;
  accepted++;
  consoleWrite(console, `accepted: 0x${hi.toString(16)} 0x${lo.toString(16)}\n`);
}

export function run(_vpIndex: i32, _budget: i32): i32 {
  const console = consoleOpen();
  const page = allocatePages(1);
  // Variable header, reserved bits and the nested bit; then the form, and repetitions of what does not repeat.
  for (let bit: u32 = 17; bit < 32; bit++) attempt(console, page, 1 << bit, 0);
  for (let bit: u32 = 0; bit < 32; bit++) attempt(console, page, 0, 1 << bit);
  attempt(console, page, HV_HYPERCALL_FAST, 0);
  consoleWrite(console, `${accepted} of ${tried} accepted\n`);
  exitPartition(HV_EXIT_POWER_OFF, 0);
  return HV_VP_HALTED;
}
