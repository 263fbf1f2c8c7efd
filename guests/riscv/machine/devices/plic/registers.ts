// SiFive PLIC registers (RISC-V Platform-Level Interrupt Controller Specification 1.0.0, chapter 3 "Memory Map").
//
//   offset             name         width  access
//   0x000004 + 4n      priority     32     rw      source n + 1
//   0x001000 + 4n      pending      32     r       sources 32n to 32n + 31
//   0x002000 + 0x80c   enable       32     rw      context c
//   0x200000 + 0x1000c threshold    32     rw      context c
//   0x200004 + 0x1000c claim        32     rw      read claims, write completes

export const PLIC_PENDING: u32 = 0x1000;
export const PLIC_ENABLE: u32 = 0x2000;
export const PLIC_ENABLE_STRIDE: u32 = 0x80;
export const PLIC_CONTEXT: u32 = 0x20_0000;
export const PLIC_CONTEXT_STRIDE: u32 = 0x1000;

/** Sources 1 to 63. */
export const PLIC_SOURCES: u32 = 64;
/** Context 0 is the hart's M mode, context 1 its S mode. */
export const PLIC_CONTEXTS: u32 = 2;
export const PLIC_MAX_PRIORITY: u32 = 7;
