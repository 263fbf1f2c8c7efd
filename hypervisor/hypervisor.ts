// The hypervisor as a program uses it: starts the root partition process and the launcher, creates partitions.
import { availableParallelism, freemem } from 'node:os';
import { HV_STATUS_INSUFFICIENT_MEMORY, HV_STATUS_SUCCESS } from './abi/status.ts';
import { bootArguments, type Guest, mayPublishCode, memoryPages } from './guest-kinds.ts';
import { HypervisorError } from './hypervisor-error.ts';
import { Governor } from './isolation/governor.ts';
import { checkInstallation } from './isolation/installation-check.ts';
import { landlockAbi } from './isolation/landlock.ts';
import { ConfinedLauncher, FreeLauncher, type Launcher } from './isolation/launcher.ts';
import type {
  ContainerOptions,
  IsolationLevel,
  PartitionContainer,
} from './isolation/partition-container.ts';
import type { PartitionConfiguration } from './isolation/partition-host.ts';
import { ProcessContainer } from './isolation/process-container.ts';
import { canMeasureProcessors } from './isolation/processor-time.ts';
import { allowedProcessors } from './isolation/processors.ts';
import { installationTop } from './isolation/program-files.ts';
import { RootProcess } from './isolation/root-process.ts';
import { socketPair } from './isolation/socket-pair.ts';
import { type Disk, describeDevices } from './partition/devices.ts';
import { Partition } from './partition/partition.ts';
import { type PartitionId, PartitionTable, ROOT_PARTITION_ID } from './partition/partition-table.ts';
import { guestPrivileges, type PrivilegeMask } from './partition/privilege-mask.ts';
import { readWholly } from './platform/files.ts';
import { type CpuOptions, checkedCpuShare, checkedProcessors } from './scheduler/cpu-options.ts';
import type { CpuShare } from './scheduler/fair-share.ts';
import { isLimit, type Limits, limitDefaults, limitNames } from './scheduler/limits.ts';

/** Users that partitions get where the hypervisor runs as root, each one of its own, also beside other hypervisors. */
const FIRST_PARTITION_UID = 200_000;
const PARTITION_UIDS = 60_000;
const UIDS_PER_HYPERVISOR = 64;
const WASM_PAGE_BYTES = 65_536;
const TICK_NS = 100;
const MAX_GRANULARITY_NS = 1_000_000_000;
const DEFAULT_UNIKERNEL_MIB = 16;
/** Memory of a machine for which none is named, in MiB. */
export const defaultMachineMib = 256;

export interface HypervisorOptions {
  /** Memory that all partitions together may have as quota. Default: what the machine has free. */
  memoryPoolBytes?: number;
}

export interface PartitionOptions {
  /** For people; default: the guest's kind. */
  name?: string;
  guest: Guest;
  /** Linear memory of a unikernel, RAM of a machine, in MiB. Default 16 and 256. */
  memoryMib?: number;
  disks?: readonly Disk[];
  /** Default `jail`, or the best that the machine offers (see `Hypervisor.warnings`). */
  isolation?: IsolationLevel;
  /** Further boot arguments for the guest. */
  arguments?: Record<string, string>;
  /** What it may do per second; default: limitDefaults. */
  limits?: Partial<Limits>;
  /** Its share of the processors; not for isolation level `thread`. */
  cpu?: CpuOptions;
  /** Default: guestPrivileges. */
  privileges?: PrivilegeMask;
  /** Resolution of all of the guest's clocks in nanoseconds, a multiple of 100, at most a second. Default: 100. */
  clockGranularityNs?: number;
  /** Default true: a guest that resets is started again. */
  restartsOnReset?: boolean;
}

