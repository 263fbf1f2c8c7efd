// Refused publications on their way out of a partition: the VP's thread counts them and leaves the first one's reason
// in the control block; the main thread looks, says what it found, and then looks away for a while, so that a guest
// that publishes garbage as fast as it can is heard of, but not each time.
import type { CodeRefusalKind } from '../code-publishing/code-publisher.ts';
import {
  CB_REASON,
  type CounterName,
  count,
  counterWord,
  REASON_BYTES,
  reasonByte,
} from './control-block.ts';

/** How long the main thread looks away. */
export const REPORT_INTERVAL_MS = 1000;
/** CB_REASON while a VP writes; otherwise it holds the length, 0 when there is no reason. */
const WRITING = -1;

const counterOf: Record<CodeRefusalKind, CounterName | undefined> = {
  call: undefined,
  check: 'codeRefusedByCheck',
  engine: 'codeRefusedByEngine',
};

/** On the VP's thread. @param reason in ASCII, and nothing in it that the guest wrote */
export function noteRefusal(words: Int32Array, kind: CodeRefusalKind, reason: string): void {
  const counter = counterOf[kind];
  if (counter !== undefined) count(words, counter);
  if (Atomics.compareExchange(words, CB_REASON, 0, WRITING) === 0) {
    const bytes = new Uint8Array(words.buffer, reasonByte, REASON_BYTES);
    const length = Math.min(reason.length, REASON_BYTES);
    for (let index = 0; index < length; index++) bytes[index] = reason.charCodeAt(index);
    Atomics.store(words, CB_REASON, length);
  }
  count(words, 'codeRefused');
  Atomics.notify(words, counterWord.codeRefused);
}

function takeReason(words: Int32Array): string {
  const length = Atomics.load(words, CB_REASON);
  if (length <= 0) return '';
  const reason = String.fromCharCode(...new Uint8Array(words.buffer, reasonByte, length));
  Atomics.store(words, CB_REASON, 0);
  return reason;
}

export class RefusalWatch {
  readonly #words: Int32Array;
  readonly #report: (reason: string) => void;
  readonly #wait: (ms: number) => Promise<void>;
  #reported = 0;
  #isClosed = false;

  /**
   * @param report called with the first new refusal's reason, at most once per interval
   * @param wait resolves after so many milliseconds; nobody is kept alive by it
   */
  constructor(words: Int32Array, report: (reason: string) => void, wait = unheldDelay) {
    this.#words = words;
    this.#report = report;
    this.#wait = wait;
    void this.#watch();
  }

  /** Reports what has not been reported yet. */
  flush(): void {
    const refused = Atomics.load(this.#words, counterWord.codeRefused);
    if (refused === this.#reported || this.#isClosed) return;
    this.#reported = refused;
    this.#report(takeReason(this.#words));
  }

  close(): void {
    this.#isClosed = true;
    Atomics.notify(this.#words, counterWord.codeRefused);
  }

  async #watch(): Promise<void> {
    while (!this.#isClosed) {
      await Atomics.waitAsync(this.#words, counterWord.codeRefused, this.#reported).value;
      this.flush();
      await this.#wait(REPORT_INTERVAL_MS);
    }
  }
}

function unheldDelay(ms: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, ms).unref());
}
