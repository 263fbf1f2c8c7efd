// Loads from and stores to everything that is not RAM, and counts the access faults that it gets for it (RISC-V Privileged
// 20241101, table 14: causes 5 and 7). Fails with the number that it did not get, or got too many.
import * as e from '../../riscv/oracle/generator/encoding.ts';
import { BareProgram, sub } from '../stage/bare-program.ts';

const PAGE_BYTES = 4096;
export const PAGES_BELOW_RAM = 0x8000_0000 / PAGE_BYTES;
/** Pages that answer (guests/riscv/machine/devices/memory-map.ts): finisher, clock, CLINT, PLIC, UART, virtio over MMIO,
 *  PCI configuration space, PCI memory window. */
const ANSWERING_PAGES = 1 + 1 + 0x10 + 0x600 + 1 + 8 + 0x100 + 0x1_0000;
const FIRST_POWER = 32;
const MTVEC = 0x305;
const MEPC = 0x341;

const [AT, STEP, VALUE, FAULTS, LEFT] = [5, 6, 7, 8, 9];
/** The trap handler's own. */
const SCRATCH = 28;

export function holesProgram(memoryMib: number): Uint8Array {
  const program = new BareProgram();
  let expected = 0;
  const access = (): void => program.put(e.lw(VALUE, AT, 0), e.sw(0, AT, 0));
  const accessEach = (count: number): void => {
    program.loadWord(LEFT, count);
    const loop = program.here;
    access();
    program.put(e.add(AT, AT, STEP), e.addi(LEFT, LEFT, -1), e.bne(LEFT, 0, loop - program.here - 8));
    expected += 2 * count;
  };
  const skipHandler = program.later();
  const handler = program.here;
  program.put(e.csrrs(SCRATCH, 0, MEPC), e.addi(SCRATCH, SCRATCH, 4), e.csrrw(0, SCRATCH, MEPC));
  program.put(e.addi(FAULTS, FAULTS, 1), e.MRET);
  skipHandler(e.jal(0, program.here - handler + 4));
  program.loadAddress(VALUE, handler);
  program.put(e.csrrw(0, VALUE, MTVEC));

  program.put(e.addi(AT, 0, 0), e.lui(STEP, 1));
  accessEach(PAGES_BELOW_RAM);
  expected -= 2 * ANSWERING_PAGES;
  // AT is where RAM begins now. Behind it: its first word that is not there, and from each power of two on.
  program.loadWord(VALUE, memoryMib << 20);
  program.put(e.add(AT, AT, VALUE), e.addi(STEP, 0, 4));
  accessEach(2);
  for (let power = FIRST_POWER; power < 64; power++) {
    program.put(e.addi(AT, 0, 1), e.slli(AT, AT, power), e.addi(AT, AT, power === FIRST_POWER ? 0 : -4));
    accessEach(2);
  }
  program.put(e.addi(AT, 0, -4));
  accessEach(1);

  program.loadWord(VALUE, expected);
  program.put(sub(FAULTS, FAULTS, VALUE));
  program.endBy(FAULTS);
  return program.elf();
}
