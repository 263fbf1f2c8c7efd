// Writes a flattened device tree, version 17 (Devicetree Specification 0.4, chapter 5), straight into guest RAM.
//
//   header (40 bytes) | memory reservations (16 zero bytes) | structure | strings
import { TREE_STRINGS, TREE_STRINGS_BYTES } from '../devices/device-memory.ts';

const MAGIC: u32 = 0xd00dfeed;
const HEADER_BYTES: usize = 40;
const RESERVATIONS_BYTES: usize = 16;
const BEGIN_NODE: u32 = 1;
const END_NODE: u32 = 2;
const PROPERTY: u32 = 3;
const END: u32 = 9;

// Building the tree happens once, before the guest runs: these are no part of a snapshot.
let tree: usize = 0;
let at: usize = 0;
let stringsUsed: usize = 0;

/** Starts a tree at `address` (8-byte aligned). */
export function treeBegin(address: usize): void {
  tree = address;
  at = address + HEADER_BYTES + RESERVATIONS_BYTES;
  memory.fill(address, 0, HEADER_BYTES + RESERVATIONS_BYTES);
  stringsUsed = 0;
}

function put(value: u32): void {
  store<u32>(at, bswap(value));
  at += 4;
}

function putText(text: string): void {
  for (let i: i32 = 0; i < text.length; i++) store<u8>(at++, <u8>text.charCodeAt(i));
}

function pad(): void {
  while ((at & 3) != 0) store<u8>(at++, 0);
}

/** Opens a node: `name`, and `@unit` in hexadecimal unless `unit` is all ones. */
export function nodeBegin(name: string, unit: u64 = u64.MAX_VALUE): void {
  put(BEGIN_NODE);
  putText(name);
  if (unit != u64.MAX_VALUE) {
    store<u8>(at++, 0x40);
    putText(unit.toString(16));
  }
  store<u8>(at++, 0);
  pad();
}

export function nodeEnd(): void {
  put(END_NODE);
}

/** Offset of a property's name in the strings block, where each stands once. */
function stringOffset(name: string): u32 {
  let offset: usize = 0;
  while (offset < stringsUsed) {
    let i: i32 = 0;
    while (i < name.length && load<u8>(TREE_STRINGS + offset + i) == <u8>name.charCodeAt(i)) i++;
    if (i == name.length && load<u8>(TREE_STRINGS + offset + i) == 0) return <u32>offset;
    while (load<u8>(TREE_STRINGS + offset) != 0) offset++;
    offset++;
  }
  assert(stringsUsed + name.length < TREE_STRINGS_BYTES);
  for (let i: i32 = 0; i < name.length; i++)
    store<u8>(TREE_STRINGS + stringsUsed + i, <u8>name.charCodeAt(i));
  store<u8>(TREE_STRINGS + stringsUsed + name.length, 0);
  stringsUsed += name.length + 1;
  return <u32>offset;
}

function propertyBegin(name: string, length: u32): void {
  put(PROPERTY);
  put(length);
  put(stringOffset(name));
}

export function propertyEmpty(name: string): void {
  propertyBegin(name, 0);
}

export function property32(name: string, value: u32): void {
  propertyBegin(name, 4);
  put(value);
}

/** A list of 32-bit cells. */
export function propertyCells(name: string, cells: StaticArray<u32>): void {
  propertyBegin(name, <u32>cells.length * 4);
  for (let i: i32 = 0; i < cells.length; i++) put(cells[i]);
}

/** Address and size, 64 bits each. */
export function propertyRange(name: string, address: u64, size: u64): void {
  propertyBegin(name, 16);
  put(<u32>(address >> 32));
  put(<u32>address);
  put(<u32>(size >> 32));
  put(<u32>size);
}

export function property64(name: string, value: u64): void {
  propertyBegin(name, 8);
  put(<u32>(value >> 32));
  put(<u32>value);
}

/** A string, or several with `|` between them. */
export function propertyText(name: string, text: string): void {
  propertyBegin(name, <u32>text.length + 1);
  for (let i: i32 = 0; i < text.length; i++) {
    const character = <u8>text.charCodeAt(i);
    store<u8>(at++, character == 0x7c ? 0 : character);
  }
  store<u8>(at++, 0);
  pad();
}

/** Bytes as they are, with a terminating zero when `isText`. */
export function propertyBytes(name: string, source: usize, length: u32, isText: bool): void {
  propertyBegin(name, length + (isText ? 1 : 0));
  memory.copy(at, source, length);
  at += length;
  if (isText) store<u8>(at++, 0);
  pad();
}

/** Finishes the tree and returns its size in bytes. */
export function treeEnd(): u32 {
  put(END);
  const structure = tree + HEADER_BYTES + RESERVATIONS_BYTES;
  const strings = at;
  memory.copy(strings, TREE_STRINGS, stringsUsed);
  const total = <u32>(strings + stringsUsed - tree);
  at = tree;
  put(MAGIC);
  put(total);
  put(<u32>(structure - tree));
  put(<u32>(strings - tree));
  put(<u32>HEADER_BYTES);
  put(17);
  put(16);
  put(0);
  put(<u32>stringsUsed);
  put(<u32>(strings - structure));
  return total;
}
