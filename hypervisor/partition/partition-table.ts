// The partition table: who exists, in which state, with which privileges and how much memory. Every operation names
// its caller, and the root partition is an entry like the others (TLFS: "Partition Management").
import { HV_PRIVILEGE_CPU_MANAGEMENT, HV_PRIVILEGE_CREATE_PARTITIONS } from '../abi/privileges.ts';
import {
  HV_STATUS_ACCESS_DENIED,
  HV_STATUS_INSUFFICIENT_MEMORY,
  HV_STATUS_INVALID_PARTITION_ID,
  HV_STATUS_SUCCESS,
} from '../abi/status.ts';
import { type PartitionState, transition } from './life-cycle.ts';
import { hasPrivilege, type PrivilegeMask, rootPrivileges } from './privilege-mask.ts';

declare const partitionIdBrand: unique symbol;
/** A partition's number. Never reused while the hypervisor runs. */
export type PartitionId = number & { readonly [partitionIdBrand]: true };

export const ROOT_PARTITION_ID = 1 as PartitionId;

/** One row. Only this file writes it. */
export interface PartitionEntry {
  readonly id: PartitionId;
  readonly name: string;
  readonly parent: PartitionId;
  state: PartitionState;
  privileges: PrivilegeMask;
  /** Most bytes its linear memory may have; charged to the table's pool while the partition exists. */
  readonly memoryQuotaBytes: number;
}

/** A status, and the new partition's id where it is Success. */
export interface CreateResult {
  status: number;
  id?: PartitionId;
}

export class PartitionTable {
  readonly #entries = new Map<PartitionId, PartitionEntry>();
  readonly #poolBytes: number;
  #usedBytes = 0;
  #nextId = 2;

  /** @param poolBytes what all guests together may have as memory quota */
  constructor(poolBytes: number) {
    this.#poolBytes = poolBytes;
    this.#entries.set(ROOT_PARTITION_ID, {
      id: ROOT_PARTITION_ID,
      name: 'root',
      parent: ROOT_PARTITION_ID,
      state: 'active',
      privileges: rootPrivileges,
      memoryQuotaBytes: 0,
    });
  }

  /** HvCreatePartition. Denied without CreatePartitions, InsufficientMemory when the pool cannot hold the quota. */
  create(
    caller: PartitionId,
    request: { name: string; privileges: PrivilegeMask; memoryQuotaBytes: number },
  ): CreateResult {
    const denied = this.#check(caller, HV_PRIVILEGE_CREATE_PARTITIONS);
    if (denied !== HV_STATUS_SUCCESS) return { status: denied };
    const parent = this.#entries.get(caller) as PartitionEntry;
    // Nobody gives away what it does not have.
    const { lo, hi } = request.privileges;
    if ((lo & ~parent.privileges.lo) !== 0 || (hi & ~parent.privileges.hi) !== 0) {
      return { status: HV_STATUS_ACCESS_DENIED };
    }
    if (this.#usedBytes + request.memoryQuotaBytes > this.#poolBytes) {
      return { status: HV_STATUS_INSUFFICIENT_MEMORY };
    }
    const id = this.#nextId++ as PartitionId;
    this.#usedBytes += request.memoryQuotaBytes;
    this.#entries.set(id, { id, parent: caller, state: 'created', ...request });
    return { status: HV_STATUS_SUCCESS, id };
  }

  /** HvInitializePartition, HvFinalizePartition, and the run states between them. */
  move(caller: PartitionId, id: PartitionId, next: Exclude<PartitionState, 'deleted'>): number {
    const bit =
      next === 'active' || next === 'paused' ? HV_PRIVILEGE_CPU_MANAGEMENT : HV_PRIVILEGE_CREATE_PARTITIONS;
    const denied = this.#check(caller, bit);
    if (denied !== HV_STATUS_SUCCESS) return denied;
    const entry = this.#childOf(caller, id);
    return entry === undefined ? HV_STATUS_INVALID_PARTITION_ID : transition(entry, next);
  }

  /** HvDeletePartition: the quota goes back to the pool, the id is gone for good. */
  delete(caller: PartitionId, id: PartitionId): number {
    const denied = this.#check(caller, HV_PRIVILEGE_CREATE_PARTITIONS);
    if (denied !== HV_STATUS_SUCCESS) return denied;
    const entry = this.#childOf(caller, id);
    if (entry === undefined) return HV_STATUS_INVALID_PARTITION_ID;
    const status = transition(entry, 'deleted');
    if (status !== HV_STATUS_SUCCESS) return status;
    this.#usedBytes -= entry.memoryQuotaBytes;
    this.#entries.delete(id);
    return HV_STATUS_SUCCESS;
  }

  /** Replaces a partition's privileges. The hypervisor's own act, for set-up and for tests of the checks. */
  setPrivileges(id: PartitionId, privileges: PrivilegeMask): void {
    const entry = this.#entries.get(id);
    if (entry !== undefined) entry.privileges = privileges;
  }

  /** A copy of the row, or undefined. */
  get(id: PartitionId): Readonly<PartitionEntry> | undefined {
    const entry = this.#entries.get(id);
    return entry === undefined ? undefined : { ...entry };
  }

  /** Copies of all rows, the root partition first. */
  list(): Readonly<PartitionEntry>[] {
    return [...this.#entries.values()].map((entry) => ({ ...entry }));
  }

  get freeBytes(): number {
    return this.#poolBytes - this.#usedBytes;
  }

  #check(caller: PartitionId, bit: number): number {
    const entry = this.#entries.get(caller);
    if (entry === undefined) return HV_STATUS_INVALID_PARTITION_ID;
    return hasPrivilege(entry.privileges, bit) ? HV_STATUS_SUCCESS : HV_STATUS_ACCESS_DENIED;
  }

  /** A partition is managed by its parent only; to others it does not exist. */
  #childOf(caller: PartitionId, id: PartitionId): PartitionEntry | undefined {
    const entry = this.#entries.get(id);
    return entry !== undefined && entry.parent === caller && id !== ROOT_PARTITION_ID ? entry : undefined;
  }
}
