// Who types to the guest: a terminal in raw mode, or a pipe. Every way out gives the terminal back as it was.
import type { ReadStream, WriteStream } from 'node:tty';
import type { Console } from '../../../hypervisor/index.ts';
import { EscapeKeys, escapeHelp } from './escape-keys.ts';

const END_OF_TRANSMISSION = '\x04';

export interface TerminalParts {
  input: Pick<ReadStream, 'setRawMode' | 'on' | 'off' | 'resume' | 'pause'>;
  output: Pick<WriteStream, 'write' | 'columns' | 'rows' | 'on' | 'off'>;
  console: Pick<Console, 'write'>;
  resize: (columns: number, rows: number) => Promise<void>;
  leave: () => void;
}

/** Raw mode until the returned function is called or the process ends. */
export function attachTerminal(parts: TerminalParts): () => void {
  const { input, output } = parts;
  const keys = new EscapeKeys();
  const onData = (bytes: Buffer): void => {
    const typed = keys.take(bytes);
    if (typed.bytes.length > 0) parts.console.write(typed.bytes);
    for (const command of typed.commands) {
      if (command === 'leave') parts.leave();
      else output.write(`\r\ncofferdam: ${escapeHelp}\r\n`);
    }
  };
  const onResize = (): void => {
    // A partition that has just ended has no console to resize.
    if (output.columns > 0 && output.rows > 0) void parts.resize(output.columns, output.rows).catch(() => {});
  };
  let isAttached = true;
  const detach = (): void => {
    if (!isAttached) return;
    isAttached = false;
    process.off('exit', detach);
    input.off('data', onData);
    output.off('resize', onResize);
    input.setRawMode(false);
    input.pause();
  };
  // Also after an exception that nobody caught and after a signal's handler: both end in `exit`.
  process.on('exit', detach);
  input.setRawMode(true);
  input.on('data', onData);
  output.on('resize', onResize);
  input.resume();
  onResize();
  return detach;
}

export interface PipeParts {
  input: NodeJS.ReadStream;
  console: Pick<Console, 'write'>;
  /** For guests with a shell: input waits for it, and its end is the end of the shell. */
  ready: Promise<void> | undefined;
}

/** What is piped in goes to the guest until the returned function is called. */
export function attachPipe(parts: PipeParts): () => void {
  const { input, ready } = parts;
  let isAttached = true;
  const onData = (bytes: Buffer): void => parts.console.write(bytes);
  const onEnd = (): void => {
    if (ready !== undefined) parts.console.write(END_OF_TRANSMISSION);
  };
  const begin = (): void => {
    if (!isAttached) return;
    input.on('data', onData);
    input.on('end', onEnd);
    input.resume();
  };
  // A closed or unreadable standard input is the same as an empty one.
  input.on('error', () => {});
  if (ready === undefined) begin();
  else void ready.then(begin);
  return () => {
    isAttached = false;
    input.off('data', onData);
    input.off('end', onEnd);
    input.pause();
    // Otherwise an open pipe that nobody writes to keeps the process alive.
    (input as { unref?: () => void }).unref?.();
  };
}
