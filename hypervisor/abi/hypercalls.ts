// Hypercall codes and the fields of the 64-bit control and result words (TLFS: "Hypercall Interface").
//
//   control  63..60 rsvd | 59..48 rep start | 47..44 rsvd | 43..32 rep count
//            31 nested | 30..27 rsvd | 26..17 variable header QWORDs | 16 fast | 15..0 call code
//   result   43..32 reps completed | 15..0 status
//
// `hv.hypercall` takes the control word and the two parameters as lo/hi pairs of i32 and returns the result
// word folded into one i32: status in bits 15..0, reps completed in bits 27..16.

export const HVCALL_NOTIFY_LONG_SPIN_WAIT: u32 = 0x0008;
export const HVCALL_CREATE_PARTITION: u32 = 0x0040;
export const HVCALL_INITIALIZE_PARTITION: u32 = 0x0041;
export const HVCALL_FINALIZE_PARTITION: u32 = 0x0042;
export const HVCALL_DELETE_PARTITION: u32 = 0x0043;
export const HVCALL_GET_PARTITION_PROPERTY: u32 = 0x0044;
export const HVCALL_SET_PARTITION_PROPERTY: u32 = 0x0045;
export const HVCALL_GET_PARTITION_ID: u32 = 0x0046;
export const HVCALL_GET_VP_REGISTERS: u32 = 0x0050;
export const HVCALL_SET_VP_REGISTERS: u32 = 0x0051;
export const HVCALL_POST_MESSAGE: u32 = 0x005c;
export const HVCALL_SIGNAL_EVENT: u32 = 0x005d;
export const HVCALL_QUERY_CAPABILITIES: u32 = 0x8001;

// Cofferdam's own calls, in the range that TLFS leaves to extended hypercalls.
/** Fast. Parameter 1: reason (HV_EXIT_*) in the low half, exit code in the high half. The VP must return next. */
export const HVCALL_EXIT_PARTITION: u32 = 0x8c01;
/** Memory. Output: up to 4096 bytes of `key=value` lines, zero padded (guests/lib/boot-arguments.ts). */
export const HVCALL_GET_BOOT_ARGUMENTS: u32 = 0x8c02;
/** Fast. Parameter 1: instructions retired so far by this VP, for statistics only. */
export const HVCALL_REPORT_INSTRUCTIONS: u32 = 0x8c03;

/** Fast. Parameter 1: address of a WebAssembly module in the low half, its bytes in the high half. Parameter 2: table
 *  index for its function "0". Takes a partition that may publish code (hypervisor/code-publishing). */
export const HVCALL_PUBLISH_CODE: u32 = 0x8c04;

export const HV_HYPERCALL_CODE_MASK: u32 = 0xffff;
export const HV_HYPERCALL_FAST: u32 = 0x1_0000;
/** Bits 30..27 and, as long as no call has one, the nested bit. */
export const HV_HYPERCALL_RESERVED_LO: u32 = 0xf800_0000;
export const HV_HYPERCALL_VARIABLE_HEADER_SHIFT: u32 = 17;
export const HV_HYPERCALL_VARIABLE_HEADER_MASK: u32 = 0x3ff;
export const HV_HYPERCALL_REP_COUNT_MASK: u32 = 0xfff;
export const HV_HYPERCALL_REP_START_SHIFT: u32 = 16;
/** Bits 47..44 and 63..60, as seen in the high half. */
export const HV_HYPERCALL_RESERVED_HI: u32 = 0xf000_f000;

export const HV_EXIT_POWER_OFF: u32 = 0;
export const HV_EXIT_RESET: u32 = 1;
/** The guest declares itself failed (a unikernel's failed check, HTIF's non-zero `tohost`); code says how. */
export const HV_EXIT_GUEST_FAILURE: u32 = 2;
/** `--max-instructions` was reached. */
export const HV_EXIT_LIMIT_REACHED: u32 = 3;
/** The emulated machine met something that it cannot go on from (bad kernel image, wild M-mode trap). */
export const HV_EXIT_MACHINE_FAULT: u32 = 4;

/** What a guest's `run` export returns. */
export const HV_VP_YIELDED: i32 = 0;
export const HV_VP_HALTED: i32 = 1;

export const HV_PAGE_SIZE: u32 = 4096;
export const HV_BOOT_ARGUMENTS_BYTES: u32 = 4096;
/** One tick of partition reference time in nanoseconds (TLFS: "Partition Reference Counter"). */
export const HV_REFERENCE_TICK_NS: u32 = 100;
