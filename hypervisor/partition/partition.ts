// A guest partition as the SDK's user holds it: its life cycle from creation to deletion, over whatever container its
// isolation level put it into.

import { HV_STATUS_SUCCESS } from '../abi/status.ts';
import type { Guest } from '../guest-kinds.ts';
import { HypervisorError } from '../hypervisor-error.ts';
import { Console } from '../isolation/console-connection.ts';
import type { Inspection } from '../isolation/inspection.ts';
import type { IsolationLevel, PartitionContainer } from '../isolation/partition-container.ts';
import type { PartitionCounters } from '../isolation/partition-host.ts';
import type { RootProcess } from '../isolation/root-process.ts';
import { socketPair } from '../isolation/socket-pair.ts';
import { type PartitionExit, partitionExit } from '../partition-exit.ts';
import type { RootStatistics } from '../vmbus/root-control.ts';
import type { AuditEvent } from './audit-event.ts';
import type { PartitionState } from './life-cycle.ts';
import { type PartitionId, type PartitionTable, ROOT_PARTITION_ID } from './partition-table.ts';
import { RefusalAudit } from './refusal-audit.ts';
import { ThrottleAudit } from './throttle-audit.ts';

const PAUSE_TIMEOUT_MS = 1000;
const STOP_TIMEOUT_MS = 1000;

/** What a partition is made of; the hypervisor puts this together. */
export interface PartitionParts {
  id: PartitionId;
  name: string;
  guest: Guest;
  module: Uint8Array;
  table: PartitionTable;
  root: RootProcess;
  /** Makes and prepares a container, its root connection included; called again after a reset. */
  contain: (isFirst: boolean) => Promise<PartitionContainer>;
  /** Called once, when the partition is deleted. */
  onDeleted: () => void;
  /** Whether a reset starts the guest again (otherwise it ends with kind `reset`). */
  restartsOnReset: boolean;
}

/** Statistics of a partition: hypercalls, messages, packets, and instructions where the guest reports them. */
export interface PartitionStatistics {
  counters: PartitionCounters;
  /** Instructions that the guest says it has retired since its last start; 0 for guests that don't say. */
  instructions: number;
  /** The root partition's counters: devices, console, broker. */
  root: RootStatistics;
}

export class Partition implements AsyncDisposable {
  readonly id: PartitionId;
  readonly name: string;
  readonly guest: Guest;
  /** Resolves when the partition has ended for good, with how. Never rejects. */
  readonly exited: Promise<PartitionExit>;
  readonly #parts: PartitionParts;
  readonly #exit = Promise.withResolvers<PartitionExit>();
  readonly #resetListeners = new Set<() => void>();
  readonly #auditListeners = new Set<(event: AuditEvent) => void>();
  readonly #endRootListening: () => void;
  #container: PartitionContainer;
  #lastCounters: PartitionCounters | undefined;
  #nextReader = 1;
  #isEnding = false;
  #disposing: Promise<void> | undefined;

