// The guest end of VMBus: SynIC set-up, offers, and channels (abi/synic.ts, abi/vmbus.ts).
//
// State lives in one caller-given region, VMBUS_REGION_BYTES long and page aligned:
//   +0x0000 SIM page | +0x1000 SIEF page | +0x2000 scratch for hypercalls | +0x2400 offer table
// An offer's row: +0 channel id (0 = none) | +4 service | +8 connection id | +12 label (32 bytes)
//   | +44 ring gpa | +48 outgoing data bytes | +52 incoming data bytes | +56 1 = open
// A channel is named by the address of its row.
import { HV_PAGE_SIZE } from '../../hypervisor/abi/hypercalls.ts';
import {
  HV_EVENT_FLAGS_BYTES_PER_SINT,
  HV_MESSAGE_FLAG_PENDING,
  HV_MESSAGE_FLAGS_OFFSET,
  HV_MESSAGE_PAYLOAD_OFFSET,
  HV_MESSAGE_SIZE,
  HV_MESSAGE_TYPE_OFFSET,
  HV_REGISTER_EOM,
  HV_REGISTER_SCONTROL,
  HV_REGISTER_SIEFP,
  HV_REGISTER_SIMP,
  HV_REGISTER_SINT0,
} from '../../hypervisor/abi/synic.ts';
import {
  CHANNELMSG_ALLOFFERS_DELIVERED,
  CHANNELMSG_CLOSECHANNEL,
  CHANNELMSG_OFFERCHANNEL,
  CHANNELMSG_OPENCHANNEL,
  CHANNELMSG_OPENCHANNEL_RESULT,
  CHANNELMSG_REQUESTOFFERS,
  CHANNELMSG_RESCIND_CHANNELOFFER,
  VM_PKT_DATA_INBAND,
  VMBUS_CONNECTION_ID,
  VMBUS_MAX_CHANNELS,
  VMBUS_MESSAGE_TYPE,
  VMBUS_OFFER_LABEL_BYTES,
  VMBUS_SINT,
} from '../../hypervisor/abi/vmbus.ts';
import { idle } from './hv.ts';
import { postMessage, setVpRegister, signalEvent } from './hypercalls.ts';
import { ringHasPacket, ringWrite } from './ring.ts';

export const VMBUS_REGION_BYTES: u32 = 0x4000;
const SIEF: usize = 0x1000;
const SCRATCH: usize = 0x2000;
const OFFERS: usize = 0x2400;
const ALL_OFFERS_SEEN: usize = 0x2100;
const ROW_BYTES: usize = 64;
const ROW_SERVICE: usize = 4;
const ROW_CONNECTION: usize = 8;
const ROW_LABEL: usize = 12;
const ROW_RING: usize = 44;
const ROW_OUT_BYTES: usize = 48;
const ROW_IN_BYTES: usize = 52;
const ROW_OPEN: usize = 56;

/** SINT on which messages from other partitions arrive (the VMBus has VMBUS_SINT). */
export const PEER_SINT: u32 = 3;

/** Switches the SynIC on and asks for the offers; returns when all of them are in the table. */
export function vmbusConnect(region: usize): bool {
  memory.fill(region, 0, VMBUS_REGION_BYTES);
  const scratch = region + SCRATCH;
  setVpRegister(scratch, HV_REGISTER_SIMP, <u64>region | 1);
  setVpRegister(scratch, HV_REGISTER_SIEFP, <u64>(region + SIEF) | 1);
  setVpRegister(scratch, HV_REGISTER_SINT0 + VMBUS_SINT, VMBUS_SINT);
  setVpRegister(scratch, HV_REGISTER_SINT0 + PEER_SINT, PEER_SINT);
  setVpRegister(scratch, HV_REGISTER_SCONTROL, 1);
  if (postControl(region, CHANNELMSG_REQUESTOFFERS, 8) != 0) return false;
  while (load<u32>(region + ALL_OFFERS_SEEN) == 0) {
    if (!takeControlMessage(region)) idle(Infinity);
  }
  return true;
}

function postControl(region: usize, type: u32, bytes: u32): u32 {
  const input = region + SCRATCH;
  store<u32>(input, VMBUS_CONNECTION_ID);
  store<u32>(input, 0, 4);
  store<u32>(input, VMBUS_MESSAGE_TYPE, 8);
  store<u32>(input, bytes, 12);
  store<u32>(input, type, 16);
  store<u32>(input, 0, 20);
  return postMessage(input) & 0xffff;
}

/** Handles one waiting control message; false when there is none. */
export function takeControlMessage(region: usize): bool {
  const slot = region + VMBUS_SINT * HV_MESSAGE_SIZE;
  if (atomic.load<u32>(slot + HV_MESSAGE_TYPE_OFFSET) == 0) return false;
  const message = slot + HV_MESSAGE_PAYLOAD_OFFSET;
  const type = load<u32>(message);
  if (type == CHANNELMSG_OFFERCHANNEL) noteOffer(region, message);
  else if (type == CHANNELMSG_ALLOFFERS_DELIVERED) store<u32>(region + ALL_OFFERS_SEEN, 1);
  else if (type == CHANNELMSG_RESCIND_CHANNELOFFER) store<u32>(channelRow(region, load<u32>(message, 8)), 0);
  else if (type == CHANNELMSG_OPENCHANNEL_RESULT && load<u32>(message, 12) == 0) {
    store<u32>(channelRow(region, load<u32>(message, 8)) + ROW_OPEN, 1);
  }
  releaseMessage(region, VMBUS_SINT);
  return true;
}

