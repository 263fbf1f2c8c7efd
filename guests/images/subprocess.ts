// Runs the few system tools that the builder needs (apt-get, apt-cache, dpkg-deb, xz, make, …) and turns their
// failures into ImageErrors that carry the tool's own last words.
import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Readable } from 'node:stream';
import { ImageError } from './image-error.ts';

/** Standard error kept for the error message; a tool that talks more keeps its end. */
const KEPT_STDERR_BYTES = 8192;

export interface CommandOptions {
  readonly signal?: AbortSignal | undefined;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: Uint8Array;
  /** Gets standard output as it comes; without it the output is collected and returned. */
  readonly onStdout?: (chunk: Buffer) => void;
  /** A tool that writes more to its standard output is ended, and has failed. */
  readonly stdoutLimitBytes?: number;
  /** Gets what the tool writes to file descriptor 3 (apt's status lines), by line. */
  readonly onStatusLine?: (line: string) => void;
}

/** Runs a tool to its end. Rejects with `tool-missing`, `tool-failed` or `aborted`. */
export async function runCommand(
  command: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<Buffer> {
  if (options.signal?.aborted) throw new ImageError('aborted', `${command} was not started: aborted`);
  const child = spawn(command, args, {
    cwd: options.cwd,
    // Messages are parsed, so they must not be translated.
    env: { ...process.env, LC_ALL: 'C', LANGUAGE: 'C', ...options.env },
    stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
  });
  const onAbort = (): void => {
    child.kill('SIGTERM');
  };
  options.signal?.addEventListener('abort', onAbort);
  try {
    return await collect(child, command, options);
  } finally {
    options.signal?.removeEventListener('abort', onAbort);
  }
}

function collect(child: ChildProcess, command: string, options: CommandOptions): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const output: Buffer[] = [];
  let stderr = '';
  let room = options.stdoutLimitBytes ?? Infinity;
  child.stdout?.on('data', (chunk: Buffer) => {
    room -= chunk.length;
    if (room < 0) child.kill('SIGKILL');
    else if (options.onStdout === undefined) output.push(chunk);
    else options.onStdout(chunk);
  });
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    stderr = (stderr + chunk).slice(-KEPT_STDERR_BYTES);
  });
  forwardLines(child.stdio[3] as Readable, options.onStatusLine);
  // A tool that ends early closes its standard input; what counts then is its exit status.
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(options.stdin);
  child.on('error', (cause: NodeJS.ErrnoException) => {
    reject(
      cause.code === 'ENOENT'
        ? new ImageError('tool-missing', `${command} is not installed`, { cause })
        : new ImageError('tool-failed', `${command} could not be started`, { came: cause.message, cause }),
    );
  });
  child.on('close', (status, signal) => {
    if (options.signal?.aborted) reject(new ImageError('aborted', `${command} was stopped: aborted`));
    else if (room < 0) {
      reject(
        new ImageError('tool-failed', `${command} gave too much`, {
          expected: `at most ${options.stdoutLimitBytes} bytes`,
        }),
      );
    } else if (status === 0) resolve(Buffer.concat(output));
    else {
      reject(
        new ImageError('tool-failed', `${command} failed`, {
          came: `${signal ?? `exit status ${status}`}; ${stderr.trim() || 'no message'}`,
        }),
      );
    }
  });
  return promise;
}

function forwardLines(stream: Readable, onLine: ((line: string) => void) | undefined): void {
  let pending = '';
  stream.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (pending + chunk).split('\n');
    pending = lines.pop() ?? '';
    for (const line of lines) onLine?.(line);
  });
}

/** The absolute path of a tool on PATH (and in the sbin directories, which ordinary users lack), or undefined. */
export function findTool(name: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin'].filter(Boolean);
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
