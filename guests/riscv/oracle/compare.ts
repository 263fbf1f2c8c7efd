// Runs one random program on the oracle and on a machine under test, and compares the whole state before each
// instruction and the image's memory at the end.
import { type Coverage, trapOf } from './coverage.ts';
import {
  CODE_BASE,
  CODE_BYTES,
  IMAGE_BYTES,
  PAGE_TABLES_BASE,
  PAGE_TABLES_BYTES,
  USER_ALIAS_OFFSET,
} from './generator/memory-layout.ts';
import type { Program } from './generator/program.ts';
import { endingDifference, isAmoFault, legalDifferenceOf, TABLE_ENTRY_BITS } from './legal-differences.ts';
import type { Machine } from './machine.ts';
import { runOnQemu } from './qemu.ts';
import { fieldNames, fieldValue, hex, newState, pcOf, type State } from './state.ts';
import { advance, letTimersRunOut } from './timer-replay.ts';

export interface FieldDifference {
  field: string;
  oracle: bigint;
  machine: bigint;
}

/** The first instruction after which the machines differ. */
export interface Divergence {
  seed: bigint;
  /** How many instructions were equal before. */
  index: number;
  pc: number;
  name: string;
  instruction: number;
  differences: FieldDifference[];
  /** The state before the instruction. */
  before: State;
}

export interface MemoryDifference {
  address: number;
  oracle: number;
  machine: number;
}

export interface Comparison {
  instructions: number;
  /** Whether the program came to its end (it is cut off when it runs too long, or after some legal differences). */
  isComplete: boolean;
  /** Whether an AMO faulted, which may leave other bits in page table entries. */
  hasAmoFault: boolean;
  divergence?: Divergence;
  memory: MemoryDifference[];
  /** How often each legal difference showed. */
  legal: Map<string, number>;
}

/** Programs that lose their way are cut off after this many instructions. */
const INSTRUCTION_LIMIT = 250_000;
const FETCH_FAULT = /^[MS]:(0|1|12)$/;

export function differencesOf(oracle: State, machine: State): FieldDifference[] {
  const differences: FieldDifference[] = [];
  for (let field = 0; field < fieldNames.length; field++) {
    if (oracle[2 * field] === machine[2 * field] && oracle[2 * field + 1] === machine[2 * field + 1])
      continue;
    const [name, theirs, ours] = [fieldNames[field]!, fieldValue(oracle, field), fieldValue(machine, field)];
    differences.push({ field: name, oracle: theirs, machine: ours });
  }
  return differences;
}

/** Offset in the image of what both aliases of it show at an address. */
const offsetOf = (pc: number): number =>
  pc >= CODE_BASE - USER_ALIAS_OFFSET && pc < CODE_BASE + USER_ALIAS_OFFSET
    ? pc % USER_ALIAS_OFFSET
    : IMAGE_BYTES;

export const nameAt = (program: Program, pc: number): string => {
  const offset = offsetOf(pc);
  return offset < CODE_BYTES ? (program.names[offset / 2] ?? 'unnamed') : 'outside of the program';
};

function instructionAt(image: Uint8Array, pc: number): number {
  const offset = offsetOf(pc);
  return offset + 4 <= image.length
    ? new DataView(image.buffer, image.byteOffset).getUint32(offset, true)
    : 0;
}

/** The comparison of one program in progress. */
class ProgramComparison {
  readonly result: Comparison = {
    instructions: 0,
    isComplete: false,
    hasAmoFault: false,
    memory: [],
    legal: new Map(),
  };
  readonly #program: Program;
  readonly #machine: Machine;
  readonly #coverage: Coverage;
  readonly #before = newState();
  readonly #ours = newState();
  #isStarted = false;

  constructor(program: Program, machine: Machine, coverage: Coverage) {
    this.#program = program;
    this.#machine = machine;
    this.#coverage = coverage;
  }

