// Closes the disk's channel with reads under way, opens it again on the same memory, and looks whether an answer to one
// of the old reads arrives there.
import { CHANNEL_SERVICE_STORAGE } from '../../../hypervisor/abi/channels/services.ts';
import { STORAGE_READ, STORAGE_REQUEST_HEADER_BYTES } from '../../../hypervisor/abi/channels/storage.ts';
import { HV_EXIT_POWER_OFF, HV_VP_HALTED } from '../../../hypervisor/abi/hypercalls.ts';
import { consoleOpen, consoleWrite } from '../../lib/console.ts';
import { exitPartition } from '../../lib/hypercalls.ts';
import { allocatePages } from '../../lib/memory-pages.ts';
import { vmbusRegion } from '../../lib/partition.ts';
import { ringRelease, ringTransaction } from '../../lib/ring.ts';
import {
  channelIncomingBytes,
  channelIncomingRing,
  channelKick,
  channelQueue,
  closeChannel,
  findChannel,
  openChannel,
  waitForPacket,
} from '../../lib/vmbus.ts';

const OUT_PAGES: u32 = 4;
const IN_PAGES: u32 = 1000;
const OLD_READS: u32 = 24;
const NEW_READS: u32 = 6;
/** Transactions from here on are asked after the channel was opened again. */
export const FIRST_NEW: u64 = 1000;
const READ_BYTES: u32 = 131_072;

/** Takes packets until `wanted` answers to new questions have come. @returns the answers to old ones among them */
export function lateAnswers(channel: usize, wanted: u32): u32 {
  const incoming = channelIncomingRing(channel);
  const bytes = channelIncomingBytes(channel);
  let late: u32 = 0;
  for (let answers: u32 = 0; answers < wanted; ) {
    waitForPacket(channel);
    if (ringTransaction(incoming, bytes) < FIRST_NEW) late++;
    else answers++;
    ringRelease(incoming, bytes);
  }
  return late;
}

function queueReads(disk: usize, first: u64, count: u32): void {
  const request = allocatePages(1);
  store<u32>(request, STORAGE_READ);
  store<u32>(request, READ_BYTES, 16);
  for (let read: u32 = 0; read < count; read++)
    channelQueue(disk, first + read, request, STORAGE_REQUEST_HEADER_BYTES);
  channelKick(disk);
}

export function run(_vpIndex: i32, _budget: i32): i32 {
  const console = consoleOpen();
  const region = vmbusRegion();
  const disk = findChannel(region, CHANNEL_SERVICE_STORAGE, 'disk0');
  const ring = allocatePages(OUT_PAGES + IN_PAGES + 2);
  openChannel(region, disk, ring, OUT_PAGES, IN_PAGES);
  queueReads(disk, 0, OLD_READS);
  closeChannel(region, disk);
  openChannel(region, disk, ring, OUT_PAGES, IN_PAGES);
  queueReads(disk, FIRST_NEW, NEW_READS);
  const late = lateAnswers(disk, NEW_READS);
  consoleWrite(console, `${late} of ${OLD_READS} answers came after their channel was closed\n`);
  exitPartition(HV_EXIT_POWER_OFF, 0);
  return HV_VP_HALTED;
}
