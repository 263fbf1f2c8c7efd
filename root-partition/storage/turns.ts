// How many of a partition's storage requests may be carried out at a time, over all of its disks. Requests that wait
// for a device occupy the engine's file threads, which all partitions share; the rest of a partition's requests wait
// here, at its own cost.

/** File threads of the root partition process: enough for several partitions that use all their turns. */
export const FILE_THREADS = 16;
export const TURNS_PER_PARTITION = 4;

export class Turns {
  readonly #waiting: (() => void)[] = [];
  #free: number;
  #isStarting = false;

  constructor(limit = TURNS_PER_PARTITION) {
    this.#free = limit;
  }

  /** Calls `start` now or when it is its turn; what it starts must call `end` once. */
  begin(start: () => void): void {
    this.#waiting.push(start);
    this.#startNext();
  }

  end(): void {
    this.#free++;
    this.#startNext();
  }

  /** A request may end before its start has returned; the loop takes care of it, not the stack. */
  #startNext(): void {
    if (this.#isStarting) return;
    this.#isStarting = true;
    while (this.#free > 0) {
      const start = this.#waiting.shift();
      if (start === undefined) break;
      this.#free--;
      start();
    }
    this.#isStarting = false;
  }
}
