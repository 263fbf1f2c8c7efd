// With the boot argument `secret` it leaves that all over its memory and ends. Without, it looks for what another guest
// has left there, before it has written anything itself, and says what it finds.

import { HV_EXIT_POWER_OFF, HV_VP_HALTED } from '../../../hypervisor/abi/hypercalls.ts';
import { bootArgumentLength, findBootArgument, readBootArguments } from '../../lib/boot-arguments.ts';
import { consoleOpen, consoleWrite, consoleWriteBytes } from '../../lib/console.ts';
import { exitPartition } from '../../lib/hypercalls.ts';
import { allocatePages } from '../../lib/memory-pages.ts';

/** Above all that this guest itself uses. */
const START: usize = 0x10_0000;
const STRIDE: usize = 4096;
/** "secr", and "et=" in the three bytes after it. */
const PREFIX: u32 = 0x7263_6573;
const PREFIX_END: u32 = 0x3d_7465;
const FOUND_BYTES: u32 = 39;

function find(): usize {
  const end = (<usize>memory.size()) << 16;
  for (let at = START; at < end; at += STRIDE) {
    if (load<u32>(at) == PREFIX && (load<u32>(at, 4) & 0xff_ffff) == PREFIX_END) return at;
  }
  return 0;
}

export function run(_vpIndex: i32, _budget: i32): i32 {
  const found = find();
  const console = consoleOpen();
  const page = allocatePages(1);
  readBootArguments(page);
  const secret = findBootArgument(page, 'secret');
  if (secret != 0) {
    const line = secret - 7;
    const length = bootArgumentLength(page, secret) + 7;
    for (let at = START; at < (<usize>memory.size()) << 16; at += STRIDE) memory.copy(at, line, length);
  } else if (found == 0) {
    consoleWrite(console, 'nothing was left\n');
  } else {
    consoleWriteBytes(console, found, FOUND_BYTES);
  }
  exitPartition(HV_EXIT_POWER_OFF, 0);
  return HV_VP_HALTED;
}
