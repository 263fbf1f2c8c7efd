// A guest that misbehaves on purpose, in the way that its boot argument `mode` names. It ends with power-off when it
// got through what it tried; the tests look at what became of everybody else.

import { bootArgumentIs, bootArgumentNumber, readBootArguments } from '../../../guests/lib/boot-arguments.ts';
import { hypercall } from '../../../guests/lib/hv.ts';
import { exitPartition } from '../../../guests/lib/hypercalls.ts';
import { allocatePages } from '../../../guests/lib/memory-pages.ts';
import { openService, vmbusRegion } from '../../../guests/lib/partition.ts';
import { channelKick, channelQueue, closeChannel } from '../../../guests/lib/vmbus.ts';
import { CONSOLE_HEADER_BYTES, CONSOLE_OUTPUT } from '../../abi/channels/console.ts';
import { CHANNEL_SERVICE_CONSOLE, CHANNEL_SERVICE_STORAGE } from '../../abi/channels/services.ts';
import { STORAGE_READ, STORAGE_REQUEST_HEADER_BYTES } from '../../abi/channels/storage.ts';
import { HV_EXIT_GUEST_FAILURE, HV_EXIT_POWER_OFF, HV_VP_HALTED } from '../../abi/hypercalls.ts';

const CHUNK_BYTES: u32 = 65_536;

/** Writes `mebibytes` to the console as fast as it goes. */
function floodConsole(mebibytes: u32): bool {
  const console = openService(CHANNEL_SERVICE_CONSOLE, 'console', 64, 4);
  const message = heap.alloc(CONSOLE_HEADER_BYTES + CHUNK_BYTES);
  store<u32>(message, CONSOLE_OUTPUT);
  memory.fill(message + CONSOLE_HEADER_BYTES, 0x78, CHUNK_BYTES);
  for (let chunk: u32 = 0; chunk < mebibytes * 16; chunk++) {
    while (!channelQueue(console, 0, message, CONSOLE_HEADER_BYTES + CHUNK_BYTES)) channelKick(console);
    channelKick(console);
  }
  return true;
}

/** Makes hypercalls with every kind of control word and parameter; none may succeed in anything harmful. */
function floodHypercalls(count: u32): bool {
  let seed: u64 = 0x1234_5678_9abd;
  for (let i: u32 = 0; i < count; i++) {
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    // Not the call that would end the partition (0x8c01) and not the set-up of its own SynIC (0x51).
    const code = <u32>seed & 0x7f;
    if (code == 0x51) continue;
    hypercall(
      code | (<u32>(seed >> 20) & 0x1_0000),
      <u32>(seed >> 32) & 0xff,
      <u32>seed,
      <u32>(seed >> 63),
      <u32>(seed >> 8),
      0,
    );
  }
  return true;
}

/** Closes the disk's channel with requests under way, and opens it again, over and over. */
function unplug(rounds: u32): bool {
  const region = vmbusRegion();
  const request = heap.alloc(64);
  memory.fill(request, 0, 64);
  store<u32>(request, STORAGE_READ);
  store<u32>(request, 65_536, 16);
  for (let round: u32 = 0; round < rounds; round++) {
    const disk = openService(CHANNEL_SERVICE_STORAGE, 'disk0', 1, 40);
    if (disk == 0) return false;
    for (let i: u32 = 0; i < 8; i++) channelQueue(disk, i, request, STORAGE_REQUEST_HEADER_BYTES);
    channelKick(disk);
    closeChannel(region, disk);
  }
  return true;
}

/** Writes indices and lengths into a ring that no correct guest would. */
function breakRing(): bool {
  const disk = openService(CHANNEL_SERVICE_STORAGE, 'disk0', 4, 4);
  const ring = <usize>load<u32>(disk + 44);
  store<u32>(ring, 0xffff_fff8);
  channelKick(disk);
  // The channel is gone: a second kick is refused, nothing else happens.
  channelKick(disk);
  return true;
}

export function run(_vpIndex: i32, _budget: i32): i32 {
  const page = allocatePages(1);
  readBootArguments(page);
  const count = <u32>bootArgumentNumber(page, 'count', 1);
  let isDone = false;
  if (bootArgumentIs(page, 'mode', 'flood-console')) isDone = floodConsole(count);
  else if (bootArgumentIs(page, 'mode', 'flood-hypercalls')) isDone = floodHypercalls(count);
  else if (bootArgumentIs(page, 'mode', 'unplug')) isDone = unplug(count);
  else if (bootArgumentIs(page, 'mode', 'break-ring')) isDone = breakRing();
  exitPartition(isDone ? HV_EXIT_POWER_OFF : HV_EXIT_GUEST_FAILURE, isDone ? 0 : 1);
  return HV_VP_HALTED;
}
