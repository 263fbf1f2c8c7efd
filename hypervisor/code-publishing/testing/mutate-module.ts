// Mutants of published modules: bytes, sections and instructions changed at random, most of them so that what is left
// is still a module, many so that the engine still accepts it.
import type { Random } from '../../../guests/riscv/oracle/generator/random.ts';
import { type FunctionBody, type ModuleParts, putTogether, type Section } from './module-parts.ts';
import { leb, name, section } from './unit-module.ts';

/** A genuine module, whole and in parts. */
export interface Genuine {
  bytes: Uint8Array<ArrayBuffer>;
  parts: ModuleParts;
}

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);

/** Opcodes that take and leave the same: one for another, the engine sees no error of types. */
const alike: readonly (readonly number[])[] = [
  [...range(0x6a, 0x6c), ...range(0x71, 0x78)],
  [...range(0x7c, 0x7e), ...range(0x83, 0x8a)],
  range(0x46, 0x4f),
  range(0x51, 0x5a),
  range(0x5b, 0x60),
  range(0x61, 0x66),
  range(0x67, 0x69),
  range(0x79, 0x7b),
  range(0x8b, 0x91),
  range(0x92, 0x98),
  range(0x99, 0x9f),
  range(0xa0, 0xa6),
  [0x28, ...range(0x2c, 0x2f)],
  [0x29, ...range(0x30, 0x35)],
  [0x36, 0x3a, 0x3b],
  [0x37, ...range(0x3c, 0x3e)],
  [0x20, 0x22],
  [0x02, 0x03],
  [0x11, 0x13],
];
const alikeOf: readonly (readonly number[] | undefined)[] = range(0, 255).map((opcode) =>
  alike.find((opcodes) => opcodes.includes(opcode)),
);

const OP_CONST32 = 0x41;
const OP_CONST64 = 0x42;
const isAccess = (opcode: number): boolean => opcode >= 0x28 && opcode <= 0x3e;
const isIndexed = (opcode: number): boolean => [0x0c, 0x0d, 0x11, 0x13, 0x20, 0x21, 0x22].includes(opcode);

const signedLeb = (value: bigint): number[] =>
  value >= -64n && value < 64n
    ? [Number(value & 0x7fn)]
    : [Number(value & 0x7fn) | 0x80, ...signedLeb(value >> 7n)];

/** Addresses and numbers at which something may begin or end. */
const numbers = [0, 1, 4, 8, 0x3ff, 0x400, 0xffff, 0x1_0000, 0x1_0248, 0x600_0000, 0x610_0000, 0x6ff_ffff];
const edges = [...numbers, 0x7fff_ffff, 0x8000_0000, 0xffff_fff8, 0xffff_ffff];

/** Instructions that reach for more than a unit may, each as the engine would take it anywhere in a body. */
export const attacks: Readonly<Record<string, readonly number[]>> = {
  'grows the memory': [0x41, 1, 0x40, 0, 0x1a],
  'grows the table': [0xd0, 0x70, 0x41, 1, 0xfc, 15, 0, 0x1a],
  'clears an entry of the table': [0x41, 0x81, 0x08, 0xd0, 0x70, 0x26, 0],
  'copies in the table': [0x41, 0x81, 0x08, 0x41, 0x80, 0x08, 0x41, 1, 0xfc, 14, 0, 0],
};
/** memory.atomic.wait32 without a timeout. */
const waitsForEver = [0x41, 0, 0x41, 0, 0x42, 0x7f, 0xfe, 1, 2, 0, 0x1a];
const attackBytes = [...Object.values(attacks), waitsForEver].map((bytes) => Uint8Array.from(bytes));
/** Sections that a unit has not. */
const furtherSections: readonly Section[] = [
  section(4, [1, 0x70, 0, 1]),
  section(5, [1, 0, 1]),
  section(6, [1, 0x7f, 1, 0x41, 0, 0x0b]),
  section(8, [0]),
  section(9, [1, 0, 0x41, 0, 0x0b, 1, 0]),
  section(11, [1, 0, 0x41, 0, 0x0b, 1, 0x61]),
  section(12, [1]),
  section(13, [1, 0, 0]),
  section(0, [...name('a'), 1]),
].map(([id, , ...body]) => ({ id: id as number, body: Uint8Array.from(body) }));

export class ModuleMutator {
  readonly #corpus: readonly Genuine[];
  readonly #random: Random;

  constructor(corpus: readonly Genuine[], random: Random) {
    this.#corpus = corpus;
    this.#random = random;
  }

  /** @param of which genuine module; default: any */
  mutant(of = this.#random.below(this.#corpus.length)): Uint8Array<ArrayBuffer> {
    const genuine = this.#corpus[of] as Genuine;
    const kind = this.#random.below(10);
    if (kind < 2) return this.#mutatedBytes(genuine.bytes);
    if (kind < 3) return this.#mutatedSections(genuine.parts);
    return this.#mutatedInstructions(genuine.parts);
  }

