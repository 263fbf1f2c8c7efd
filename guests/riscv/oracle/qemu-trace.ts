// Reads the records that `qemu-system-riscv64 -singlestep -d cpu,fpu,nochain` prints before each instruction.
// All records of a run have the same layout, so the first one says where each field's sixteen digits are.
import { fieldIndex, fieldNames, newState, type State } from './state.ts';

const RECORD_MARK = ' pc       ';
const BUFFER_BYTES = 1 << 20;
const SATP = fieldIndex('satp');
const LETTER_S = 's'.charCodeAt(0);
/** A line is ` %-8s %016x\n`. */
const CSR_LINE_BYTES = 27;
const DIGITS_TO_NAME = -9;
const digits = new Int8Array(256).fill(-1);
for (let value = 0; value < 16; value++) digits[value.toString(16).charCodeAt(0)] = value;

/** Where each field of the state begins within a record. */
function findFields(record: string): Int32Array {
  const places = new Map<string, number>();
  for (const match of record.matchAll(/([a-z][a-z0-9]*)(?:\/[a-z0-9]+)?\s+([0-9a-f]{16})/g))
    places.set(match[1]!, match.index + match[0].length - 16);
  return Int32Array.from(fieldNames, (name) => {
    const place = places.get(name);
    if (place === undefined) throw new Error(`QEMU's trace does not show ${name}`);
    return place;
  });
}

function parseWord(bytes: Uint8Array, at: number): number {
  let value = 0;
  for (let index = at; index < at + 8; index++) {
    const digit = digits[bytes[index]!]!;
    if (digit < 0) {
      const around = Buffer.from(bytes.subarray(Math.max(0, at - 200), at + 200)).toString('latin1');
      throw new Error(`QEMU's trace is out of step:\n${around}`);
    }
    value = (value << 4) | digit;
  }
  return value >>> 0;
}

/** Turns chunks of trace text into states. The state passed on is reused: read it at once. */
export class QemuTraceReader {
  readonly state: State = newState();
  readonly #onState: (state: State) => boolean;
  readonly #buffer = Buffer.alloc(BUFFER_BYTES);
  #filled = 0;
  #recordBytes = 0;
  #fields: Int32Array = new Int32Array(0);
  #stopped = false;

  /** `onState` returns false to stop. */
  constructor(onState: (state: State) => boolean) {
    this.#onState = onState;
  }

  /** Takes the next chunk; false once the consumer has stopped. */
  feed(chunk: Buffer): boolean {
    for (let at = 0; at < chunk.length && !this.#stopped; ) {
      const copied = chunk.copy(this.#buffer, this.#filled, at);
      at += copied;
      this.#filled += copied;
      this.#consume();
    }
    return !this.#stopped;
  }

  /** What has been read but not understood: QEMU's error message if it failed to start. */
  get rest(): string {
    return this.#buffer.toString('latin1', 0, Math.min(this.#filled, 2000));
  }

  #consume(): void {
    if (this.#recordBytes === 0 && !this.#measure()) return;
    let at = 0;
    while (at + this.#recordBytes <= this.#filled && !this.#stopped) {
      at += this.#parse(at);
      if (!this.#onState(this.state)) this.#stopped = true;
    }
    this.#buffer.copy(this.#buffer, 0, at, this.#filled);
    this.#filled -= at;
  }

  #measure(): boolean {
    const text = this.#buffer.toString('latin1', 0, this.#filled);
    const first = text.indexOf(RECORD_MARK);
    const second = text.indexOf(RECORD_MARK, first + 1);
    if (first < 0 || second < 0) return false;
    if (first > 0) throw new Error(`QEMU printed: ${text.slice(0, first)}`);
    this.#recordBytes = second;
    this.#fields = findFields(text.slice(0, second));
    return true;
  }

  /** Parses the record at `base` and returns its length. */
  #parse(base: number): number {
    const { state } = this;
    const satp = this.#fields[SATP]!;
    // In S mode with mstatus.TVM set, QEMU leaves satp out of the record: it then keeps its last value.
    const hasSatp = this.#buffer[base + satp + DIGITS_TO_NAME] === LETTER_S;
    for (let field = 0; field < this.#fields.length; field++) {
      if (field === SATP && !hasSatp) continue;
      const place = this.#fields[field]!;
      const at = base + (hasSatp || place < satp ? place : place - CSR_LINE_BYTES);
      state[2 * field + 1] = parseWord(this.#buffer, at);
      state[2 * field] = parseWord(this.#buffer, at + 8);
    }
    return hasSatp ? this.#recordBytes : this.#recordBytes - CSR_LINE_BYTES;
  }
}
