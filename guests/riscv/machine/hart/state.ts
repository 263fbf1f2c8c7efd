// The hart's state, all of it, at fixed addresses (RISC-V Privileged 20241101, chapters 2, 3 and 12): a snapshot
// is the memory. Only the VP thread that runs the hart may write here.
import { HART_STATE } from '../memory/layout.ts';

/** x0 to x31; x0 is kept zero. A slot of the decode cache holds register numbers times eight. */
export const X: usize = HART_STATE;
/** f0 to f31, single-precision values NaN-boxed. */
export const F: usize = HART_STATE + 0x100;

// What the interpreter's inner loop reads and writes.
/** Virtual address of the code page being run: u64. */
export const PAGE_VA: usize = HART_STATE + 0x200;
/** Host address of that page's decoded slots: u32. */
export const PAGE_BASE: usize = HART_STATE + 0x208;
/** The inner loop returns at a taken transfer once its counter is not above this: i32, 0 or (at once) its maximum. */
export const STOP_AT: usize = HART_STATE + 0x20c;
/** The current context's TLBs: u32 each. */
export const READ_TLB: usize = HART_STATE + 0x210;
export const WRITE_TLB: usize = HART_STATE + 0x214;
export const FETCH_TLB: usize = HART_STATE + 0x218;
/** mstatus.FS: u32, 0 off to 3 dirty. */
export const FS: usize = HART_STATE + 0x21c;
/** Accrued floating-point exceptions: u32. */
export const FFLAGS: usize = HART_STATE + 0x220;
/** Dynamic rounding mode: u32. */
export const FRM: usize = HART_STATE + 0x224;
/** Privilege: u32, 0 U, 1 S, 3 M. */
export const MODE: usize = HART_STATE + 0x228;
/** Not zero while the hart waits in WFI: u32. */
export const WAITING: usize = HART_STATE + 0x22c;
/** Where the hart is whenever the inner loop is not running: u64. */
export const PC: usize = HART_STATE + 0x230;
/** The counter with which the inner loop last came to a function that reads counters: i32. */
export const COUNTER: usize = HART_STATE + 0x238;
/** Instructions that the current slice may run: i32. */
export const SLICE: usize = HART_STATE + 0x23c;
/** Instructions retired before the current slice: u64. */
export const RETIRED: usize = HART_STATE + 0x240;
/** What was requested with requestExit: reason (0 none) and code, u32 each. */
export const EXIT_REASON: usize = HART_STATE + 0x248;
export const EXIT_CODE: usize = HART_STATE + 0x24c;
/** The pending exception of a slow path that failed: cause u64, tval u64. */
export const TRAP_CAUSE: usize = HART_STATE + 0x250;
export const TRAP_VALUE: usize = HART_STATE + 0x258;
/** LR's reservation: guest physical address u64 (all ones: none), value read u64. */
export const RESERVATION: usize = HART_STATE + 0x260;
export const RESERVED_VALUE: usize = HART_STATE + 0x268;

/** What the page walk found: guest physical address u64; not zero when the leaf was a superpage: u32. */
export const WALK_GPA: usize = HART_STATE + 0x270;
export const WALK_SUPERPAGE: usize = HART_STATE + 0x278;
/** Not zero when the mapping was global: u32. */
export const WALK_GLOBAL: usize = HART_STATE + 0x27c;

// What whoever sets up the machine chooses.
/** Guest RAM in bytes, a multiple of 4096, at most MAX_RAM_BYTES: u32. */
export const RAM_BYTES: usize = HART_STATE + 0x280;
/** Not zero: S-mode ecalls go to sbiCall, there is no M-mode firmware: u32. */
export const SBI_MODE: usize = HART_STATE + 0x284;
/** Guest physical address of HTIF's tohost word, 0 = none: u64. */
export const HTIF_TOHOST: usize = HART_STATE + 0x288;
/** Not zero: the hart records what each single step writes: u32. */
export const TRACING: usize = HART_STATE + 0x290;

