// VMBus: control messages, channel rings, packets. Numbers as in Linux's include/linux/hyperv.h; GPADLs are not
// needed because a partition's memory is one contiguous range, so OpenChannel names the ring itself.
//
// A guest posts control messages with HvPostMessage to VMBUS_CONNECTION_ID and gets the answers as messages on
// SINT VMBUS_SINT. A channel's event is flag `channel id` of that SINT (host → guest) and HvSignalEvent with the
// offer's connection id (guest → host).

export const VMBUS_CONNECTION_ID: u32 = 1;
export const VMBUS_SINT: u32 = 2;
/** HvPostMessage's type for a VMBus control message, both ways. */
export const VMBUS_MESSAGE_TYPE: u32 = 1;
/** Channel ids are 1..VMBUS_MAX_CHANNELS; their connection id is VMBUS_CHANNEL_CONNECTION_BASE + channel id. */
export const VMBUS_MAX_CHANNELS: u32 = 63;
export const VMBUS_CHANNEL_CONNECTION_BASE: u32 = 0x1000;
/** Connections to other partitions' ports, given out by the hypervisor. */
export const PORT_CONNECTION_BASE: u32 = 0x2000;

// Control messages: +0 type u32 | +4 rsvdz u32 | then as listed, all u32 unless said.
/** +8 channel id | +12 service (CHANNEL_SERVICE_*) | +16 connection id | +20 rsvdz | +24 label, 32 bytes, NUL padded. */
export const CHANNELMSG_OFFERCHANNEL: u32 = 1;
/** +8 channel id */
export const CHANNELMSG_RESCIND_CHANNELOFFER: u32 = 2;
/** (nothing) */
export const CHANNELMSG_REQUESTOFFERS: u32 = 3;
/** (nothing) */
export const CHANNELMSG_ALLOFFERS_DELIVERED: u32 = 4;
/** +8 channel id | +12 ring gpa, page aligned | +16 pages of the guest→host ring | +20 pages of the host→guest ring */
export const CHANNELMSG_OPENCHANNEL: u32 = 5;
/** +8 channel id | +12 status (HV_STATUS_*) */
export const CHANNELMSG_OPENCHANNEL_RESULT: u32 = 6;
/** +8 channel id */
export const CHANNELMSG_CLOSECHANNEL: u32 = 7;
export const VMBUS_CONTROL_HEADER_BYTES: u32 = 8;
export const VMBUS_OFFER_BYTES: u32 = 56;
export const VMBUS_OFFER_LABEL_OFFSET: u32 = 24;
export const VMBUS_OFFER_LABEL_BYTES: u32 = 32;

// Ring: one control page, then data pages. Indices are byte offsets into the data, always a multiple of 8 and
// smaller than its length; read = write means empty, so a producer leaves at least 8 bytes free.
//
//   control page  +0 write index (producer) | +4 read index (consumer)
//   packet        +0 type u16 | +2 rsvdz u16 | +4 payload bytes u32 | +8 transaction id u64
//                 +16 payload, zero padded to a multiple of 8; a packet may wrap around the end of the data
export const RING_WRITE_INDEX: u32 = 0;
export const RING_READ_INDEX: u32 = 4;
export const RING_PACKET_HEADER_BYTES: u32 = 16;
/** Data bytes of one ring: a multiple of the page size, at least one page, at most this. */
export const RING_MAX_DATA_BYTES: u32 = 0x40_0000;

export const VM_PKT_DATA_INBAND: u32 = 6;
/** Answers the packet with the same transaction id. */
export const VM_PKT_COMP: u32 = 11;

/** The most payload that one packet carries: a request header and 128 KiB. */
export const CHANNEL_MAX_PAYLOAD_BYTES: u32 = 131_136;