  /** @param container prepared, not yet running */
  constructor(parts: PartitionParts, container: PartitionContainer) {
    this.id = parts.id;
    this.name = parts.name;
    this.guest = parts.guest;
    this.#parts = parts;
    this.#container = container;
    this.exited = this.#exit.promise;
    this.#endRootListening = parts.root.onEvent((event) => {
      if (event.type !== 'throttled' || event.partitionId !== this.id) return;
      this.#audit({ event: 'throttled', limit: event.limit, waitedMs: event.waitedMs });
    });
  }

  /** TLFS life-cycle state. */
  get state(): PartitionState {
    return this.#parts.table.get(this.id)?.state ?? 'deleted';
  }

  /** The level it really runs at. */
  get isolation(): IsolationLevel {
    return this.#container.level;
  }

  /** What stands between this guest and everything else, one line each. */
  get walls(): readonly string[] {
    return this.#container.walls;
  }

  /** The operating-system process it runs in. */
  get pid(): number {
    return this.#container.pid;
  }

  /** Starts the guest. @throws HypervisorError PARTITION_STATE unless it was just created */
  start(): void {
    if (this.state !== 'initialized') throw this.#stateError('start');
    this.#move('active');
    void this.#runToEnd();
  }

  /** Stops time for the guest until `resume`. @throws HypervisorError PARTITION_STATE, or TIMED_OUT at level `thread` */
  async pause(): Promise<void> {
    this.#move('paused');
    if (await this.#container.pause(PAUSE_TIMEOUT_MS)) return;
    this.#move('active');
    throw new HypervisorError(
      'TIMED_OUT',
      `${this.name} did not come to a pause within ${PAUSE_TIMEOUT_MS} ms`,
    );
  }

  /** @throws HypervisorError PARTITION_STATE unless it is paused */
  resume(): void {
    if (this.state !== 'paused') throw this.#stateError('resume');
    this.#move('active');
    this.#container.resume();
  }

  /** Ends the guest at its next hypercall or budget's end, or by force after a second. */
  async stop(): Promise<PartitionExit> {
    this.#isEnding = true;
    if (this.state === 'paused') this.resume();
    this.#container.stop();
    const timer = setTimeout(() => void this.#container.kill(), STOP_TIMEOUT_MS);
    try {
      return await this.#ended();
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends the guest now, whatever it is doing. */
  async kill(): Promise<PartitionExit> {
    this.#isEnding = true;
    await this.#container.kill();
    return this.#ended();
  }

  /** Calls `listener` each time the guest resets and is started again. */
  onReset(listener: () => void): () => void {
    this.#resetListeners.add(listener);
    return () => this.#resetListeners.delete(listener);
  }

  /** Calls `listener` with what the guest tried and must not; of one kind of event about one a second at most. */
  onAudit(listener: (event: AuditEvent) => void): () => void {
    this.#auditListeners.add(listener);
    return () => this.#auditListeners.delete(listener);
  }

  /** Attaches a reader: it gets the scroll-back first. Several may be attached; detach with `close()`. */
  async attachConsole(): Promise<Console> {
    const [own, theirs] = socketPair();
    const console = new Console(own);
    try {
      const socket = this.#parts.root.give(theirs);
      const readerId = this.#nextReader++;
      await this.#parts.root.ask({ type: 'attach-console', partitionId: this.id, readerId, socket });
      return console;
    } catch (error) {
      await console.close();
      throw error;
    }
  }

  /** Tells the guest the size of the terminal. */
  async resizeConsole(columns: number, rows: number): Promise<void> {
    await this.#parts.root.ask({ type: 'resize', partitionId: this.id, columns, rows });
  }

  async statistics(): Promise<PartitionStatistics> {
    const counters = this.#lastCounters ?? (await this.#container.counters());
    const { statistics } = await this.#parts.root.ask({ type: 'statistics', partitionId: this.id });
    const instructions = counters.instructionsLo + counters.instructionsHi * 2 ** 32;
    return { counters, instructions, root: statistics ?? {} };
  }

  /**
   * What the guest does and holds, for whoever made it; of its present run only, should it be reset.
   * @throws HypervisorError ISOLATION_UNAVAILABLE above level `thread`: what is confined cannot be looked into
   */
  inspect(): Inspection {
    const { inspection, level } = this.#container;
    if (inspection !== undefined) return inspection;
    throw new HypervisorError(
      'ISOLATION_UNAVAILABLE',
      `${this.name} runs at level ${level} and cannot be looked into: expected level thread`,
    );
  }

  /** Ends the partition if it runs, flushes and closes its devices, and deletes it. */
  dispose(): Promise<void> {
    this.#disposing ??= this.#dispose();
    return this.#disposing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  async #dispose(): Promise<void> {
    await this.kill();
    await this.#parts.root.ask({ type: 'release', partitionId: this.id }).catch(() => {});
    if (this.state === 'initialized') this.#move('finalized');
    this.#parts.table.delete(ROOT_PARTITION_ID, this.id);
    this.#endRootListening();
    this.#parts.onDeleted();
  }

  #ended(): Promise<PartitionExit> {
    // Never started: nothing will run to an end.
    if (this.state === 'initialized') {
      this.#move('finalized');
      this.#exit.resolve({ kind: 'killed', code: 0, message: 'the partition was never started' });
    }
    return this.exited;
  }

  async #runToEnd(): Promise<void> {
    for (;;) {
      const refusals = new RefusalAudit((event) => this.#audit(event));
      this.#container.onRefusedCode = (report) => refusals.take(report);
      const throttled = new ThrottleAudit((event) => this.#audit(event));
      this.#container.onThrottled = (counters) => throttled.take(counters);
      this.#container.run(this.#parts.module);
      const exit = partitionExit(await this.#container.exited);
      if (exit.kind !== 'killed')
        this.#lastCounters = await this.#container.counters().catch(() => undefined);
      if (this.#lastCounters !== undefined) refusals.finish(this.#lastCounters);
      await this.#container.kill();
      if (exit.kind !== 'reset' || !this.#parts.restartsOnReset || this.#isEnding) {
        this.#finish(exit);
        return;
      }
      try {
        // A fresh process and fresh memory: nothing of the old run is left but the devices' contents.
        this.#container = await this.#parts.contain(false);
        this.#lastCounters = undefined;
        for (const listener of this.#resetListeners) listener();
      } catch (error) {
        this.#finish({ kind: 'killed', code: 0, message: `restart failed: ${(error as Error).message}` });
        return;
      }
    }
  }

  #audit(event: AuditEvent): void {
    for (const listener of this.#auditListeners) listener(event);
  }

  #finish(exit: PartitionExit): void {
    this.#parts.table.move(ROOT_PARTITION_ID, this.id, 'finalized');
    this.#exit.resolve(exit);
  }

  #move(next: 'active' | 'paused' | 'finalized'): void {
    const status = this.#parts.table.move(ROOT_PARTITION_ID, this.id, next);
    if (status !== HV_STATUS_SUCCESS) throw this.#stateError(`become ${next}`, status);
  }

  #stateError(what: string, status?: number): HypervisorError {
    const detail = status === undefined ? '' : ` (hypercall status 0x${status.toString(16)})`;
    return new HypervisorError(
      'PARTITION_STATE',
      `${this.name} is ${this.state} and cannot ${what}${detail}`,
    );
  }
}
