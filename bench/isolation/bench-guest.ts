// The benchmarks' guest in a partition, and the orders that it takes (guest.ts).
import {
  type Console,
  type Hypervisor,
  type IsolationLevel,
  installationTop,
  type Partition,
  type PartitionOptions,
} from '../../hypervisor/index.ts';

export const benchGuestFile = `${installationTop}/build/test-guests/bench-guest.wasm`;
/** More than any row makes. */
const UNLIMITED = { hypercalls: 1e9, messages: 1e9, ioOperations: 1e9, ioBytes: 2 ** 40, consoleBytes: 1e9 };
const TICKS_PER_MS = 10_000;
/** An order of a loaded machine may take its time. */
const ORDER_TIMEOUT_MS = 120_000;

/** A guest did something else than it was told to. */
export class WrongResult extends Error {}

export class BenchGuest implements AsyncDisposable {
  readonly partition: Partition;
  readonly #console: Console;

  private constructor(partition: Partition, console: Console) {
    this.partition = partition;
    this.#console = console;
  }

  /** Creates and starts the partition, and waits for the guest's first output. */
  static async start(
    hypervisor: Hypervisor,
    isolation: IsolationLevel,
    options: Partial<PartitionOptions> = {},
  ): Promise<BenchGuest> {
    await using started = new AsyncDisposableStack();
    const partition = started.use(
      await hypervisor.createPartition({
        guest: { kind: 'unikernel', module: benchGuestFile },
        isolation,
        // What is measured is a call's cost, not what a partition is allowed.
        limits: UNLIMITED,
        ...options,
      }),
    );
    const console = started.use(await partition.attachConsole());
    partition.start();
    await console.waitFor('up\n');
    started.move();
    return new BenchGuest(partition, console);
  }

  /** Waits until it takes orders. */
  async ready(): Promise<this> {
    await this.#console.waitFor('ready\n');
    return this;
  }

  /** Has it do something; its check value, and the milliseconds that it took by its own clock. */
  async order(letter: string, ...numbers: number[]): Promise<{ check: number; milliseconds: number }> {
    this.begin(letter, ...numbers);
    const pattern = new RegExp(`${letter} (\\d+) (\\d+)\\n`);
    const [, check, ticks] = await this.#console.waitFor(pattern, { timeoutMs: ORDER_TIMEOUT_MS });
    return { check: Number(check), milliseconds: Number(ticks) / TICKS_PER_MS };
  }

  /** An order that is never answered. */
  begin(letter: string, ...numbers: number[]): void {
    this.#console.write(`${[letter, ...numbers].join(' ')}\n`);
  }

  /** Has it make `count` calls of one kind; milliseconds. @throws WrongResult unless all of them went as they should */
  async calls(letter: string, count: number, ...more: number[]): Promise<number> {
    const { check, milliseconds } = await this.order(letter, count, ...more);
    if (check === count) return milliseconds;
    throw new WrongResult(`${count - check} of ${count} calls "${letter}" went wrong`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#console.close();
    await this.partition.dispose();
  }
}
