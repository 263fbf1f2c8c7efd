// Adds code that a guest's translator wrote to the guest's own table: checks the module, compiles it, instantiates it
// with the partition's memory and table and nothing else, and puts its one function where the guest wants it. What runs
// there can reach what the guest could reach before.
import {
  HV_STATUS_INVALID_PARAMETER,
  HV_STATUS_NO_RESOURCES,
  HV_STATUS_OPERATION_DENIED,
  HV_STATUS_SUCCESS,
} from '../abi/status.ts';
import { type FunctionTable, isFunctionTable } from '../platform/function-table.ts';
import { checkUnitModule, UNIT_EXPORT } from './check-module.ts';

/** Table indices that a guest may publish to: the machine's own functions lie below, and stay. */
export const FIRST_PUBLISHED_INDEX = 1024;
export const PUBLISHED_INDICES = 8192;
const END_OF_INDICES = FIRST_PUBLISHED_INDEX + PUBLISHED_INDICES;

/** Who refused: the hypercall (nobody may publish there, or from there), the check of the module, or the engine. */
export type CodeRefusalKind = 'call' | 'check' | 'engine';
/** @param reason in printable ASCII; of the guest's bytes it holds numbers at most */
export type OnCodeRefused = (kind: CodeRefusalKind, reason: string) => void;

export class CodePublisher {
  readonly #memory: WebAssembly.Memory;
  readonly #onRefused: OnCodeRefused;
  #table: FunctionTable | undefined;
  #isTaken = false;
  #kept: Map<number, Uint8Array> | undefined;

  constructor(memory: WebAssembly.Memory, onRefused: OnCodeRefused = () => {}) {
    this.#memory = memory;
    this.#onRefused = onRefused;
  }

  /** The table that the guest's module exports. Without one nothing can be published. */
  attach(table: unknown): void {
    if (isFunctionTable(table) && table.length <= FIRST_PUBLISHED_INDEX) this.#table = table;
  }

  /** Has published modules put into `kept` from now on, by table index. */
  keepIn(kept: Map<number, Uint8Array> | undefined): void {
    this.#kept = kept;
  }

  /** @param bytes the module, copied out of guest memory */
  publish(bytes: Uint8Array<ArrayBuffer>, index: number): number {
    const table = this.#table;
    if (table === undefined) {
      this.#onRefused('call', 'the guest has no table');
      return HV_STATUS_OPERATION_DENIED;
    }
    if (index < FIRST_PUBLISHED_INDEX || index >= END_OF_INDICES) {
      this.#onRefused('call', `table index ${index}`);
      return HV_STATUS_INVALID_PARAMETER;
    }
    const broken = checkUnitModule(bytes);
    if (broken !== undefined) {
      this.#onRefused('check', broken);
      return HV_STATUS_INVALID_PARAMETER;
    }
    try {
      table.set(index, this.#instantiate(bytes, table));
      this.#kept?.set(index, bytes);
      return HV_STATUS_SUCCESS;
    } catch (error) {
      // What the engine's own validation refuses, or a table that does not grow. The engine's words may hold the guest's.
      this.#onRefused('engine', `the engine says ${(error as Error).name}`);
      return HV_STATUS_NO_RESOURCES;
    }
  }

  #instantiate(bytes: Uint8Array<ArrayBuffer>, table: FunctionTable): unknown {
    if (!this.#isTaken) {
      table.grow(END_OF_INDICES - table.length);
      this.#isTaken = true;
    }
    const module = new WebAssembly.Module(bytes);
    const imports = Object.assign(Object.create(null), {
      env: Object.assign(Object.create(null), { memory: this.#memory, table }),
    });
    return new WebAssembly.Instance(module, imports).exports[UNIT_EXPORT];
  }
}
