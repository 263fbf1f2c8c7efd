// Loads from as far beyond its memory as the boot argument `beyond` says, tells what it got, and goes on from there
// until it finds something.

import { HV_EXIT_POWER_OFF, HV_VP_HALTED } from '../../../hypervisor/abi/hypercalls.ts';
import { bootArgumentNumber, readBootArguments } from '../../lib/boot-arguments.ts';
import { consoleOpen, consoleWrite } from '../../lib/console.ts';
import { exitPartition } from '../../lib/hypercalls.ts';
import { allocatePages } from '../../lib/memory-pages.ts';

const STRIDE: u32 = 64;
const STEPS: u32 = 65_536;

export function run(_vpIndex: i32, _budget: i32): i32 {
  const console = consoleOpen();
  const page = allocatePages(1);
  readBootArguments(page);
  const beyond = <u32>bootArgumentNumber(page, 'beyond', 0);
  const at = ((<u32>memory.size()) << 16) + beyond;
  consoleWrite(console, `loading from ${at}\n`);
  consoleWrite(console, `got ${load<u64>(at)}\n`);
  for (let step: u32 = 0; step < STEPS; step++) {
    const word = load<u64>(at + step * STRIDE);
    if (word == 0) continue;
    consoleWrite(console, `found 0x${word.toString(16)} ${step * STRIDE} bytes further\n`);
    break;
  }
  exitPartition(HV_EXIT_POWER_OFF, 0);
  return HV_VP_HALTED;
}