// Translated code (guests/riscv/translator).
/** What translations depend on: data context (tlb.ts) + 4 * mode that code runs in: u32. */
export const CONTEXT: usize = HART_STATE + 0x294;
/** Entries of the site TLB filled since the last flush: those that no change of address space empties, the others: u32 each. */
export const SITES_FILLED: usize = HART_STATE + 0x9c8;
/** Jump cache of the current mode: u32. */
export const JUMP_CACHE: usize = HART_STATE + 0x29c;
/** Which banks' jump caches hold anything: u32, a bit each. */
export const JUMPS_CACHED: usize = HART_STATE + 0x2a0;
/** Units made so far; the next one's number is this modulo UNIT_LIMIT: u32. */
export const UNITS_MADE: usize = HART_STATE + 0x2a4;
/** Units that had to make room so far, the oldest first: u32. */
export const UNITS_GONE: usize = HART_STATE + 0x2c0;
/** Where the interpreter took over last: address u64, slot u32, context u32; instructions left of the slice then, i32. */
export const STRETCH_PC: usize = HART_STATE + 0x2c8;
export const STRETCH_SLOT: usize = HART_STATE + 0x2f8;
export const STRETCH_CONTEXT: usize = HART_STATE + 0x2fc;
export const STRETCH_COUNTER: usize = HART_STATE + 0x2c4;
/** Heat at which code is translated (translator/heat.ts), 0 = never: u32. */
export const TRANSLATING: usize = HART_STATE + 0x2a8;
/** Entries of the site TLB handed out so far; where the next unit's begin, modulo SITE_LIMIT: u32. */
export const NEXT_SITE: usize = HART_STATE + 0x2ac;
/** Looks like an entry of a jump cache, for where there is no unit. */
export const NO_UNIT: usize = HART_STATE + 0x2b0;

/** Where the hart is when units that wait for calls to return are to give up: PC then holds UNWINDING. */
export const UNWIND_PC: usize = HART_STATE + 0x2d0;
/** Units that may be there at a time, 1 to UNIT_LIMIT: u32. */
export const UNIT_BUDGET: usize = HART_STATE + 0x2e0;
/** Slot of a unit that left because accesses by a base register lay in two pages, 0 = none, and that register: u32 each. */
export const CROSSED_SLOT: usize = HART_STATE + 0x2e4;
export const CROSSED_REGISTER: usize = HART_STATE + 0x2e8;
/** STOP_AT for units of each context, that of the current one; its maximum for units of others: 16 x i32. */
export const STOPS: usize = HART_STATE + 0x980;
/** Not zero: what addresses lead to, or who may go there, has changed: u32, set by whoever changes it. */
export const FENCED: usize = HART_STATE + 0x9c0;
// Address spaces (hart/address-spaces.ts).
/** satp of each space, 0xff..ff = none: 8 x u64. */
export const SPACES: usize = HART_STATE + 0x9d0;
/** The current space, and the next one to be given up: u32 each. */
export const SPACE: usize = HART_STATE + 0xa10;
export const NEXT_SPACE: usize = HART_STATE + 0xa14;
/** Not zero: the bank of mode S may hold what is another space's own: u32. */
export const SUPERVISOR_LOCAL: usize = HART_STATE + 0xa18;
/** Instructions of the next slice (slices.ts): i32. */
export const SLICE_LENGTH: usize = HART_STATE + 0xa1c;
/** Instructions that units have run, for measurements: u64. */
export const UNIT_INSTRUCTIONS: usize = HART_STATE + 0x2f0;
/** STIP under Sstc as time was last looked at: u64. */
export const TIMER_LINE: usize = HART_STATE + 0x2d8;

