// The symbols of a guest's kernel, for reading addresses.
import { readFileSync } from 'node:fs';

interface Symbol {
  address: bigint;
  name: string;
}

/** Kernels live in the upper half of the address space (Linux, "Virtual Memory Layout on RISC-V Linux"). */
const KERNEL_HALF = 1n << 63n;

/** A symbol table as `nm`, System.map and /proc/kallsyms have it: address, type, name. */
export class SymbolTable {
  readonly #symbols: Symbol[];

  constructor(text: string) {
    this.#symbols = [...text.matchAll(/^([0-9a-f]{8,16}) [tTwW] (\S+)/gm)]
      .map(([, address, name]) => ({ address: BigInt(`0x${address}`), name: name as string }))
      .sort((a, b) => (a.address < b.address ? -1 : 1));
  }

  static read(path: string): SymbolTable {
    return new SymbolTable(readFileSync(path, 'utf8'));
  }

  /** `name+0x12`, or nothing below the first symbol. */
  nameOf(address: bigint): string {
    const found = this.#at(address);
    if (found === undefined) return '';
    return address === found.address
      ? found.name
      : `${found.name}+0x${(address - found.address).toString(16)}`;
  }

  /** The function that an address lies in; user space has no symbols here. */
  functionOf(address: bigint): string {
    return address < KERNEL_HALF ? '(user space)' : (this.#at(address)?.name ?? '(unknown)');
  }

  addressOf(name: string): bigint | undefined {
    return this.#symbols.find((symbol) => symbol.name === name)?.address;
  }

  /** The last symbol that is not above an address. */
  #at(address: bigint): Symbol | undefined {
    let [low, high] = [0, this.#symbols.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#symbols[middle] as Symbol).address <= address) low = middle + 1;
      else high = middle;
    }
    return this.#symbols[low - 1];
  }
}
