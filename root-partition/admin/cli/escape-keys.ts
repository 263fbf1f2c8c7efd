// The terminal's escape key, Ctrl-A, taken out of what is typed: Ctrl-A x leaves, Ctrl-A h helps, Ctrl-A Ctrl-A is
// Ctrl-A for the guest. Bytes in, bytes and commands out; nothing here touches a terminal.
const CTRL_A = 0x01;

export type EscapeCommand = 'leave' | 'help';

export interface TypedInput {
  /** For the guest. */
  bytes: Buffer;
  /** In the order typed; input after `leave` is dropped. */
  commands: EscapeCommand[];
}

export const escapeHelp = 'Ctrl-A x leaves, Ctrl-A Ctrl-A sends Ctrl-A, Ctrl-A h shows this';

export class EscapeKeys {
  #isEscaped = false;

  take(input: Uint8Array): TypedInput {
    const bytes: number[] = [];
    const commands: EscapeCommand[] = [];
    for (const byte of input) {
      if (!this.#isEscaped) {
        if (byte === CTRL_A) this.#isEscaped = true;
        else bytes.push(byte);
        continue;
      }
      this.#isEscaped = false;
      const key = String.fromCharCode(byte).toLowerCase();
      if (key === 'x') {
        commands.push('leave');
        break;
      }
      if (key === 'h' || key === '?') commands.push('help');
      else if (byte === CTRL_A) bytes.push(CTRL_A);
      // Not a command: both keys were meant for the guest.
      else bytes.push(CTRL_A, byte);
    }
    return { bytes: Buffer.from(bytes), commands };
  }
}
