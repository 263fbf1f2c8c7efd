// Starts partition processes, confined (through the launcher thread) or not (isolation level `process`).
import { realpathSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { readBoundedText } from './bounded-text.ts';
import type { PathGrant } from './landlock.ts';
import type { LauncherEvent, LaunchRequest } from './launcher-protocol.ts';
import { installationTop, poolFolder, programFile } from './program-files.ts';
import { spawnEngine } from './spawn-engine.ts';

const STDERR_TAIL_CHARACTERS = 4096;

/** A started process. */
export class LaunchedProcess {
  readonly pid: number;
  readonly exited: Promise<{ code: number | null; signal: string | null }>;
  readonly #end = Promise.withResolvers<{ code: number | null; signal: string | null }>();
  #isRunning = true;
  readonly #holders = new Set<'pause' | 'scheduler'>();
  #stderr = '';

  constructor(pid: number) {
    this.pid = pid;
    this.exited = this.#end.promise;
  }

  /** The last characters that it wrote to its standard error. */
  stderrTail(): string {
    return this.#stderr;
  }

  /** Sends a signal unless the process is known to be gone (its pid may be another's by then). */
  signal(name: NodeJS.Signals): boolean {
    if (!this.#isRunning) return false;
    try {
      return process.kill(this.pid, name);
    } catch (error) {
      // The launcher thread has waited for it, and the news is on its way here.
      if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
      throw error;
    }
  }

  /** Stops all of its threads until nobody holds it any more. Again, should somebody else have continued it. */
  hold(holder: 'pause' | 'scheduler'): void {
    this.signal('SIGSTOP');
    this.#holders.add(holder);
  }

  release(holder: 'pause' | 'scheduler'): void {
    if (this.#holders.delete(holder) && this.#holders.size === 0) this.signal('SIGCONT');
  }

  /** Ends the process with all of its threads, at once. */
  kill(): void {
    this.signal('SIGKILL');
  }

  /** For the launcher: the process wrote to its standard error. */
  noteStderr(text: string): void {
    this.#stderr = (this.#stderr + text).slice(-STDERR_TAIL_CHARACTERS);
  }

  /** For the launcher: the process ended and was waited for. */
  noteExit(code: number | null, signal: string | null): void {
    this.#isRunning = false;
    this.#end.resolve({ code, signal });
  }
}

export interface Launcher {
  /** Whether what it starts is jailed from the first instruction. */
  readonly isConfined: boolean;
  /** What it puts around a process, one line each. */
  readonly walls: readonly string[];
  launch(request: LaunchRequest): Promise<LaunchedProcess>;
  close(): Promise<void>;
}

/** Spawns from the calling thread, unconfined. */
export class FreeLauncher implements Launcher {
  readonly isConfined = false;
  readonly walls: readonly string[] = [];

  launch(request: LaunchRequest): Promise<LaunchedProcess> {
    return new Promise((resolve, reject) => {
      const child = spawnEngine(request);
      child.on('error', reject);
      if (child.pid === undefined) return;
      const launched = new LaunchedProcess(child.pid);
      readBoundedText(child.stderr, (text) => launched.noteStderr(text));
      child.on('exit', (code, signal) => launched.noteExit(code, signal));
      resolve(launched);
    });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** What a process on its way up must be able to read: the engine, the system's libraries, Cofferdam's bundles. */
export function launchGrants(): PathGrant[] {
  return [
    { path: realpathSync(process.execPath), access: 'read-and-execute' },
    ...['/lib', '/lib64', '/usr/lib', '/usr/lib64'].map(
      (path) => ({ path, access: 'read-and-execute' }) as const,
    ),
    { path: '/etc/ld.so.cache', access: 'read' },
    { path: '/dev/null', access: 'read-and-write' },
    { path: '/dev/urandom', access: 'read' },
    { path: `${installationTop}/dist`, access: 'read' },
    { path: `${installationTop}/package.json`, access: 'read' },
    { path: poolFolder(), access: 'read' },
  ];
}

/** Spawns from a thread of its own that has confined itself. */
export class ConfinedLauncher implements Launcher {
  readonly isConfined = true;
  readonly walls: readonly string[];
  readonly #worker: Worker;
  readonly #starting = new Map<number, PromiseWithResolvers<LaunchedProcess>>();
  readonly #running = new Map<number, LaunchedProcess>();
  #nextId = 1;

  private constructor(worker: Worker, walls: string[]) {
    this.#worker = worker;
    this.walls = walls;
    worker.on('message', (event: LauncherEvent) => this.#take(event));
    worker.unref();
  }

  /** @throws when the kernel refuses a wall (see capabilities.ts for what to use instead) */
  static start(grants: PathGrant[] | null = launchGrants()): Promise<ConfinedLauncher> {
    return new Promise((resolve, reject) => {
      const worker = new Worker(programFile('launcher-thread'), {
        workerData: { grants },
        // Its descriptors come from system calls that the engine does not see, and node:ffi is meant.
        trackUnmanagedFds: false,
        execArgv: ['--no-warnings'],
      });
      worker.once('error', reject);
      worker.once('message', (event: LauncherEvent) => {
        if (event.type === 'confined') resolve(new ConfinedLauncher(worker, event.walls));
      });
    });
  }

  launch(request: LaunchRequest): Promise<LaunchedProcess> {
    const id = this.#nextId++;
    const starting = Promise.withResolvers<LaunchedProcess>();
    this.#starting.set(id, starting);
    this.#worker.ref();
    this.#worker.postMessage({ id, ...request });
    return starting.promise;
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #take(event: LauncherEvent): void {
    if (event.type === 'confined') return;
    const running = this.#running.get(event.id);
    switch (event.type) {
      case 'started': {
        const launched = new LaunchedProcess(event.pid);
        this.#running.set(event.id, launched);
        this.#starting.get(event.id)?.resolve(launched);
        this.#starting.delete(event.id);
        break;
      }
      case 'failed':
        this.#starting.get(event.id)?.reject(new Error(event.message));
        this.#starting.delete(event.id);
        break;
      case 'stderr':
        running?.noteStderr(event.text);
        break;
      case 'exited':
        running?.noteExit(event.code, event.signal);
        this.#running.delete(event.id);
        break;
    }
    if (this.#starting.size === 0 && this.#running.size === 0) this.#worker.unref();
  }
}
