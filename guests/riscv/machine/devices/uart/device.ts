// 16550 UART (PC16550D data sheet). What the guest sends is on its way at once, so the transmitter is always empty;
// what it receives waits in a FIFO of 16 bytes, and beyond that in the console channel.
import { consolePut } from '../../console.ts';
import { UART_STATE } from '../device-memory.ts';
import { UART_IRQ } from '../memory-map.ts';
import { plicSetLine } from '../plic/device.ts';
import {
  IER_RX,
  IER_TX,
  IIR_FIFO_ON,
  IIR_NONE,
  IIR_RX,
  IIR_TX,
  LCR_DLAB,
  LSR_DATA_READY,
  LSR_TX_EMPTY,
  MCR_LOOPBACK,
  MSR_CONNECTED,
  UART_DATA,
  UART_FIFO_BYTES,
  UART_IER,
  UART_IIR_FCR,
  UART_LCR,
  UART_LSR,
  UART_MCR,
  UART_MSR,
  UART_SCR,
} from './registers.ts';

// State, bytes: IER, LCR, MCR, SCR, DLL, DLM, FIFO control, transmitter interrupt pending; FIFO head and count; FIFO
const IER: usize = UART_STATE;
const LCR: usize = UART_STATE + 1;
const MCR: usize = UART_STATE + 2;
const SCR: usize = UART_STATE + 3;
const DLL: usize = UART_STATE + 4;
const DLM: usize = UART_STATE + 5;
const FIFO_ON: usize = UART_STATE + 6;
const TX_PENDING: usize = UART_STATE + 7;
const HEAD: usize = UART_STATE + 8;
const COUNT: usize = UART_STATE + 12;
const FIFO: usize = UART_STATE + 16;

function isDivisor(): bool {
  return (load<u8>(LCR) & LCR_DLAB) != 0;
}

function interruptIdentification(): u8 {
  const enabled = load<u8>(IER);
  if ((enabled & IER_RX) != 0 && load<u32>(COUNT) > 0) return IIR_RX;
  if ((enabled & IER_TX) != 0 && load<u8>(TX_PENDING) != 0) return IIR_TX;
  return IIR_NONE;
}

function update(): void {
  plicSetLine(UART_IRQ, interruptIdentification() != IIR_NONE);
}

/** Bytes that uartReceive still takes. */
export function uartRoom(): u32 {
  return UART_FIFO_BYTES - load<u32>(COUNT);
}

/** A byte arrives; the caller has asked uartRoom. */
export function uartReceive(byte: u8): void {
  const count = load<u32>(COUNT);
  store<u8>(FIFO + ((load<u32>(HEAD) + count) % UART_FIFO_BYTES), byte);
  store<u32>(COUNT, count + 1);
  update();
}

function takeByte(): u8 {
  const count = load<u32>(COUNT);
  if (count == 0) return 0;
  const head = load<u32>(HEAD);
  store<u32>(HEAD, (head + 1) % UART_FIFO_BYTES);
  store<u32>(COUNT, count - 1);
  update();
  return load<u8>(FIFO + head);
}

export function uartLoad(register: u32): u8 {
  switch (register) {
    case UART_DATA:
      return isDivisor() ? load<u8>(DLL) : takeByte();
    case UART_IER:
      return isDivisor() ? load<u8>(DLM) : load<u8>(IER);
    case UART_IIR_FCR: {
      const identification = interruptIdentification();
      // Reading it acknowledges the transmitter's interrupt.
      if (identification == IIR_TX) {
        store<u8>(TX_PENDING, 0);
        update();
      }
      return identification | (load<u8>(FIFO_ON) != 0 ? IIR_FIFO_ON : 0);
    }
    case UART_LCR:
      return load<u8>(LCR);
    case UART_MCR:
      return load<u8>(MCR);
    case UART_LSR:
      return LSR_TX_EMPTY | (load<u32>(COUNT) > 0 ? LSR_DATA_READY : 0);
    case UART_MSR:
      return modemStatus();
    case UART_SCR:
      return load<u8>(SCR);
    default:
      return 0;
  }
}

/** In loopback the modem control outputs come back as status inputs: OUT2, OUT1, DTR, RTS as DCD, RI, DSR, CTS. */
function modemStatus(): u8 {
  const control = load<u8>(MCR);
  if ((control & MCR_LOOPBACK) == 0) return MSR_CONNECTED;
  return ((control & 0x0c) << 4) | ((control & 1) << 5) | ((control & 2) << 3);
}

export function uartStore(register: u32, value: u8): void {
  switch (register) {
    case UART_DATA:
      if (isDivisor()) store<u8>(DLL, value);
      else transmit(value);
      break;
    case UART_IER:
      if (isDivisor()) store<u8>(DLM, value);
      else setInterruptEnable(value);
      break;
    case UART_IIR_FCR:
      store<u8>(FIFO_ON, value & 1);
      if ((value & 2) != 0) store<u32>(COUNT, 0);
      update();
      break;
    case UART_LCR:
      store<u8>(LCR, value);
      break;
    case UART_MCR:
      store<u8>(MCR, value & 0x1f);
      break;
    case UART_SCR:
      store<u8>(SCR, value);
      break;
    default:
      break;
  }
}

function transmit(value: u8): void {
  if ((load<u8>(MCR) & MCR_LOOPBACK) != 0) {
    if (uartRoom() > 0) uartReceive(value);
  } else {
    consolePut(value);
  }
  store<u8>(TX_PENDING, 1);
  update();
}

function setInterruptEnable(value: u8): void {
  // Switching the transmitter's interrupt on while it is empty raises it.
  if ((value & IER_TX) != 0 && (load<u8>(IER) & IER_TX) == 0) store<u8>(TX_PENDING, 1);
  store<u8>(IER, value & 0x0f);
  update();
}