/** Empties SINT `sint`'s message slot and lets the next message in. */
export function releaseMessage(region: usize, sint: u32): void {
  const slot = region + sint * HV_MESSAGE_SIZE;
  // First empty, then look: the hypervisor sets the flag and then looks again whether the slot is empty.
  atomic.store<u32>(slot + HV_MESSAGE_TYPE_OFFSET, 0);
  const isMorePending = (atomic.load<u8>(slot + HV_MESSAGE_FLAGS_OFFSET) & HV_MESSAGE_FLAG_PENDING) != 0;
  if (isMorePending) setVpRegister(region + SCRATCH, HV_REGISTER_EOM, 0);
}

function channelRow(region: usize, channelId: u32): usize {
  return region + OFFERS + (channelId % (VMBUS_MAX_CHANNELS + 1)) * ROW_BYTES;
}

function noteOffer(region: usize, message: usize): void {
  const channelId = load<u32>(message, 8);
  const row = channelRow(region, channelId);
  store<u32>(row, channelId);
  store<u32>(row + ROW_SERVICE, load<u32>(message, 12));
  store<u32>(row + ROW_CONNECTION, load<u32>(message, 16));
  memory.copy(row + ROW_LABEL, message + 24, VMBUS_OFFER_LABEL_BYTES);
}

function hasLabel(row: usize, label: string): bool {
  for (let i: i32 = 0; i < label.length; i++) {
    if (load<u8>(row + ROW_LABEL + i) != <u8>label.charCodeAt(i)) return false;
  }
  return label.length == VMBUS_OFFER_LABEL_BYTES || load<u8>(row + ROW_LABEL + label.length) == 0;
}

/** The channel of `service` with this label (any label if empty), 0 when it is not offered. */
export function findChannel(region: usize, service: u32, label: string): usize {
  for (let id: u32 = 1; id <= VMBUS_MAX_CHANNELS; id++) {
    const row = channelRow(region, id);
    if (load<u32>(row) == 0 || load<u32>(row + ROW_SERVICE) != service) continue;
    if (label.length == 0 || hasLabel(row, label)) return row;
  }
  return 0;
}

/**
 * Opens a channel on the ring pair at `ring` (page aligned, zeroed here): `outPages` then `inPages` data pages, each
 * preceded by a control page; needs (outPages + inPages + 2) × 4096 bytes.
 */
export function openChannel(region: usize, channel: usize, ring: usize, outPages: u32, inPages: u32): bool {
  if (load<u32>(channel + ROW_OPEN) != 0) return false;
  memory.fill(ring, 0, HV_PAGE_SIZE);
  memory.fill(ring + (outPages + 1) * HV_PAGE_SIZE, 0, HV_PAGE_SIZE);
  store<u32>(channel + ROW_RING, <u32>ring);
  store<u32>(channel + ROW_OUT_BYTES, outPages * HV_PAGE_SIZE);
  store<u32>(channel + ROW_IN_BYTES, inPages * HV_PAGE_SIZE);
  const input = region + SCRATCH;
  store<u32>(input, load<u32>(channel), 24);
  store<u32>(input, <u32>ring, 28);
  store<u32>(input, outPages + 1, 32);
  store<u32>(input, inPages + 1, 36);
  if (postControl(region, CHANNELMSG_OPENCHANNEL, 24) != 0) return false;
  // The answer is in the message queue by the time the hypercall returns; others may stand before it.
  while (load<u32>(channel + ROW_OPEN) == 0) {
    if (!takeControlMessage(region)) return false;
  }
  return true;
}

/** Closes the channel; its ring memory is the guest's again. */
export function closeChannel(region: usize, channel: usize): void {
  store<u32>(channel + ROW_OPEN, 0);
  store<u32>(region + SCRATCH, load<u32>(channel), 24);
  postControl(region, CHANNELMSG_CLOSECHANNEL, 12);
}

/** Address of the incoming ring, for the functions of ring.ts. */
export function channelIncomingRing(channel: usize): usize {
  return <usize>load<u32>(channel + ROW_RING) + load<u32>(channel + ROW_OUT_BYTES) + HV_PAGE_SIZE;
}

/** Data bytes of the incoming ring. */
export function channelIncomingBytes(channel: usize): u32 {
  return load<u32>(channel + ROW_IN_BYTES);
}

/** Whether the channel is open. */
export function isChannelOpen(channel: usize): bool {
  return channel != 0 && load<u32>(channel + ROW_OPEN) != 0;
}

/**
 * Queues one message (`head` a multiple of 8 bytes unless `body` is empty) without telling the other side.
 * False when the outgoing ring is full: kick, then wait or try again.
 */
export function channelQueue(
  channel: usize,
  transaction: u64,
  head: usize,
  headBytes: u32,
  body: usize = 0,
  bodyBytes: u32 = 0,
): bool {
  const ring = <usize>load<u32>(channel + ROW_RING);
  const bytes = load<u32>(channel + ROW_OUT_BYTES);
  return ringWrite(ring, bytes, VM_PKT_DATA_INBAND, transaction, head, headBytes, body, bodyBytes);
}

/** Tells the other side that the outgoing ring has packets. When it returns they have been taken. */
export function channelKick(channel: usize): void {
  signalEvent(load<u32>(channel + ROW_CONNECTION));
}

/** Whether something has arrived on the channel. */
export function channelHasPacket(channel: usize): bool {
  return ringHasPacket(channelIncomingRing(channel));
}

/** Takes and clears the event flags of channels 0..63: bit n = channel n was signalled since the last call. */
export function takeChannelEvents(region: usize): u64 {
  const flags = region + SIEF + VMBUS_SINT * HV_EVENT_FLAGS_BYTES_PER_SINT;
  if (atomic.load<u64>(flags) == 0) return 0;
  return atomic.xchg<u64>(flags, 0);
}

/** Sleeps until the channel has a packet. */
export function waitForPacket(channel: usize): void {
  while (!channelHasPacket(channel)) idle(Infinity);
}
