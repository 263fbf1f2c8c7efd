// A game from the referee's side: starts the game's process in an installation, passes on what is typed, and tells what
// the player's guest writes and which flags are in it. It knows hashes of the flags and no flag.
import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HypervisorError } from '../../../hypervisor/index.ts';
import { FlagWatch } from '../game/flag-watch.ts';
import type { FlagName } from '../game/flags.ts';
import type { GameField, GameMessage, GameOrder, PlayerOptions } from '../game/protocol.ts';
import type { NeighbourState } from '../stage/neighbour.ts';
import { installationWithout } from './installations.ts';

const LEAVE_MS = 5000;
const STDERR_TAIL_CHARACTERS = 4096;

export interface GameEvents {
  console(bytes: Buffer): void;
  flag(name: FlagName, field: GameField): void;
}

/** How it ended. Without `exit` and `neighbour` the hypervisor's own process is gone: `died` says how. */
export type GameEnd =
  | { exit: string; neighbour: NeighbourState; died?: undefined }
  | { exit?: undefined; neighbour?: undefined; died: string };

export class GameProcess implements AsyncDisposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'cofferdam-game-'));
  readonly #child: ChildProcess;
  readonly #gone: Promise<string>;
  readonly #field = Promise.withResolvers<GameField>();
  readonly #end = Promise.withResolvers<GameEnd>();
  readonly #events: GameEvents;
  #play: { field: GameField; watch: FlagWatch } | undefined;
  #stderr = '';

  /** @param without controls that are missing: an installation that has been built */
  constructor(player: PlayerOptions, without: readonly string[], events: GameEvents) {
    this.#events = events;
    // Others may enter it: it is the files in it that they must not read.
    chmodSync(this.#folder, 0o755);
    const program = join(installationWithout(without), 'dist/escape-game.js');
    // A process group of its own: an interrupt at the terminal reaches us, and we take the game down in order.
    this.#child = spawn(process.execPath, ['--no-warnings', program, this.#folder], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      detached: true,
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-STDERR_TAIL_CHARACTERS);
    });
    this.#child.on('message', (message) => this.#take(message as GameMessage));
    this.#gone = new Promise((resolve) => {
      this.#child.on('error', (error) => resolve(error.message));
      this.#child.on('exit', (code, signal) => resolve(`ended with ${signal ?? `status ${code}`}`));
    });
    // Whoever does not wait for one of them has the other.
    for (const promise of [this.#field.promise, this.#end.promise]) promise.catch(() => {});
    void this.#gone.then((how) => {
      const died = `the hypervisor's process ${how} ${this.#stderr.trim()}`.trim();
      this.#field.reject(new HypervisorError('PARTITION_REFUSED', died));
      this.#end.resolve({ died });
    });
    this.#send({ order: 'set-up', player });
  }

  /** The flags are out. @throws HypervisorError when there can be no game */
  get field(): Promise<GameField> {
    return this.#field.promise;
  }

  /** The player's guest has ended, and the neighbour was asked. @throws HypervisorError when it could not run */
  get end(): Promise<GameEnd> {
    return this.#end.promise;
  }

  /** Lets the player's guest run. */
  begin(): void {
    this.#send({ order: 'begin' });
  }

  write(input: string | Uint8Array): void {
    this.#send({ order: 'type', bytes: Buffer.from(input as Uint8Array).toString('base64') });
  }

  stop(): void {
    this.#send({ order: 'stop' });
  }

  /** It leaves by itself when its channel closes; when even that fails, by force. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.connected) this.#child.disconnect();
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), LEAVE_MS);
    await this.#gone;
    clearTimeout(timer);
    // It may not have come to it.
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #send(order: GameOrder): void {
    if (this.#child.connected) this.#child.send(order, () => {});
  }

  #take(message: GameMessage): void {
    switch (message.kind) {
      case 'field':
        this.#play = { field: message.field, watch: new FlagWatch(message.field.hashes) };
        this.#field.resolve(message.field);
        break;
      case 'console':
        this.#hear(Buffer.from(message.bytes, 'base64'));
        break;
      case 'refused': {
        const error = new HypervisorError(message.code ?? 'PARTITION_REFUSED', message.message);
        this.#field.reject(error);
        this.#end.reject(error);
        break;
      }
      case 'over':
        this.#end.resolve({ exit: message.exit, neighbour: message.neighbour });
        break;
    }
  }

  #hear(output: Buffer): void {
    this.#events.console(output);
    if (this.#play === undefined) return;
    const { field, watch } = this.#play;
    for (const name of watch.take(output)) this.#events.flag(name, field);
  }
}
