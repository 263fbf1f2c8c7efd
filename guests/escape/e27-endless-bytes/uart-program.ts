// Sends bytes to itself through the 16550's loopback (PC16550D data sheet, §8.6.7), and then looks whether the real-time
// clock still goes as it did. What came back it prints; a clock that jumped it calls a failure.
import * as e from '../../riscv/oracle/generator/encoding.ts';
import { BareProgram, lbu, sb, sub } from '../stage/bare-program.ts';

const UART = 0x1000_0000;
const RTC = 0x10_1000;
const DATA = 0;
const MODEM_CONTROL = 4;
const LINE_STATUS = 5;
const LOOPBACK = 0x10;
const DATA_READY = 1;
const TIME_LOW = 0;
const TIME_HIGH = 4;
/** As much as is read back at most. */
const READ_BACK = 64;

const [UART_AT, RTC_AT, VALUE, LEFT, BEFORE, AFTER, CAME_BACK] = [5, 6, 7, 8, 9, 10, 11];

export function uartProgram(bytes: number): Uint8Array {
  const program = new BareProgram();
  const readTime = (register: number): void =>
    // Reading the low half latches the high one: units of 4.3 seconds.
    program.put(e.lw(register, RTC_AT, TIME_LOW), e.lw(register, RTC_AT, TIME_HIGH));
  program.put(e.lui(UART_AT, UART >>> 12), e.lui(RTC_AT, RTC >>> 12));
  readTime(BEFORE);
  program.put(e.addi(VALUE, 0, LOOPBACK), sb(VALUE, UART_AT, MODEM_CONTROL));
  program.loadWord(LEFT, bytes);
  program.put(e.addi(VALUE, 0, '.'.charCodeAt(0)));
  program.put(sb(VALUE, UART_AT, DATA), e.addi(LEFT, LEFT, -1), e.bne(LEFT, 0, -8));
  readTime(AFTER);
  program.put(e.addi(LEFT, 0, READ_BACK));
  const loop = program.here;
  program.put(lbu(VALUE, UART_AT, LINE_STATUS), e.andi(VALUE, VALUE, DATA_READY));
  const whenEmpty = program.later();
  const exit = program.here - 4;
  program.put(lbu(VALUE, UART_AT, DATA), e.addi(CAME_BACK, CAME_BACK, 1), e.addi(LEFT, LEFT, -1));
  program.put(e.bne(LEFT, 0, loop - program.here));
  whenEmpty(e.beq(VALUE, 0, program.here - exit));
  program.put(sb(0, UART_AT, MODEM_CONTROL), e.addi(VALUE, 0, '.'.charCodeAt(0)));
  program.put(e.beq(CAME_BACK, 0, 16), sb(VALUE, UART_AT, DATA), e.addi(CAME_BACK, CAME_BACK, -1));
  program.put(e.jal(0, -12));
  // More than 78 hours in these few instructions.
  program.put(sub(AFTER, AFTER, BEFORE), e.slli(AFTER, AFTER, 32), e.srli(AFTER, AFTER, 48));
  program.endBy(AFTER);
  return program.elf();
}
