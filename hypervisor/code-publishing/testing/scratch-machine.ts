// A machine in which mutants of its own units may do what they can to its memory and its table, beside a memory and a
// table that nobody gave them. Whatever a mutant does there, all that may be seen of it is that it returns or traps.
import type { HartMachine } from '../../../guests/riscv/oracle/hart-machine.ts';
import { HV_STATUS_INVALID_PARAMETER, HV_STATUS_NO_RESOURCES, HV_STATUS_SUCCESS } from '../../abi/status.ts';
import { CodePublisher } from '../code-publisher.ts';
import { takeApart } from './module-parts.ts';
import type { Genuine } from './mutate-module.ts';
import { type PublishedUnit, translatedUnits } from './translated-units.ts';

/** The last one is not to be. */
export const outcomes = [
  'refused by the check',
  'refused by the engine',
  'returned',
  'trapped',
  'escaped',
] as const;
export interface Outcome {
  kind: (typeof outcomes)[number];
  /** How it escaped. */
  what?: string;
}

type Unit = (left: number, depth: number, pageVa: bigint, page: number) => number;
interface Table {
  readonly length: number;
  get(index: number): Unit | null;
  set(index: number, value: unknown): void;
}
const { Table } = WebAssembly as unknown as { Table: new (type: object) => Table };

/** A genuine unit, where it was published, and what it is entered with. */
export interface PlacedUnit extends Genuine {
  index: number;
  pageVa: bigint;
  page: number;
}

const WASM_PAGE = 65_536;
const CANARY = Buffer.alloc(WASM_PAGE, 0xa5);
/** Instructions that are left of the slice in which a unit is entered. */
const SLICE = 1000;
/** Runs after which the whole memory and the whole table are looked at. */
const FULL_LOOK = 64;
const LOOKED_AT = 1200;
/** machine/memory/layout.ts, translator/unit-table.ts: the units' entries, and the decoded pages that they point into. */
const UNITS = 0x40000;
const FIRST_UNIT = 1024;
const UNIT_ENTRY_BYTES = 32;
const DECODED_PAGES = 0x300000;
const DECODED_PAGE_BYTES = 16_512;

export class ScratchMachine {
  readonly units: readonly PlacedUnit[];
  readonly #publisher: CodePublisher;
  readonly #memory: WebAssembly.Memory;
  #memoryBytes = 0;
  readonly #table: Table;
  #functions: readonly (Unit | null)[] = [];
  readonly #snapshot: readonly { at: number; bytes: Uint8Array }[];
  readonly #canary = new WebAssembly.Memory({ initial: 1, maximum: 2, shared: true });
  readonly #canaryTable = new Table({ element: 'anyfunc', initial: 2 });
  #runs = 0;

  private constructor({ bare }: HartMachine, published: readonly PublishedUnit[]) {
    this.#publisher = bare.publisher;
    this.#memory = bare.memory;
    this.#table = (bare.exports as unknown as { table: Table }).table;
    // Of hypercalls a mutant may make what it wants, through the machine's functions; nothing comes of them.
    this.#publisher.publish = () => HV_STATUS_INVALID_PARAMETER;
    this.#expect();
    this.#snapshot = usedPages(new Uint8Array(this.#memory.buffer));
    new Uint8Array(this.#canary.buffer).set(CANARY);
    this.#canaryTable.set(1, bare.exports.hartRun);
    this.units = published.map(({ bytes, index }) => {
      const slot = bare.view.getUint32(UNITS + (index - FIRST_UNIT) * UNIT_ENTRY_BYTES, true);
      const page = slot - ((slot - DECODED_PAGES) % DECODED_PAGE_BYTES);
      return { bytes, parts: takeApart(bytes), index, page, pageVa: addressOf(bytes) & ~0xfffn };
    });
  }

  /** A machine with the units of random programs. */
  static async create(seed: bigint, programs: number): Promise<ScratchMachine> {
    const { machine, units } = await translatedUnits(seed, programs);
    const last = new Map(units.map((unit) => [unit.index, unit]));
    return new ScratchMachine(machine, [...last.values()]);
  }

  /**
   * Publishes a mutant in the place of a unit, enters it once, and looks what became of everything.
   * @param isChecked false: the engine's validation stands alone
   */
  run(mutant: Uint8Array<ArrayBuffer>, of: PlacedUnit, isChecked = true): Outcome {
    const refused = isChecked ? this.#publish(mutant, of.index) : this.#publishUnchecked(mutant, of.index);
    if (refused !== undefined) return { kind: refused };
    const isFull = this.#runs++ % FULL_LOOK === 0;
    this.#restore(isFull);
    const unit = this.#table.get(of.index) as Unit;
    const { kind, what } = ending(() => unit(SLICE, 0, of.pageVa, of.page));
    this.#table.set(of.index, this.#functions[of.index]);
    const trace = what ?? this.#trace(isFull ? this.#functions.length : LOOKED_AT);
    if (trace === undefined) return { kind };
    this.#expect();
    return { kind: 'escaped', what: trace };
  }

  /** Takes memory and table as they are for what they should be. */
  #expect(): void {
    this.#memoryBytes = this.#memory.buffer.byteLength;
    this.#functions = Array.from({ length: this.#table.length }, (_, index) => this.#table.get(index));
  }

