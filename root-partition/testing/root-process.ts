// Starts the real root partition process (dist/root-partition.js, --jitless) for tests and measurements.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { processEnvironment, rootEngineFlags } from '../../hypervisor/isolation/engine-flags.ts';
import { FileDescriptorSender } from '../../hypervisor/isolation/send-file-descriptor.ts';
import { socketPair } from '../../hypervisor/isolation/socket-pair.ts';
import type { RootAnswer, RootEvent, RootMessage, RootRequest } from '../../hypervisor/vmbus/root-control.ts';

type WithoutId<T> = T extends unknown ? Omit<T, 'id'> : never;

export class RootProcess {
  readonly process: ChildProcess;
  readonly events: RootEvent[] = [];
  readonly #sender: FileDescriptorSender;
  readonly #channelFd: number;
  readonly #answers = new Map<number, (answer: RootAnswer) => void>();
  readonly #exited: Promise<unknown>;
  #onEvent: () => void = () => {};
  #nextId = 1;

  constructor() {
    const [ours, theirs] = socketPair();
    this.#channelFd = ours;
    this.#sender = new FileDescriptorSender(ours);
    const script = fileURLToPath(new URL('../../dist/root-partition.js', import.meta.url));
    this.process = spawn(process.execPath, [...rootEngineFlags(), script], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc', theirs],
      env: { ...processEnvironment },
    });
    closeSync(theirs);
    this.process.on('message', (message: RootMessage) => {
      if ('type' in message) {
        this.events.push(message);
        this.#onEvent();
      } else {
        this.#answers.get(message.id)?.(message);
        this.#answers.delete(message.id);
      }
    });
    this.#exited = once(this.process, 'exit');
  }

  /** Hands a descriptor over and closes the sender's copy. */
  give(fd: number): number {
    const number = this.#sender.send(fd);
    closeSync(fd);
    return number;
  }

  ask(request: WithoutId<RootRequest>): Promise<RootAnswer> {
    const id = this.#nextId++;
    return new Promise((resolve) => {
      this.#answers.set(id, resolve);
      this.process.send({ ...request, id });
    });
  }

  /** Waits for an event that matches. */
  async event(matches: (event: RootEvent) => boolean): Promise<RootEvent> {
    for (;;) {
      const found = this.events.find(matches);
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => {
        this.#onEvent = resolve;
      });
    }
  }

  /** Shuts down and returns the exit code. */
  async stop(): Promise<number | null> {
    void this.ask({ type: 'shutdown' });
    await this.#exited;
    closeSync(this.#channelFd);
    return this.process.exitCode;
  }
}
