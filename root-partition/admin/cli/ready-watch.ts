// Watches console output for what says that the guest is ready, and for the status of a script that ran instead.
import { StringDecoder } from 'node:string_decoder';
import { RUN_EXITED_TEXT } from '../../../guests/images/index.ts';

/** More than any prompt or status line has. */
const KEPT_CHARACTERS = 2048;
const scriptStatus = new RegExp(`(?:^|[\\r\\n])${RUN_EXITED_TEXT} (\\d{1,3})(?=[\\r\\n])`, 'g');

export class ReadyWatch {
  /** Resolves when the pattern has matched; never when it does not. */
  readonly ready: Promise<void>;
  /** The last status that a script was reported to end with. */
  scriptStatus: number | undefined;
  readonly #decoder = new StringDecoder('utf8');
  readonly #pattern: RegExp | undefined;
  readonly #resolve: () => void;
  #tail = '';
  #isReady = false;

  constructor(pattern: RegExp | undefined) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ready = promise;
    this.#resolve = resolve;
    this.#pattern = pattern;
  }

  take(bytes: Buffer): void {
    this.#tail += this.#decoder.write(bytes);
    for (const match of this.#tail.matchAll(scriptStatus)) this.scriptStatus = Number(match[1]);
    if (!this.#isReady && this.#pattern?.test(this.#tail)) {
      this.#isReady = true;
      this.#resolve();
    }
    this.#tail = this.#tail.slice(-KEPT_CHARACTERS);
  }
}