  #publish(mutant: Uint8Array<ArrayBuffer>, index: number): Outcome['kind'] | undefined {
    const status = CodePublisher.prototype.publish.call(this.#publisher, mutant, index);
    if (status === HV_STATUS_SUCCESS) return undefined;
    return status === HV_STATUS_NO_RESOURCES ? 'refused by the engine' : 'refused by the check';
  }

  #publishUnchecked(mutant: Uint8Array<ArrayBuffer>, index: number): Outcome['kind'] | undefined {
    try {
      const module = new WebAssembly.Module(mutant);
      const env = { memory: this.#memory, table: this.#table };
      const { exports } = new WebAssembly.Instance(module, { env: { ...env } });
      this.#table.set(index, exports['0'] ?? null);
      return this.#table.get(index) === null ? 'refused by the engine' : undefined;
    } catch {
      return 'refused by the engine';
    }
  }

  #restore(isWhole: boolean): void {
    const memory = new Uint8Array(this.#memory.buffer);
    for (const { at, bytes } of this.#snapshot) if (isWhole || at <= WASM_PAGE) memory.set(bytes, at);
  }

  /** What can be seen of a run beyond the memory's bytes. */
  #trace(entries: number): string | undefined {
    if (this.#memory.buffer.byteLength !== this.#memoryBytes) return 'the memory grew';
    if (CANARY.compare(new Uint8Array(this.#canary.buffer)) !== 0) return 'another memory was written';
    if (this.#table.length !== this.#functions.length) return 'the table grew';
    if (this.#canaryTable.get(0) !== null || this.#canaryTable.get(1) === null)
      return 'another table was written';
    for (let index = 0; index < entries; index++)
      if (this.#table.get(index) !== this.#functions[index]) return `entry ${index} of the table was written`;
    return undefined;
  }
}

function ending(enter: () => number): Outcome {
  try {
    const left = enter();
    return Number.isInteger(left)
      ? { kind: 'returned' }
      : { kind: 'escaped', what: `it returned ${typeof left}` };
  } catch (error) {
    // A RangeError is the end of the stack.
    if (error instanceof WebAssembly.RuntimeError || error instanceof RangeError) return { kind: 'trapped' };
    return { kind: 'escaped', what: `it threw ${error}` };
  }
}

/** The address after which the translator names a unit. */
function addressOf(module: Uint8Array): bigint {
  const [, digits] =
    Buffer.from(module)
      .toString('latin1')
      .match(/unit ([0-9a-f]{16})$/) ?? [];
  return BigInt(`0x${digits ?? 0}`);
}

function usedPages(memory: Uint8Array): { at: number; bytes: Uint8Array }[] {
  const zeros = Buffer.alloc(WASM_PAGE);
  const pages: { at: number; bytes: Uint8Array }[] = [];
  for (let at = 0; at < memory.length; at += WASM_PAGE) {
    const bytes = memory.subarray(at, at + WASM_PAGE);
    if (zeros.compare(bytes) !== 0) pages.push({ at, bytes: bytes.slice() });
  }
  return pages;
}