export class Hypervisor implements AsyncDisposable {
  /** What the user should know about missing walls, one line each. */
  readonly warnings: readonly string[];
  readonly #root: RootProcess;
  readonly #confined: Launcher | undefined;
  readonly #free = new FreeLauncher();
  readonly #governor = new Governor();
  readonly #table: PartitionTable;
  readonly #partitions = new Map<PartitionId, Partition>();
  /** Processors that partitions have as reserve, and of which. */
  readonly #reserves = new Map<PartitionId, { reserve: number; of: string }>();

  private constructor(
    root: RootProcess,
    confined: Launcher | undefined,
    table: PartitionTable,
    warnings: string[],
  ) {
    this.#root = root;
    this.#confined = confined;
    this.#table = table;
    this.warnings = warnings;
  }

  /**
   * Starts the root partition process and, where the machine offers a jail, the launcher thread.
   * @throws HypervisorError INSTALLATION_CHANGED when what they would be loaded from is not what was built
   */
  static async start(options: HypervisorOptions = {}): Promise<Hypervisor> {
    checkInstallation(installationTop);
    const warnings: string[] = [];
    const [root, confined] = await Promise.all([RootProcess.start(), startConfinedLauncher(warnings)]);
    if (!root.walls.some((wall) => wall.startsWith('seccomp'))) {
      warnings.push('the root partition process is not confined: it may ask the kernel for anything');
    }
    const table = new PartitionTable(options.memoryPoolBytes ?? freemem());
    return new Hypervisor(root, confined, table, warnings);
  }

  /** The process that owns the devices. */
  get rootPid(): number {
    return this.#root.pid;
  }

  /** What confines that process, one line each. */
  get rootWalls(): readonly string[] {
    return this.#root.walls;
  }

