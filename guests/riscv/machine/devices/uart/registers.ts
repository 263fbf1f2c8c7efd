// 16550 registers, one byte each (National Semiconductor PC16550D data sheet, §8).
//
//   0  RBR (r) / THR (w); DLL while LCR.DLAB     1  IER; DLM while LCR.DLAB     2  IIR (r) / FCR (w)
//   3  LCR      4  MCR      5  LSR      6  MSR      7  SCR

export const UART_DATA: u32 = 0;
export const UART_IER: u32 = 1;
export const UART_IIR_FCR: u32 = 2;
export const UART_LCR: u32 = 3;
export const UART_MCR: u32 = 4;
export const UART_LSR: u32 = 5;
export const UART_MSR: u32 = 6;
export const UART_SCR: u32 = 7;

export const LCR_DLAB: u8 = 0x80;
export const IER_RX: u8 = 1;
export const IER_TX: u8 = 2;
export const IIR_NONE: u8 = 1;
export const IIR_TX: u8 = 2;
export const IIR_RX: u8 = 4;
export const IIR_FIFO_ON: u8 = 0xc0;
export const LSR_DATA_READY: u8 = 1;
export const LSR_TX_EMPTY: u8 = 0x60;
export const MCR_LOOPBACK: u8 = 0x10;
/** Carrier, data set ready, clear to send: a line that is always there. */
export const MSR_CONNECTED: u8 = 0xb0;

export const UART_FIFO_BYTES: u32 = 16;
