// A reader of a partition's console: what the root partition's console service sends, and what is typed.
import { Socket } from 'node:net';
import { StringDecoder } from 'node:string_decoder';
import { HypervisorError } from '../hypervisor-error.ts';

const DEFAULT_TIMEOUT_MS = 60_000;
/** Output kept for `waitFor` and `text`; older output is forgotten. */
const KEPT_CHARACTERS = 1024 * 1024;

interface Waiter {
  pattern: RegExp;
  resolve: (match: RegExpMatchArray) => void;
  reject: (error: Error) => void;
}

/** Attached with `Partition.attachConsole()`. Several may be attached at once; each gets all output. */
export class Console implements AsyncDisposable {
  readonly #socket: Socket;
  readonly #decoder = new StringDecoder('utf8');
  readonly #waiters = new Set<Waiter>();
  readonly #listeners = new Set<(bytes: Buffer) => void>();
  readonly #closed: Promise<void>;
  #text = '';
  #searchFrom = 0;
  #isClosed = false;

  /** @param fd the connected socket to the console service */
  constructor(fd: number) {
    this.#socket = new Socket({ fd, readable: true, writable: true });
    this.#socket.on('data', (bytes: Buffer) => this.#take(bytes));
    this.#socket.on('error', () => {});
    this.#closed = new Promise((resolve) => {
      this.#socket.on('close', () => {
        this.#isClosed = true;
        for (const waiter of this.#waiters) waiter.reject(this.#closedError(waiter.pattern));
        this.#waiters.clear();
        resolve();
      });
    });
  }

  /** Output seen so far, at most the last 1 Mi characters, as text. */
  get text(): string {
    return this.#text;
  }

  /** Resolves when the console is detached or the partition is gone. */
  get closed(): Promise<void> {
    return this.#closed;
  }

  /** Calls `listener` with output as it arrives; returns the function that ends it. */
  onOutput(listener: (bytes: Buffer) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Sends input to the guest. */
  write(input: string | Uint8Array): void {
    if (!this.#isClosed) this.#socket.write(input);
  }

  /**
   * Waits until output matches, starting after the previous match, and returns the match.
   * @throws HypervisorError TIMED_OUT, or CONSOLE_CLOSED when no more output will come
   */
  waitFor(pattern: RegExp | string, options: { timeoutMs?: number } = {}): Promise<RegExpMatchArray> {
    const expression =
      typeof pattern === 'string' ? new RegExp(pattern.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')) : pattern;
    const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    return new Promise((resolve, reject) => {
      const finish = (action: () => void): void => {
        clearTimeout(timer);
        this.#waiters.delete(waiter);
        action();
      };
      const waiter: Waiter = {
        pattern: expression,
        resolve: (match) => finish(() => resolve(match)),
        reject: (error) => finish(() => reject(error)),
      };
      const timer = setTimeout(() => {
        const seen = JSON.stringify(this.#text.slice(-400));
        const message = `console did not show ${expression} within ${timeoutMs} ms; it ends with ${seen}`;
        waiter.reject(new HypervisorError('TIMED_OUT', message));
      }, timeoutMs);
      this.#waiters.add(waiter);
      this.#search();
      if (this.#isClosed && this.#waiters.has(waiter)) waiter.reject(this.#closedError(expression));
    });
  }

  /** Detaches. */
  async close(): Promise<void> {
    this.#socket.destroy();
    await this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #closedError(pattern: RegExp): HypervisorError {
    const seen = JSON.stringify(this.#text.slice(-400));
    return new HypervisorError(
      'CONSOLE_CLOSED',
      `console closed before it showed ${pattern}; it ends with ${seen}`,
    );
  }

  #take(bytes: Buffer): void {
    for (const listener of this.#listeners) listener(bytes);
    this.#text += this.#decoder.write(bytes);
    const excess = this.#text.length - KEPT_CHARACTERS;
    if (excess > 0) {
      this.#text = this.#text.slice(excess);
      this.#searchFrom = Math.max(0, this.#searchFrom - excess);
    }
    this.#search();
  }

  #search(): void {
    for (const waiter of [...this.#waiters]) {
      const match = this.#text.slice(this.#searchFrom).match(waiter.pattern);
      if (match === null) continue;
      this.#searchFrom += (match.index ?? 0) + match[0].length;
      waiter.resolve(match);
    }
  }
}