  /** The partitions that exist. */
  get partitions(): readonly Partition[] {
    return [...this.#partitions.values()];
  }

  /** Creates a partition and brings it up to the point where `start()` lets the guest run. */
  async createPartition(options: PartitionOptions): Promise<Partition> {
    const { guest } = options;
    const memoryMib =
      options.memoryMib ?? (guest.kind === 'unikernel' ? DEFAULT_UNIKERNEL_MIB : defaultMachineMib);
    const pages = memoryPages(guest, memoryMib);
    const granularityNs = checkedGranularity(options.clockGranularityNs ?? TICK_NS);
    const { hypercalls, ...limits } = checkedLimits(options.limits ?? {});
    const cpu = checkedCpuShare(options.cpu ?? {});
    const module = guestModule(guest);
    const level = this.#resolveLevel(options.isolation);
    if (options.cpu !== undefined) mustBeGovernable(level);
    const processors = placedOn(options.cpu?.processors);
    this.#mustHaveProcessors(cpu, processors);
    const id = this.#enterTable(options, pages);
    this.#reserves.set(id, { reserve: cpu.reserve, of: processors?.join() ?? '' });
    const configuration: PartitionConfiguration = {
      partitionId: id,
      memoryPages: pages,
      privileges: options.privileges ?? guestPrivileges,
      bootArguments: bootArguments(guest, memoryMib, options.arguments ?? {}),
      granularityTicks: granularityNs / TICK_NS,
      hypercallsPerSecond: hypercalls,
      mayPublishCode: mayPublishCode(guest),
    };
    const contain = async (isFirst: boolean): Promise<PartitionContainer> => {
      const [rootEnd, partitionEnd] = socketPair();
      const container = await this.#makeContainer(level, configuration, {
        rootSocketFd: partitionEnd,
        cpu,
        processors,
      });
      const socket = this.#root.give(rootEnd);
      try {
        const connected = isFirst
          ? this.#root.ask({
              type: 'connect',
              partitionId: id,
              name: options.name ?? guest.kind,
              socket,
              limits,
              channels: describeDevices(guest, options.disks ?? [], granularityNs, (fd) =>
                this.#root.give(fd),
              ),
            })
          : this.#root.ask({ type: 'reconnect', partitionId: id, socket });
        await Promise.all([connected, container.prepare()]);
        return container;
      } catch (error) {
        await container.kill();
        throw error;
      }
    };
    try {
      const container = await contain(true);
      this.#table.move(ROOT_PARTITION_ID, id, 'initialized');
      const partition = new Partition(
        {
          id,
          name: options.name ?? guest.kind,
          guest,
          module,
          table: this.#table,
          root: this.#root,
          contain,
          onDeleted: () => this.#forget(id),
          restartsOnReset: options.restartsOnReset ?? true,
        },
        container,
      );
      this.#partitions.set(id, partition);
      return partition;
    } catch (error) {
      await this.#root.ask({ type: 'release', partitionId: id }).catch(() => {});
      this.#table.delete(ROOT_PARTITION_ID, id);
      this.#forget(id);
      throw error;
    }
  }

  /**
   * Lets `from` post messages and signal events to `to`'s SINT, through the root partition.
   * @param connectionId what `from` names the connection by, firstConnectionId or above
   */
  async connectPorts(from: Partition, to: Partition, sint: number, connectionId: number): Promise<void> {
    const ports = { fromPartition: from.id, connectionId, toPartition: to.id, sint };
    await this.#root.ask({ type: 'connect-ports', ...ports });
  }

  /** Ends all partitions, the launcher and the root partition. */
  async close(): Promise<void> {
    await Promise.all(this.partitions.map((partition) => partition.dispose()));
    await this.#confined?.close();
    await this.#root.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #resolveLevel(wanted: IsolationLevel | undefined): IsolationLevel {
    if (wanted === 'jail' && this.#confined === undefined) {
      throw new HypervisorError(
        'ISOLATION_UNAVAILABLE',
        `no jail on this machine: ${this.warnings.join('; ')}`,
      );
    }
    return wanted ?? (this.#confined === undefined ? 'process' : 'jail');
  }

  #forget(id: PartitionId): void {
    this.#partitions.delete(id);
    this.#reserves.delete(id);
  }

  /**
   * Reserves must be there on the machine, and among partitions with the same processors. Sets that overlap without being
   * equal are not added up (decision 0015).
   */
  #mustHaveProcessors({ reserve }: CpuShare, processors: readonly number[] | undefined): void {
    if (reserve === 0) return;
    const all = [...this.#reserves.values()];
    const own = processors?.join() ?? '';
    const least = Math.min(
      100 * availableParallelism() - percentOf(all),
      processors === undefined
        ? Infinity
        : 100 * processors.length - percentOf(all.filter(({ of }) => of === own)),
    );
    const wanted = percentOf([{ reserve }]);
    if (wanted <= least) return;
    throw new HypervisorError(
      'PARTITION_REFUSED',
      `cpu.reserve: ${least} % of a processor are not yet reserved, ${wanted} % are wanted`,
    );
  }

  #enterTable(options: PartitionOptions, pages: number): PartitionId {
    const { status, id } = this.#table.create(ROOT_PARTITION_ID, {
      name: options.name ?? options.guest.kind,
      privileges: options.privileges ?? guestPrivileges,
      memoryQuotaBytes: pages * WASM_PAGE_BYTES,
    });
    if (status === HV_STATUS_SUCCESS && id !== undefined) return id;
    const wantedMib = (pages * WASM_PAGE_BYTES) / 2 ** 20;
    const freeMib = Math.floor(this.#table.freeBytes / 2 ** 20);
    throw status === HV_STATUS_INSUFFICIENT_MEMORY
      ? new HypervisorError(
          'OUT_OF_MEMORY_POOL',
          `the partition needs ${wantedMib} MiB, ${freeMib} MiB are free`,
        )
      : new HypervisorError('PARTITION_REFUSED', `partition refused with status 0x${status.toString(16)}`);
  }

  async #makeContainer(
    level: IsolationLevel,
    configuration: PartitionConfiguration,
    connection: Pick<ContainerOptions, 'rootSocketFd' | 'cpu' | 'processors'>,
  ): Promise<PartitionContainer> {
    const options = { configuration, governor: this.#governor, ...connection };
    if (level === 'thread') {
      // Only here does the hypervisor's own process need what a partition process is made of, the worker pool with it.
      const { ThreadContainer } = await import('./isolation/thread-container.ts');
      return new ThreadContainer(options);
    }
    const isJailed = level === 'jail' && this.#confined !== undefined;
    const uid = isJailed ? partitionUid(configuration.partitionId) : undefined;
    return new ProcessContainer(options, isJailed ? (this.#confined as Launcher) : this.#free, uid);
  }
}

/** In the whole percent that reserves are given in, so that sums are exact. */
const percentOf = (reserves: readonly { reserve: number }[]): number =>
  reserves.reduce((sum, { reserve }) => sum + Math.round(100 * reserve), 0);

/** @throws HypervisorError ISOLATION_UNAVAILABLE where shares cannot be kept */
function mustBeGovernable(level: IsolationLevel): void {
  if (level !== 'thread' && canMeasureProcessors()) return;
  const reason =
    level === 'thread'
      ? 'a partition at level thread has no process of its own'
      : 'this system does not say what a process uses and waits for';
  throw new HypervisorError('ISOLATION_UNAVAILABLE', `cpu: shares cannot be kept here: ${reason}`);
}

/** @throws HypervisorError INVALID_ARGUMENT; ISOLATION_UNAVAILABLE where a process cannot be kept to processors */
function placedOn(processors: readonly number[] | undefined): number[] | undefined {
  if (processors === undefined) return undefined;
  const allowed = allowedProcessors();
  if (allowed !== undefined) return checkedProcessors(processors, allowed);
  throw new HypervisorError(
    'ISOLATION_UNAVAILABLE',
    'cpu.processors: this system cannot keep a process to processors',
  );
}

/** @throws HypervisorError INVALID_ARGUMENT */
function checkedGranularity(granularityNs: number): number {
  const ticks = granularityNs / TICK_NS;
  if (Number.isInteger(ticks) && ticks >= 1 && granularityNs <= MAX_GRANULARITY_NS) return granularityNs;
  throw new HypervisorError(
    'INVALID_ARGUMENT',
    `clock granularity is ${granularityNs} ns, expected a multiple of ${TICK_NS} up to ${MAX_GRANULARITY_NS}`,
  );
}

/** @throws HypervisorError INVALID_ARGUMENT */
function checkedLimits(given: Partial<Limits>): Limits {
  const wrong = Object.entries(given).find(
    ([name, value]) => !Object.hasOwn(limitDefaults, name) || !isLimit(value),
  );
  if (wrong === undefined) return { ...limitDefaults, ...given };
  throw new HypervisorError(
    'INVALID_ARGUMENT',
    `limits: expected whole numbers from 1 for ${limitNames.join(', ')}; got ${wrong[0]}: ${wrong[1]}`,
  );
}

function partitionUid(partitionId: number): number | undefined {
  if (process.getuid?.() !== 0) return undefined;
  return FIRST_PARTITION_UID + ((process.pid * UIDS_PER_HYPERVISOR + partitionId) % PARTITION_UIDS);
}

async function startConfinedLauncher(warnings: string[]): Promise<Launcher | undefined> {
  try {
    if (landlockAbi() === 0)
      warnings.push('the kernel has no Landlock: files are kept closed by seccomp alone');
    return await ConfinedLauncher.start();
  } catch (error) {
    warnings.push(`no jail (${(error as Error).message}): guests run at isolation level process`);
    return undefined;
  }
}

function guestModule(guest: Guest): Uint8Array {
  if (guest.kind !== 'unikernel') return readWholly(`${installationTop}/build/guests/riscv-machine.wasm`);
  return typeof guest.module === 'string' ? readWholly(guest.module) : guest.module;
}
