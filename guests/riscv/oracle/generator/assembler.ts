// Collects the code and the operand table of a random program and remembers each instruction's mnemonic.
import * as e from './encoding.ts';
import { CODE_BASE, CODE_BYTES, TABLE_BASE, TABLE_SLOTS } from './memory-layout.ts';

/** Code under construction. Addresses are physical; code is the same in each alias because it is pc-relative. */
export class Assembler {
  readonly code = new Uint8Array(CODE_BYTES);
  readonly table = new BigUint64Array(TABLE_SLOTS);
  /** Mnemonic of the instruction that starts at each halfword of the code. */
  readonly names: (string | undefined)[] = new Array(CODE_BYTES / 2).fill(undefined);
  #here = CODE_BASE;
  #slots = 0;
  #instructions = 0;
  #constants = new Map<bigint, number>();
  #view = new DataView(this.code.buffer);

  get here(): number {
    return this.#here;
  }

  get instructions(): number {
    return this.#instructions;
  }

  get roomBytes(): number {
    return CODE_BASE + CODE_BYTES - this.#here;
  }

  /** Goes on at a later address. */
  moveTo(address: number): void {
    if (address < this.#here) throw new Error(`code overlaps at ${address.toString(16)}`);
    this.#here = address;
  }

  word(instruction: number, name: string): void {
    this.#name(name);
    this.#view.setUint32(this.#here - CODE_BASE, instruction >>> 0, true);
    this.#here += 4;
  }

  half(instruction: number, name: string): void {
    this.#name(name);
    this.#view.setUint16(this.#here - CODE_BASE, instruction, true);
    this.#here += 2;
  }

  #name(name: string): void {
    this.names[(this.#here - CODE_BASE) / 2] = name;
    this.#instructions++;
  }

  /** Replaces an instruction whose target was not known before. */
  patchWord(address: number, instruction: number): void {
    this.#view.setUint32(address - CODE_BASE, instruction >>> 0, true);
  }

  patchHalf(address: number, instruction: number): void {
    this.#view.setUint16(address - CODE_BASE, instruction, true);
  }

  /** rd = the address `target` in the alias that the code runs in. */
  loadAddress(rd: number, target: number): void {
    const offset = target - this.#here;
    const low = e.signed(offset, 12);
    this.word(e.auipc(rd, (offset - low) >> 12), 'auipc');
    this.word(e.addi(rd, rd, low), 'addi');
  }

  /** rd = a constant: short ones by immediates, long ones from the table. */
  loadConstant(rd: number, value: bigint): void {
    const asSigned = BigInt.asIntN(64, value);
    if (asSigned >= -2048n && asSigned < 2048n) {
      this.word(e.addi(rd, 0, Number(asSigned)), 'addi');
    } else if (asSigned >= -(2n ** 31n) && asSigned < 2n ** 31n - 2048n) {
      const low = e.signed(Number(asSigned & 0xfffn), 12);
      this.word(e.lui(rd, (Number(asSigned) - low) >> 12), 'lui');
      this.word(e.addiw(rd, rd, low), 'addiw');
    } else {
      this.loadSlot(rd, this.slotOf(value));
    }
  }

  /** rd = a slot of the table. */
  loadSlot(rd: number, slot: number): void {
    const offset = TABLE_BASE + slot * 8 - this.#here;
    const low = e.signed(offset, 12);
    this.word(e.auipc(rd, (offset - low) >> 12), 'auipc');
    this.word(e.ld(rd, rd, low), 'ld');
  }

  /** The slot of the table that holds a constant; equal constants share one. */
  slotOf(value: bigint): number {
    const unsigned = BigInt.asUintN(64, value);
    const known = this.#constants.get(unsigned);
    if (known !== undefined) return known;
    if (this.#slots === TABLE_SLOTS) throw new Error('the table of constants is full');
    this.table[this.#slots] = unsigned;
    this.#constants.set(unsigned, this.#slots);
    return this.#slots++;
  }

  get hasFreeSlots(): boolean {
    return this.#slots < TABLE_SLOTS - 8;
  }

  /** Appends a slot even if an equal one exists (operand tables keep their weights). */
  appendSlot(value: bigint): number {
    this.table[this.#slots] = BigInt.asUintN(64, value);
    return this.#slots++;
  }
}
