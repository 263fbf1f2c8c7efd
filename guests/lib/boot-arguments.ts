// Boot arguments: `key=value` lines that the hypervisor hands to a guest at start, at most 4096 bytes.
import { HV_BOOT_ARGUMENTS_BYTES } from '../../hypervisor/abi/hypercalls.ts';
import { getBootArguments } from './hypercalls.ts';

/** Reads the arguments into the page at `page` (4096 bytes, page aligned), which the functions below search. */
export function readBootArguments(page: usize): bool {
  return (getBootArguments(page) & 0xffff) == 0;
}

/** Address of the value of `key`, 0 when there is none; ends at the line's end (see bootArgumentLength). */
export function findBootArgument(page: usize, key: string): usize {
  const end = page + HV_BOOT_ARGUMENTS_BYTES;
  let line = page;
  while (line < end && load<u8>(line) != 0) {
    let i: i32 = 0;
    while (i < key.length && line + i < end && load<u8>(line + i) == <u8>key.charCodeAt(i)) i++;
    if (i == key.length && line + i < end && load<u8>(line + i) == 0x3d) return line + i + 1;
    while (line < end && load<u8>(line) != 0x0a && load<u8>(line) != 0) line++;
    if (line < end && load<u8>(line) == 0x0a) line++;
  }
  return 0;
}

/** Bytes of the value at `value`, which lies in the page at `page`. */
export function bootArgumentLength(page: usize, value: usize): u32 {
  let end = value;
  while (end < page + HV_BOOT_ARGUMENTS_BYTES && load<u8>(end) != 0x0a && load<u8>(end) != 0) end++;
  return <u32>(end - value);
}

/** The decimal value of `key`, or `otherwise` when it is missing or not a number. */
export function bootArgumentNumber(page: usize, key: string, otherwise: u64): u64 {
  const value = findBootArgument(page, key);
  if (value == 0) return otherwise;
  const length = bootArgumentLength(page, value);
  if (length == 0) return otherwise;
  let number: u64 = 0;
  for (let i: u32 = 0; i < length; i++) {
    const digit = <u32>load<u8>(value + i) - 0x30;
    if (digit > 9) return otherwise;
    number = number * 10 + digit;
  }
  return number;
}

/** Whether `key` has exactly the value `expected`. */
export function bootArgumentIs(page: usize, key: string, expected: string): bool {
  const value = findBootArgument(page, key);
  if (value == 0 || bootArgumentLength(page, value) != <u32>expected.length) return false;
  for (let i: i32 = 0; i < expected.length; i++) {
    if (load<u8>(value + i) != <u8>expected.charCodeAt(i)) return false;
  }
  return true;
}