  #mutatedBytes(genuine: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
    const random = this.#random;
    let bytes = genuine.slice();
    for (let count = 1 + random.below(4); count > 0 && bytes.length > 0; count--) {
      // Half of them in the first hundred bytes, where the module's surface is described.
      const at = random.below(random.chance(0.5) ? Math.min(100, bytes.length) : bytes.length);
      const length = 1 + random.below(8);
      switch (random.below(6)) {
        case 0:
          bytes[at] = (bytes[at] as number) ^ (1 << random.below(8));
          break;
        case 1:
          bytes[at] = random.below(256);
          break;
        case 2:
          bytes[at] = random.pick([0, 1, 0x7f, 0x80, 0xff]);
          break;
        case 3:
          bytes = Uint8Array.from([...bytes.subarray(0, at), ...bytes.subarray(at + length)]);
          break;
        case 4:
          bytes = Uint8Array.from([...bytes.subarray(0, at), random.below(256), ...bytes.subarray(at)]);
          break;
        default:
          bytes.copyWithin(at, random.below(bytes.length), bytes.length - at);
          if (random.chance(0.2)) bytes = bytes.slice(0, at);
      }
    }
    return bytes;
  }

  #mutatedSections({ sections, functions }: ModuleParts): Uint8Array<ArrayBuffer> {
    const random = this.#random;
    const changed = [...sections];
    const at = random.below(changed.length);
    let claim: ((index: number, length: number) => number[]) | undefined;
    switch (random.below(7)) {
      case 0:
        changed.splice(at, 1);
        break;
      case 1:
        changed.splice(at, 0, changed[at] as Section);
        break;
      case 2:
        changed.push(changed.splice(at, 1)[0] as Section);
        break;
      case 3:
        changed.splice(at, 0, random.pick(furtherSections));
        break;
      case 4:
        changed[at] = random.pick(this.#corpus).parts.sections[at] ?? (changed[at] as Section);
        break;
      case 5: {
        const by = random.pick([-1, 1, 2, 0x1_0000, 0xffff_ffff]);
        claim = (index, length) => leb(index === at ? Math.max(0, length + by) : length);
        break;
      }
      default: {
        const zeros = random.below(5);
        claim = (index, length) =>
          index === at
            ? [(length & 0x7f) | 0x80, (length >> 7) | 0x80, ...new Array(zeros).fill(0x80), 0]
            : leb(length);
      }
    }
    return putTogether({ sections: changed, functions }, claim);
  }

  #mutatedInstructions({ sections, functions }: ModuleParts): Uint8Array<ArrayBuffer> {
    const chosen = this.#random.below(functions.length);
    const { locals, instructions } = functions[chosen] as FunctionBody;
    const changed = [...instructions];
    for (let count = 1 + this.#random.below(4); count > 0; count--) this.#mutateInstruction(changed);
    const body = { locals, instructions: changed };
    return putTogether({
      sections,
      functions: functions.map((each, index) => (index === chosen ? body : each)),
    });
  }

  #mutateInstruction(instructions: Uint8Array[]): void {
    const random = this.#random;
    const at = random.below(instructions.length);
    const instruction = instructions[at] as Uint8Array;
    const kind = random.below(24);
    if (kind < 18) instructions[at] = this.#changed(instruction);
    else if (kind === 18) instructions.splice(at, 1);
    else if (kind === 19) instructions.splice(at, 0, instruction);
    else if (kind === 20) instructions.splice(at, 0, random.pick(attackBytes));
    else if (kind === 21) instructions[at] = random.pick(instructions);
    else {
      const { functions } = random.pick(this.#corpus).parts;
      const source = (functions[0] as FunctionBody).instructions;
      const from = random.below(source.length);
      instructions.splice(at, random.below(4), ...source.slice(from, from + random.below(12)));
    }
  }

  /** Another opcode that is alike, or another immediate. */
  #changed(instruction: Uint8Array): Uint8Array {
    const random = this.#random;
    const opcode = instruction[0] as number;
    if (random.chance(0.1)) return this.#written(instruction);
    if (opcode === OP_CONST32) return Uint8Array.from([opcode, ...signedLeb(BigInt(this.#number() | 0))]);
    if (opcode === OP_CONST64)
      return Uint8Array.from([opcode, ...signedLeb(BigInt.asIntN(64, this.#wideNumber()))]);
    if (isIndexed(opcode) && random.chance(0.5))
      return Uint8Array.from([
        opcode,
        ...leb(random.below(40)),
        ...(opcode < 0x14 && opcode > 0x10 ? [0] : []),
      ]);
    if (isAccess(opcode) && random.chance(0.5))
      return Uint8Array.from([opcode, random.below(4), ...leb(this.#number())]);
    const others = alikeOf[opcode];
    const changed = instruction.slice();
    if (others !== undefined) changed[0] = random.pick(others);
    else changed[random.below(changed.length)] = random.below(256);
    return changed;
  }

  /** The same with its last immediate in more bytes than it takes, maybe in more than it may, maybe with too much in it. */
  #written(instruction: Uint8Array): Uint8Array {
    const random = this.#random;
    const last = instruction.length - 1;
    const bytes = [...instruction.subarray(0, last), (instruction[last] as number) | 0x80];
    for (let further = random.below(8); further > 0; further--) bytes.push(random.pick([0x80, 0xff]));
    return Uint8Array.from([...bytes, random.pick([0, 1, 8, 0x0f, 0x10, 0x70, 0x78, 0x7e, 0x7f])]);
  }

  #number(): number {
    return this.#random.chance(0.7) ? this.#random.pick(edges) : this.#random.next32();
  }

  #wideNumber(): bigint {
    return this.#random.chance(0.7) ? BigInt(this.#random.pick(edges)) : this.#random.next64();
  }
}
