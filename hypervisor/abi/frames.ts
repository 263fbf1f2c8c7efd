// Frames on the connected socket between a partition process and the root partition process: what is left of
// VMBus once it has been copied out of guest memory, checked and counted (hypervisor/vmbus/frame-*.ts).
//
//   +0 payload bytes u32 | +4 kind u8 | +5 rsvdz u8 | +6 channel id u16 | +8 transaction id lo u32 | +12 hi u32
//   +16 payload

export const FRAME_HEADER_BYTES: u32 = 16;
/** Root → partition: a channel exists. Payload: service u32, label 32 bytes. Sent before ALL_OFFERS on connect. */
export const FRAME_OFFER: u32 = 1;
/** Root → partition: the first offers are complete; the partition may start. */
export const FRAME_ALL_OFFERS: u32 = 2;
/** Root → partition: the channel is gone. */
export const FRAME_RESCIND: u32 = 3;
/** Partition → root: the guest opened or closed the channel. OPEN's transaction lo = number of the opening. */
export const FRAME_OPEN: u32 = 4;
export const FRAME_CLOSE: u32 = 5;
/** A packet's payload, VM_PKT_DATA_INBAND. */
export const FRAME_DATA: u32 = 6;
/** A packet's payload, VM_PKT_COMP, transaction id of the request. */
export const FRAME_COMPLETION: u32 = 7;
/** A SynIC message between partitions. Transaction lo = connection id (to root) or SINT (from root),
 *  hi = message type; payload = the message, at most 240 bytes. */
export const FRAME_MESSAGE: u32 = 8;
/** A SynIC event between partitions. Transaction lo = connection id (to root) or SINT (from root), hi = flag. */
export const FRAME_EVENT: u32 = 9;
/** Root → partition: an OPEN was heard, with its transaction. Packets that follow on the channel belong to that
 *  opening; those before it to an earlier one, whose rings may have become other memory of the guest. */
export const FRAME_OPENED: u32 = 10;

export const FRAME_MAX_PAYLOAD_BYTES: u32 = 131_136;
