// Publishes a module, as a machine would whose own code has fallen to its guest: the boot argument `module` has its bytes
// in hexadecimal, `index` is where it is to go, `padding` how many bytes of code are added to it. Says what it was
// told and what stands in the marker; calls what is at the table index `call` then, and says what came back.

import { HV_EXIT_POWER_OFF, HV_VP_HALTED } from '../../../hypervisor/abi/hypercalls.ts';
import {
  bootArgumentLength,
  bootArgumentNumber,
  findBootArgument,
  readBootArguments,
} from '../../lib/boot-arguments.ts';
import { consoleOpen, consoleWrite } from '../../lib/console.ts';
import { exitPartition, publishCode } from '../../lib/hypercalls.ts';
import { allocatePages } from '../../lib/memory-pages.ts';

/** Where published code may leave its mark: above all that this guest uses. */
const MARKER: usize = 0x70_0000;
const CODE_SECTION: u32 = 10;

function digit(character: u32): u32 {
  return character < 0x3a ? character - 0x30 : character - 0x57;
}

/** Decodes the hexadecimal digits; returns how many bytes there are. */
function decode(digits: usize, count: u32, to: usize): u32 {
  for (let i: u32 = 0; i < count; i += 2) {
    store<u8>(to + (i >> 1), (digit(load<u8>(digits + i)) << 4) | digit(load<u8>(digits + i + 1)));
  }
  return count >> 1;
}

/** An unsigned LEB128 of five bytes. */
function writeSize(at: usize, value: u32): void {
  for (let byte: u32 = 0; byte < 4; byte++) store<u8>(at + byte, ((value >> (7 * byte)) & 0x7f) | 0x80);
  store<u8>(at + 4, value >> 28);
}

/** A code section of one function that does nothing, `padding` bytes long; returns its length. */
function writeCode(at: usize, padding: u32): u32 {
  const body = 1 + padding + 3;
  store<u8>(at, CODE_SECTION);
  writeSize(at + 1, 6 + body);
  store<u8>(at + 6, 1);
  writeSize(at + 7, body);
  let to = at + 12;
  store<u8>(to++, 0);
  // local.get 0, drop
  for (let i: u32 = 0; i < padding; i += 3) {
    store<u8>(to++, 0x20);
    store<u8>(to++, 0);
    store<u8>(to++, 0x1a);
  }
  // local.get 0, end
  store<u8>(to++, 0x20);
  store<u8>(to++, 0);
  store<u8>(to++, 0x0b);
  return <u32>(to - at);
}

export function run(_vpIndex: i32, _budget: i32): i32 {
  const console = consoleOpen();
  const page = allocatePages(1);
  readBootArguments(page);
  const index = <u32>bootArgumentNumber(page, 'index', 1024);
  const padding = <u32>bootArgumentNumber(page, 'padding', 0);
  const digits = findBootArgument(page, 'module');
  const module = allocatePages(2 + (padding >> 12));
  let length = decode(digits, bootArgumentLength(page, digits), module);
  if (padding != 0) length += writeCode(module + length, padding);
  store<u32>(MARKER, 0);
  const status = publishCode(module, length, index);
  consoleWrite(console, `publish ${length} bytes at ${index}: status ${status}\n`);
  consoleWrite(console, `marker ${load<u32>(MARKER)}\n`);
  const call = <u32>bootArgumentNumber(page, 'call', index);
  if (status == 0) consoleWrite(console, `call ${call_indirect<i32>(call, 7, 0, <u64>0, 0)}\n`);
  exitPartition(HV_EXIT_POWER_OFF, 0);
  return HV_VP_HALTED;
}
