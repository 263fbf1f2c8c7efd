// What a process prints, for whoever waits for something in it; one waits at a time.
import type { ChildProcess } from 'node:child_process';

export interface Found {
  /** What came before. */
  text: string;
  match: RegExpMatchArray;
}

export class ProcessOutput {
  readonly #name: string;
  /** Printed, and waited for by nobody yet. */
  #text = '';
  #look: (() => void) | undefined;
  #reject: ((error: Error) => void) | undefined;
  #end: string | undefined;

  constructor(name: string, child: ChildProcess) {
    this.#name = name;
    child.stdout?.setEncoding('utf8').on('data', (piece: string) => {
      this.#text += piece;
      this.#look?.();
    });
    child.once('close', (code, signal) => this.#ended(`ended with ${signal ?? `status ${code}`}`));
    child.once('error', (error) => this.#ended(`cannot be started: ${error.message}`));
  }

  async waitFor(pattern: RegExp, timeoutMs: number): Promise<Found> {
    const { promise, resolve, reject } = Promise.withResolvers<RegExpMatchArray>();
    const late = (): void => reject(this.#error(`did not show ${pattern} within ${timeoutMs} ms`));
    const timer = setTimeout(late, timeoutMs);
    this.#look = () => {
      const match = this.#text.match(pattern);
      if (match !== null) resolve(match);
    };
    this.#reject = reject;
    this.#look();
    if (this.#end !== undefined) reject(this.#error(this.#end));
    try {
      const match = await promise;
      const text = this.#text.slice(0, match.index);
      this.#text = this.#text.slice((match.index ?? 0) + match[0].length);
      return { text, match };
    } finally {
      clearTimeout(timer);
      this.#look = undefined;
      this.#reject = undefined;
    }
  }

  #ended(how: string): void {
    this.#end ??= how;
    this.#reject?.(this.#error(how));
  }

  #error(how: string): Error {
    return new Error(`${this.#name} ${how}; its output ends with ${JSON.stringify(this.#text.slice(-400))}`);
  }
}