// Control and status registers, u64 each. mstatus is kept without FS and SD (see FS above).
export const MSTATUS: usize = HART_STATE + 0x300;
export const MEDELEG: usize = HART_STATE + 0x308;
export const MIDELEG: usize = HART_STATE + 0x310;
export const MIE: usize = HART_STATE + 0x318;
/** mip's bits that software sets; devices' lines are apart, STIP under Sstc is worked out from stimecmp. */
export const MIP: usize = HART_STATE + 0x320;
export const MTVEC: usize = HART_STATE + 0x328;
export const MSCRATCH: usize = HART_STATE + 0x330;
export const MEPC: usize = HART_STATE + 0x338;
export const MCAUSE: usize = HART_STATE + 0x340;
export const MTVAL: usize = HART_STATE + 0x348;
export const MCOUNTEREN: usize = HART_STATE + 0x350;
export const MCOUNTINHIBIT: usize = HART_STATE + 0x358;
export const MENVCFG: usize = HART_STATE + 0x360;
export const SENVCFG: usize = HART_STATE + 0x368;
export const STVEC: usize = HART_STATE + 0x370;
export const SSCRATCH: usize = HART_STATE + 0x378;
export const SEPC: usize = HART_STATE + 0x380;
export const SCAUSE: usize = HART_STATE + 0x388;
export const STVAL: usize = HART_STATE + 0x390;
export const SCOUNTEREN: usize = HART_STATE + 0x398;
export const SATP: usize = HART_STATE + 0x3a0;
export const STIMECMP: usize = HART_STATE + 0x3a8;
export const MHARTID: usize = HART_STATE + 0x3b0;
/** What is added to RETIRED's count to give minstret and mcycle; while inhibited, the frozen value itself. */
export const MINSTRET_OFFSET: usize = HART_STATE + 0x3b8;
export const MCYCLE_OFFSET: usize = HART_STATE + 0x3c0;
/** Interrupt lines that devices drive, as bits of mip. */
export const INTERRUPT_LINES: usize = HART_STATE + 0x3c8;
/** pmpcfg0 and pmpcfg2, then pmpaddr0 to pmpaddr15. */
export const PMPCFG: usize = HART_STATE + 0x400;
export const PMPADDR: usize = HART_STATE + 0x410;
/** Whom PMP can refuse anything: u32, bit 0 S and U, bit 1 M. */
export const PMP_CHECKS: usize = HART_STATE + 0x490;

// The record of one single step (hart/step.ts): what a trace line is made of.
export const STEP_PC: usize = HART_STATE + 0x500;
/** The instruction's bits, u32; compressed ones in the low half. */
export const STEP_OPCODE: usize = HART_STATE + 0x508;
/** Number of stores made, u32, 0 to 2; then address u64, value u64, width u64 each. */
export const STEP_STORE_COUNT: usize = HART_STATE + 0x50c;
export const STEP_STORES: usize = HART_STATE + 0x510;
/** Not zero: a trap was taken, u32; its cause u64 and value u64. */
export const STEP_TRAPPED: usize = HART_STATE + 0x540;
export const STEP_CAUSE: usize = HART_STATE + 0x548;
export const STEP_TVAL: usize = HART_STATE + 0x550;
/** The 64 registers, x then f, as they were before the step. */
export const STEP_BEFORE: usize = HART_STATE + 0x600;

// For whoever looks at the translator (translator/observation.ts).
/** Not zero: units made from now on carry marks, and it is counted why they are left: u32. */
export const OBSERVED: usize = HART_STATE + 0x900;
/** Not zero: the unit that came back left an instruction to the interpreter: u32. */
export const LEFT_INSTRUCTION: usize = HART_STATE + 0x904;
/** Times that units were left, by reason: LEAVE_REASONS x u64. */
export const LEAVE_COUNTS: usize = HART_STATE + 0x908;

// Decode cache bookkeeping.
/** Where single steps and parked harts run: slots that lead out of the inner loop. */
export const STEP_SLOT: usize = HART_STATE + 0x810;
export const EXIT_SLOT: usize = HART_STATE + 0x830;
/** Decoded pages handed out so far (never shrinks) and the next to be evicted: u32 each. */
export const DECODED_USED: usize = HART_STATE + 0x800;
export const DECODED_NEXT: usize = HART_STATE + 0x804;
