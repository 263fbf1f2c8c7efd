// Synthetic interrupt controller (TLFS: "Inter-Partition Communication", "Virtual Interrupt Controller").
//
// SIM page: 16 slots of 256 bytes, one per SINT.   SIEF page: 16 × 256 bytes of event flags, one per SINT.
//   slot  +0 message type u32 (0 = empty) | +4 payload size u8 | +5 flags u8 | +6 reserved u16
//         +8 sender u64 | +16 payload, 240 bytes
// The hypervisor fills a slot whose type is 0; the guest clears the type, then writes EOM if the pending flag
// was set, and the next queued message follows.

export const HV_SYNIC_SINT_COUNT: u32 = 16;
export const HV_MESSAGE_SIZE: u32 = 256;
export const HV_MESSAGE_MAX_PAYLOAD: u32 = 240;
export const HV_MESSAGE_TYPE_OFFSET: u32 = 0;
export const HV_MESSAGE_PAYLOAD_SIZE_OFFSET: u32 = 4;
export const HV_MESSAGE_FLAGS_OFFSET: u32 = 5;
export const HV_MESSAGE_SENDER_OFFSET: u32 = 8;
export const HV_MESSAGE_PAYLOAD_OFFSET: u32 = 16;
export const HV_MESSAGE_FLAG_PENDING: u32 = 1;
/** Types with this bit are the hypervisor's own; a guest that posts one gets InvalidParameter. */
export const HV_MESSAGE_TYPE_HYPERVISOR_MASK: u32 = 0x8000_0000;
export const HV_EVENT_FLAGS_BYTES_PER_SINT: u32 = 256;
/** Messages that may wait for one SINT before the sender gets InsufficientBuffers. */
export const HV_MESSAGE_BUFFERS_PER_SINT: u32 = 16;

// HvPostMessage input (memory): +0 connection id u32 | +4 rsvdz u32 | +8 type u32 | +12 size u32 | +16 payload.
export const HV_POST_MESSAGE_INPUT_BYTES: u32 = 256;
// HvSignalEvent input (fast): connection id in the low half | flag number in 47..32, rsvdz above.

// Register names for HvGetVpRegisters/HvSetVpRegisters (TLFS: "Virtual Processor Register Names").
export const HV_REGISTER_VP_INDEX: u32 = 0x0009_0003;
export const HV_REGISTER_TIME_REF_COUNT: u32 = 0x0009_0004;
export const HV_REGISTER_GUEST_OS_ID: u32 = 0x0009_0002;
export const HV_REGISTER_SINT0: u32 = 0x000a_0000;
export const HV_REGISTER_SCONTROL: u32 = 0x000a_0010;
export const HV_REGISTER_SIEFP: u32 = 0x000a_0012;
export const HV_REGISTER_SIMP: u32 = 0x000a_0013;
export const HV_REGISTER_EOM: u32 = 0x000a_0014;
/** SIMP and SIEFP: bit 0 enables, bits 63..12 hold the page number. SCONTROL: bit 0 enables. */
export const HV_SYNIC_ENABLE: u32 = 1;
/** SINTn: bit 16 masks it; a SINT is masked at reset. */
export const HV_SINT_MASKED: u32 = 0x1_0000;
/** "This partition" and "this VP" where a call takes an id. */
export const HV_PARTITION_ID_SELF: u32 = 0xffff_ffff;
export const HV_VP_INDEX_SELF: u32 = 0xffff_fffe;
