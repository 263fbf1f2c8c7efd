// A flag game under way, for people and for programs: the guest's console on standard output and the rest on standard
// error, or JSON lines on standard output.
import { StringDecoder } from 'node:string_decoder';
import { type FlagName, flagBoundaries, type GameField, severityOf } from '../../../guests/escape/index.ts';
import { oneLine } from './escape-view.ts';
import type { GameRecord } from './game-record.ts';

/** A claim, judged. */
export interface JudgedClaim {
  /** None: it is no flag of this game. */
  flag: FlagName | undefined;
  game: Pick<GameRecord, 'isolation' | 'without'>;
}

export interface CtfResult {
  taken: readonly FlagName[];
  /** How the player's guest ended. */
  exit: string;
  /** What became of the others on its way, none where nothing did. */
  harm: readonly string[];
  exitStatus: number;
}

export interface CtfView {
  building(): void;
  started(field: GameField, without: readonly string[]): void;
  console(bytes: Buffer): void;
  claim(judged: JudgedClaim): void;
  ended(result: CtfResult): void;
}

function claimed({ flag, game }: JudgedClaim): object {
  if (flag === undefined) return { flag: null };
  return { flag, boundary: flagBoundaries[flag], ...severityOf(game.isolation, game.without) };
}

export class CtfText implements CtfView {
  #isAtLineStart = true;

  building(): void {
    this.#say('building an installation with controls missing …');
  }

  started({ isolation, neighbourPid, hypervisorPid, flagFile, warnings }: GameField): void {
    for (const warning of warnings) this.#say(`warning: ${warning}`);
    this.#say(`three flags are out, flag{…} each; your guest runs at isolation level ${isolation}`);
    this.#say(`  neighbour   memory and disk of the partition beside yours, process ${neighbourPid}`);
    this.#say(`  hypervisor  memory of the hypervisor's process, ${hypervisorPid}`);
    this.#say(`  file        ${flagFile}, which only the hypervisor's user may read`);
  }

  console(bytes: Buffer): void {
    process.stdout.write(bytes);
    this.#isAtLineStart = bytes.at(-1) === 0x0a;
  }

  claim({ flag, game }: JudgedClaim): void {
    if (flag === undefined) {
      this.#say('this is no flag of this game');
      return;
    }
    const { severity, because } = severityOf(game.isolation, game.without);
    this.#say(
      `the flag "${flag}" was taken: between ${flagBoundaries[flag]}; severity ${severity}: ${because}`,
    );
  }

  ended({ taken, exit, harm }: CtfResult): void {
    this.#say(exit);
    for (const line of harm) this.#say(line);
    this.#say(taken.length === 0 ? 'no flag was taken' : `taken: ${taken.join(', ')}`);
  }

  #say(text: string): void {
    process.stderr.write(`${this.#isAtLineStart ? '' : '\r\n'}cofferdam: ${oneLine(text)}\n`);
    this.#isAtLineStart = true;
  }
}

export class CtfJson implements CtfView {
  readonly #decoder = new StringDecoder('utf8');

  building(): void {
    this.#emit({ event: 'building' });
  }

  started(field: GameField, without: readonly string[]): void {
    this.#emit({ event: 'started', ...field, without });
  }

  console(bytes: Buffer): void {
    const text = this.#decoder.write(bytes);
    if (text !== '') this.#emit({ event: 'console', text });
  }

  claim(judged: JudgedClaim): void {
    this.#emit({ event: 'claim', ...claimed(judged) });
  }

  ended(result: CtfResult): void {
    this.#emit({ event: 'result', ...result });
  }

  #emit(event: object): void {
    process.stdout.write(`${JSON.stringify(event)}\n`);
  }
}
