// What is going on, for whoever waits: on a terminal one line that is written over, elsewhere a line for each row.

export class Progress {
  readonly #stream: { isTTY?: boolean; write(text: string): unknown };
  #isDrawing = false;

  constructor(stream: { isTTY?: boolean; write(text: string): unknown }) {
    this.#stream = stream;
  }

  /** Shown until something else is. */
  step(text: string): void {
    if (this.#stream.isTTY !== true) return;
    this.#stream.write(`\r${text}\x1b[K`);
    this.#isDrawing = true;
  }

  /** Stays. */
  say(text: string): void {
    this.end();
    this.#stream.write(`${text}\n`);
  }

  end(): void {
    if (this.#isDrawing) this.#stream.write('\r\x1b[K');
    this.#isDrawing = false;
  }
}