  /** Takes the oracle's state before an instruction; false when the comparison is over. */
  take(oracle: State): boolean {
    const pc = pcOf(oracle);
    if (!this.#isStarted) {
      if (pc !== this.#program.start) return true;
      this.#isStarted = true;
      this.#runMachineTo(pc);
    } else if (advance(this.#machine, this.#before, oracle)) this.#count(oracle, pc);
    this.#machine.readState(this.#ours);
    this.#catchUpWithFetchFault(oracle, pc);
    if (letTimersRunOut(this.#machine, oracle)) this.#machine.readState(this.#ours);
    if (!this.#isEqual(oracle)) return false;
    this.#before.set(oracle);
    this.result.isComplete = pc === this.#program.end;
    return !this.result.isComplete && this.result.instructions < INSTRUCTION_LIMIT;
  }

  #runMachineTo(pc: number): void {
    for (let steps = 0; steps < 10_000; steps++) {
      this.#machine.readState(this.#ours);
      if (pcOf(this.#ours) === pc) return;
      this.#machine.step();
    }
    throw new Error('the machine under test did not reach the start of the program');
  }

  /** QEMU faults on fetching before it prints a record; the machine under test faults in a step of its own. */
  #catchUpWithFetchFault(oracle: State, pc: number): void {
    const trap = trapOf(oracle, pc);
    if (trap === undefined || !FETCH_FAULT.test(trap) || pcOf(this.#ours) === pc) return;
    this.#machine.step();
    this.#machine.readState(this.#ours);
  }

  #count(oracle: State, pc: number): void {
    this.result.instructions++;
    const before = pcOf(this.#before);
    const trap = trapOf(oracle, pc);
    this.#coverage.add(nameAt(this.#program, before), trap ?? 'retired');
    if (isAmoFault(instructionAt(this.#program.image, before), trap)) this.result.hasAmoFault = true;
  }

  #noteLegal(what: string): void {
    this.result.legal.set(what, (this.result.legal.get(what) ?? 0) + 1);
  }

  #isEqual(oracle: State): boolean {
    const pc = pcOf(this.#before);
    const instruction = instructionAt(this.#program.image, pc);
    const differences = differencesOf(oracle, this.#ours).filter((difference) => {
      const { field, oracle: theirs, machine: ours } = difference;
      const legal = legalDifferenceOf({ field, oracle: theirs, ours, instruction, after: oracle });
      if (legal === undefined) return true;
      this.#machine.adopt(field, theirs);
      this.#noteLegal(legal.what);
      return false;
    });
    if (differences.length === 0) return true;
    const ending = endingDifference(oracle, this.#ours);
    if (ending !== undefined) {
      this.#noteLegal(ending);
      return false;
    }
    this.result.divergence = {
      seed: this.#program.seed,
      index: this.result.instructions,
      pc,
      name: nameAt(this.#program, pc),
      instruction,
      differences,
      before: this.#before.slice(),
    };
    return false;
  }
}

const PTE_A_AND_D = 0xc0;
const isTableEntry = (offset: number): boolean =>
  offset % 8 === 0 &&
  offset >= PAGE_TABLES_BASE - CODE_BASE &&
  offset < PAGE_TABLES_BASE - CODE_BASE + PAGE_TABLES_BYTES;

/** Compares the images and notes the differences in the result; a few are enough. */
function compareMemory(oracle: Uint8Array, machine: Uint8Array, result: Comparison): void {
  const mayDiffer = result.hasAmoFault ? PTE_A_AND_D : 0;
  for (let offset = 0; offset < oracle.length && result.memory.length < 16; offset++) {
    const [theirs, ours] = [oracle[offset]!, machine[offset]!];
    if (theirs === ours) continue;
    if (isTableEntry(offset) && (theirs & ~mayDiffer) === (ours & ~mayDiffer))
      result.legal.set(TABLE_ENTRY_BITS, (result.legal.get(TABLE_ENTRY_BITS) ?? 0) + 1);
    else result.memory.push({ address: CODE_BASE + offset, oracle: theirs, machine: ours });
  }
}

/** Compares a machine with the oracle on one program. */
export async function compareProgram(
  program: Program,
  machine: Machine,
  coverage: Coverage,
): Promise<Comparison> {
  machine.load(program);
  const comparison = new ProgramComparison(program, machine, coverage);
  const memory = await runOnQemu(program, (state) => comparison.take(state));
  if (comparison.result.divergence === undefined && comparison.result.isComplete)
    compareMemory(memory, machine.memory(), comparison.result);
  return comparison.result;
}

/** A divergence for people: the instruction, what differs, and the state before. */
export function describeDivergence(divergence: Divergence): string {
  const { seed, index, pc, name, instruction, differences, before } = divergence;
  const word =
    (instruction & 3) === 3 ? instruction.toString(16).padStart(8, '0') : (instruction & 0xffff).toString(16);
  const lines = [`seed ${seed}, after ${index} equal instructions: ${name} (${word}) at ${pc.toString(16)}`];
  for (const { field, oracle, machine } of differences)
    lines.push(`  ${field.padEnd(9)} QEMU ${hex(oracle)}  ours ${hex(machine)}`);
  lines.push('  state before:');
  for (let field = 0; field < fieldNames.length; field += 4) {
    const names = fieldNames.slice(field, field + 4);
    lines.push(
      `  ${names.map((key, at) => `${key.padEnd(9)}${hex(fieldValue(before, field + at))}`).join('  ')}`,
    );
  }
  return lines.join('\n');
}
