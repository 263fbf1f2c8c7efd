// What an attempt finds when it runs: a hypervisor, a neighbour partition to leave alone, a folder, and the means to
// start a hostile guest and watch it. Everything that the attacker puts out goes through here, so that a canary in it
// is seen.
import type {
  AuditEvent,
  Hypervisor,
  IsolationLevel,
  Partition,
  PartitionExit,
  PartitionOptions,
  PartitionStatistics,
} from '../../../hypervisor/index.ts';
import { guestFile } from './guest-file.ts';
import type { Neighbour } from './neighbour.ts';
import type { Step } from './protocol.ts';

const GUEST_TIMEOUT_MS = 20_000;

export interface GuestRun {
  exit: PartitionExit;
  /** What it wrote to its console. */
  text: string;
  statistics: PartitionStatistics;
  audit: readonly AuditEvent[];
}

export type HostileGuestOptions = Omit<Partial<PartitionOptions>, 'guest'> & {
  /** A folder of guests/escape with a guest.ts, or the bytes of a module. */
  guest: string | Uint8Array | PartitionOptions['guest'];
  /** It is killed when it runs longer. */
  timeoutMs?: number;
  /** Called when it has been created, before it runs. */
  beforeStart?: (partition: Partition) => Promise<void>;
  /** Called once it runs. */
  whileRunning?: (partition: Partition) => Promise<void>;
};

export interface StageParts {
  hypervisor: Hypervisor;
  isolation: IsolationLevel;
  neighbour: Neighbour;
  folder: string;
  tell: (step: Step) => void;
}

export class Stage {
  readonly hypervisor: Hypervisor;
  /** The level that hostile guests run at, unless they say otherwise. */
  readonly isolation: IsolationLevel;
  readonly neighbour: Neighbour;
  /** A folder of this attempt's own that every user of the machine may use; gone afterwards. */
  readonly folder: string;
  readonly #tell: StageParts['tell'];
  #hasLeaked = false;

  constructor(parts: StageParts) {
    this.hypervisor = parts.hypervisor;
    this.isolation = parts.isolation;
    this.neighbour = parts.neighbour;
    this.folder = parts.folder;
    this.#tell = parts.tell;
  }

  /** Whether the canary has been in anything that an attacker put out. */
  get hasLeaked(): boolean {
    return this.#hasLeaked;
  }

  /** Says, live, what the attacker does next. */
  tries(what: string): void {
    this.#tell({ kind: 'tries', text: what });
  }

  /** Says, live, what came of it. */
  sees(what: string): void {
    this.noteOutput(what);
    this.#tell({ kind: 'sees', text: what });
  }

  /** For output of an attacker that does not come by a guest's console. */
  noteOutput(text: string): void {
    this.#hasLeaked ||= this.neighbour.isSeenIn(text);
  }

  /** Runs a hostile guest to its end. */
  async runGuest(options: HostileGuestOptions): Promise<GuestRun> {
    const { guest, timeoutMs = GUEST_TIMEOUT_MS, beforeStart, whileRunning, ...rest } = options;
    await using partition = await this.hypervisor.createPartition({
      name: 'attacker',
      isolation: this.isolation,
      memoryMib: 2,
      ...rest,
      guest: typeof guest === 'string' || guest instanceof Uint8Array ? unikernel(guest) : guest,
    });
    const console = await partition.attachConsole();
    const audit: AuditEvent[] = [];
    partition.onAudit((event) => audit.push(event));
    await beforeStart?.(partition);
    partition.start();
    const timer = setTimeout(() => void partition.kill(), timeoutMs);
    try {
      await whileRunning?.(partition);
      const exit = await partition.exited;
      const statistics = await partition.statistics();
      await partition.dispose();
      await console.closed;
      this.noteOutput(console.text + exit.message);
      return { exit, text: console.text, statistics, audit };
    } finally {
      clearTimeout(timer);
      await console.close();
    }
  }
}

const unikernel = (guest: string | Uint8Array): PartitionOptions['guest'] => ({
  kind: 'unikernel',
  module: typeof guest === 'string' ? guestFile(guest) : guest,
});
