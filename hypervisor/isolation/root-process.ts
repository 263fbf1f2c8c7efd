// The hypervisor's end of the root partition process: starts it, hands it descriptors, asks it things.
import { type ChildProcess, spawn } from 'node:child_process';
import { HypervisorError } from '../hypervisor-error.ts';
import type { RootAnswer, RootEvent, RootRequest } from '../vmbus/root-control.ts';
import { readBoundedText } from './bounded-text.ts';
import { closeDescriptor } from './descriptors.ts';
import { processEnvironment, rootEngineFlags } from './engine-flags.ts';
import { programFile } from './program-files.ts';
import { parseRootMessage } from './root-messages.ts';
import { FileDescriptorSender } from './send-file-descriptor.ts';
import { socketPair } from './socket-pair.ts';

const SHUTDOWN_TIMEOUT_MS = 5000;
const STDERR_TAIL_CHARACTERS = 4096;

type Unnumbered<T> = T extends RootRequest ? Omit<T, 'id'> : never;
/** A request as callers write it. */
export type RootAsk = Unnumbered<RootRequest>;

export class RootProcess {
  readonly pid: number;
  /** What confines it, one line each, by its own word before it heard of any guest. */
  walls: readonly string[] = [];
  /** Resolves when the process is gone; its message says how. */
  readonly ended: Promise<string>;
  readonly #child: ChildProcess;
  readonly #files: FileDescriptorSender;
  readonly #fileChannel: number;
  readonly #waiting = new Map<number, PromiseWithResolvers<RootAnswer>>();
  readonly #listeners = new Set<(event: RootEvent) => void>();
  #nextId = 1;
  #stderr = '';

  private constructor(child: ChildProcess, fileChannel: number) {
    this.#child = child;
    this.#fileChannel = fileChannel;
    this.#files = new FileDescriptorSender(fileChannel);
    this.pid = child.pid as number;
    readBoundedText(child.stderr, (text) => {
      this.#stderr = (this.#stderr + text).slice(-STDERR_TAIL_CHARACTERS);
    });
    child.on('message', (message) => this.#take(message));
    this.ended = new Promise((resolve) => {
      child.on('exit', (code, signal) => {
        const message = `root partition process ended (${signal ?? `code ${code}`})${this.#stderr ? `: ${this.#stderr.trim()}` : ''}`;
        for (const waiting of this.#waiting.values()) {
          waiting.reject(new HypervisorError('ROOT_PARTITION_FAILED', message));
        }
        this.#waiting.clear();
        resolve(message);
      });
    });
  }

  /** Starts the process and waits until it listens. */
  static async start(): Promise<RootProcess> {
    const [own, theirs] = socketPair();
    const child = spawn(process.execPath, [...rootEngineFlags(), programFile('root-partition')], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc', theirs],
      env: { ...processEnvironment },
      cwd: '/',
    });
    closeDescriptor(theirs);
    const root = new RootProcess(child, own);
    await new Promise<void>((resolve, reject) => {
      const stopListening = root.onEvent((event) => {
        if (event.type !== 'ready') return;
        root.walls = event.walls;
        stopListening();
        resolve();
      });
      child.on('error', reject);
      void root.ended.then((message) => reject(new HypervisorError('ROOT_PARTITION_FAILED', message)));
    });
    return root;
  }

  /** Calls `listener` for every event; returns the function that ends it. */
  onEvent(listener: (event: RootEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Hands over a descriptor, closing the hypervisor's own, and returns the number that requests name it by. */
  give(fd: number): number {
    try {
      return this.#files.send(fd);
    } finally {
      closeDescriptor(fd);
    }
  }

  /** Makes a request. @throws HypervisorError with the root partition's reason when it refuses */
  async ask(request: RootAsk): Promise<Extract<RootAnswer, { ok: true }>> {
    const id = this.#nextId++;
    const waiting = Promise.withResolvers<RootAnswer>();
    this.#waiting.set(id, waiting);
    this.#child.send({ ...request, id }, (error) => {
      if (error !== null) waiting.reject(new HypervisorError('ROOT_PARTITION_FAILED', error.message));
    });
    const answer = await waiting.promise;
    if (!answer.ok) {
      throw new HypervisorError(
        'ROOT_PARTITION_FAILED',
        `${request.type}: ${answer.message} (${answer.code})`,
      );
    }
    return answer;
  }

  /** Lets it flush and close its devices, and ends it. */
  async close(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const timer = setTimeout(() => this.#child.kill('SIGKILL'), SHUTDOWN_TIMEOUT_MS);
      await this.ask({ type: 'shutdown' }).catch(() => {});
      if (this.#child.connected) this.#child.disconnect();
      await this.ended;
      clearTimeout(timer);
    }
    closeDescriptor(this.#fileChannel);
  }

  #take(received: unknown): void {
    const message = parseRootMessage(received);
    if (message === undefined) return;
    if ('id' in message) {
      this.#waiting.get(message.id)?.resolve(message);
      this.#waiting.delete(message.id);
      return;
    }
    for (const listener of [...this.#listeners]) listener(message);
  }
}
