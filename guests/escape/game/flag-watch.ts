// Looks for flags in what the player's guest writes to its console, however its output is cut.
import { FLAG_CHARACTERS, type FlagHashes, type FlagName, flagClaimed, flagPattern } from './flags.ts';

export class FlagWatch {
  readonly #hashes: FlagHashes;
  readonly #seen = new Set<FlagName>();
  #tail = '';

  constructor(hashes: FlagHashes) {
    this.#hashes = hashes;
  }

  /** @returns flags that had not been seen before */
  take(output: Uint8Array): FlagName[] {
    const text = this.#tail + Buffer.from(output).toString('latin1');
    this.#tail = text.slice(-(FLAG_CHARACTERS - 1));
    const found: FlagName[] = [];
    for (const [claim] of text.matchAll(flagPattern())) {
      const name = flagClaimed(claim, this.#hashes);
      if (name === undefined || this.#seen.has(name)) continue;
      this.#seen.add(name);
      found.push(name);
    }
    return found;
  }
}
