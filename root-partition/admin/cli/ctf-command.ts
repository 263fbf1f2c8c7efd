// `cofferdam escape ctf`: the flag game. It puts flags where no guest should get at them, runs the player's own guest
// beside them, and judges what he claims.
import { readFileSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { Command } from 'commander';
import {
  buildInstallations,
  controlSet,
  type FlagName,
  flagClaimed,
  type GameEnd,
  GameProcess,
  nameOfSet,
  type PlayerOptions,
} from '../../../guests/escape/index.ts';
import { CtfJson, type CtfResult, CtfText, type CtfView } from './ctf-view.ts';
import { escapeHelp } from './escape-keys.ts';
import { EXIT_GUEST_FAILURE, EXIT_PASS, EXIT_SIGNAL_BASE, RefusedError, UsageError } from './exit-status.ts';
import { type GameRecord, parseGameRecord } from './game-record.ts';
import { chooseGuest, type GuestChoice } from './guest-choice.ts';
import { ReadyWatch } from './ready-watch.ts';
import { parseRunOptions, type RunOptions, type TypedRunOptions } from './run-options.ts';
import { attachPipe, attachTerminal } from './terminal.ts';

interface CtfOptions
  extends Pick<TypedRunOptions, 'kernel' | 'initrd' | 'append' | 'script' | 'memory' | 'isolation' | 'json'> {
  argument?: string[];
  without?: string;
  game?: string;
  claim?: string[];
}

type EndingSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP';
const MOST_SAID = 600;

const collect = (value: string, earlier: string[] = []): string[] => [...earlier, value];

const help = `
Three flags, random and new in each game, are put where no guest should get at them: in the memory and on the disk of a
partition beside yours (neighbour), in the memory of the hypervisor's process (hypervisor; the neighbour's is there as
well), and in a file that the hypervisor's user may read (file). Your guest runs until it ends. A flag that it writes to
its console is taken. One that comes to you by another way can be claimed later: --game keeps the flags' hashes.
Which flag it is says which boundary was crossed, and how severe that is (SECURITY.md).

GUEST is the name of an image or a sample, a Wasm module (a unikernel), or an ELF file (a bare-metal program), as in
"cofferdam run". Its boot arguments say where flags are: neighbour-pid, hypervisor-pid, flag-file.
At a terminal: ${escapeHelp}; Ctrl-C goes to the guest. Elsewhere SIGINT ends the game.

With --without the game is played in a test build that lacks controls, to see that the game can be won: with "engine"
missing, the argument planted=GAME has JavaScript run that goes for all three flags.

Exit status: 0 when nothing was taken, 1 when a flag was taken or claimed rightly, or others came to harm, 2 for wrong
usage, 6 when the game cannot be played, 130 when interrupted.

Examples:
  cofferdam escape ctf mine.wasm
  cofferdam escape ctf mine.wasm --isolation process --game game.json
  cofferdam escape ctf --claim 'flag{00000000000000000000000000000000}' --game game.json
  cofferdam escape ctf linux-tiny --script 'dmesg; cat /dev/mem'
  cofferdam escape ctf --kernel Image --initrd initramfs --json
  cofferdam escape ctf build/test-guests/escape/escaped.wasm --argument planted=GAME --without engine
  cofferdam escape ctf build/test-guests/escape/escaped.wasm --argument planted=GAME --without engine+jail+undumpable`;

export function ctfCommand(finish: (status: number) => void): Command {
  return new Command('ctf')
    .description('Plays the flag game: your own guest against secrets outside of its partition.')
    .argument('[guest]', 'image, sample, .wasm or ELF file')
    .option('--kernel <file>', 'boot this kernel (Image or vmlinux) instead of an image')
    .option('--initrd <file>', 'with --kernel: its initramfs')
    .option('--append <text>', "more for the kernel's command line; with --kernel all of it")
    .option('--script <text|@file>', 'run this in the image instead of a shell, then power off')
    .option('--memory <mib>', 'default: 16 for unikernels, 256 for machines')
    .option('--isolation <level>', 'thread, process or jail; default: the best this machine has')
    .option('--argument <key=value>', 'a boot argument for your guest; may be given again', collect)
    .option('--without <controls>', 'play in a test build without a control, or several joined by +')
    .option('--game <file>', "write the flags' hashes there, or with --claim: judge by them")
    .option('--claim <flag>', 'judge a flag of an earlier game; may be given again', collect)
    .option('--json', 'as JSON lines, the result last')
    .addHelpText('after', help)
    .action(async (target: string | undefined, options: CtfOptions) => {
      const view = options.json ? new CtfJson() : new CtfText();
      finish(options.claim === undefined ? await play(target, options, view) : judge(target, options, view));
    });
}

/** Claims of an earlier game. */
function judge(target: string | undefined, options: CtfOptions, view: CtfView): number {
  const { claim: claims = [], game: file } = options;
  if (target !== undefined || options.kernel !== undefined)
    throw new UsageError('--claim: expected no guest: flags that it writes to its console are seen anyway');
  if (file === undefined) throw new UsageError('--claim: expected together with --game FILE');
  const game = parseGameRecord(textOf(file));
  const flags = claims.map((claim) => flagClaimed(claim.trim(), game.hashes));
  for (const flag of flags) view.claim({ flag, game });
  return flags.some((flag) => flag !== undefined) ? EXIT_GUEST_FAILURE : EXIT_PASS;
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new RefusedError(`--game: cannot read ${file}: ${(error as Error).message}`);
  }
}

async function play(target: string | undefined, options: CtfOptions, view: CtfView): Promise<number> {
  const run = parseRunOptions(options);
  const bootArguments = parseArguments(options.argument ?? []);
  const without = controlsOf(options.without);
  const choice = await chooseGuest(target, run);
  const interruption = new Interruption();
  const player = {
    guest: choice.guest,
    memoryMib: run.memoryMib,
    isolation: run.isolation,
    arguments: bootArguments,
  };
  try {
    await build(without, view, interruption.signal);
    const table = { choice, run, without, gameFile: options.game, view, interruption };
    return interruption.status ?? (await runGame(player, table));
  } finally {
    choice.release?.();
    interruption.close();
  }
}

interface GameTable {
  choice: GuestChoice;
  run: RunOptions;
  without: readonly string[];
  gameFile: string | undefined;
  view: CtfView;
  interruption: Interruption;
}

async function runGame(player: PlayerOptions, table: GameTable): Promise<number> {
  const { without, view, interruption } = table;
  const watch = new ReadyWatch(table.choice.readyPattern);
  const taken: FlagName[] = [];
  await using game = new GameProcess(player, without, {
    console: (bytes) => {
      view.console(bytes);
      watch.take(bytes);
    },
    flag: (flag, { isolation }) => {
      taken.push(flag);
      view.claim({ flag, game: { isolation, without } });
    },
  });
  const field = await Promise.race([game.field, interruption.promise]);
  if (typeof field === 'number') return field;
  const { isolation, hashes } = field;
  if (table.gameFile !== undefined) writeRecord(table.gameFile, { isolation, without, hashes });
  view.started(field, without);
  const detach = attachInput(table, watch, game);
  try {
    game.begin();
    const end = await Promise.race([game.end, interruption.promise]);
    if (typeof end === 'number') return end;
    const result = resultOf(end, taken);
    view.ended(result);
    return result.exitStatus;
  } finally {
    detach();
  }
}

async function build(without: readonly string[], view: CtfView, signal: AbortSignal): Promise<void> {
  if (without.length === 0) return;
  view.building();
  try {
    await buildInstallations([without], signal);
  } catch (error) {
    if (!signal.aborted) throw new RefusedError((error as Error).message.slice(0, MOST_SAID));
  }
}

function controlsOf(typed: string | undefined): readonly string[] {
  if (typed === undefined) return [];
  try {
    const ids = controlSet(typed).map(({ id }) => id);
    return nameOfSet(ids).split('+');
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(error.message);
    throw error;
  }
}

function parseArguments(typed: readonly string[]): Record<string, string> {
  const pairs = typed.map((text) => {
    const at = text.indexOf('=');
    if (at < 1)
      throw new UsageError(`--argument: expected KEY=VALUE, got ${JSON.stringify(text.slice(0, MOST_SAID))}`);
    return [text.slice(0, at), text.slice(at + 1)] as const;
  });
  return Object.fromEntries(pairs);
}

function writeRecord(file: string, game: GameRecord): void {
  try {
    writeFileSync(file, `${JSON.stringify(game)}\n`);
  } catch (error) {
    throw new RefusedError(`--game: cannot write ${file}: ${(error as Error).message}`);
  }
}

function resultOf(end: GameEnd, taken: readonly FlagName[]): CtfResult {
  const { neighbour } = end;
  const harm =
    neighbour === undefined
      ? [`${end.died}: severity high where the guest did it`]
      : [
          ...(neighbour.beats ? [] : ['the neighbour no longer answers: severity medium']),
          ...(neighbour.isIntact ? [] : ["the neighbour's flag was changed: as severe as if it were taken"]),
        ];
  return {
    taken,
    exit: end.exit ?? 'the game ended before the guest did',
    harm,
    exitStatus: taken.length + harm.length > 0 ? EXIT_GUEST_FAILURE : EXIT_PASS,
  };
}

function attachInput({ run, choice }: GameTable, watch: ReadyWatch, game: GameProcess): () => void {
  const { stdin: input, stdout: output } = process;
  const hasScript = run.script !== undefined;
  if (input.isTTY && output.isTTY && !run.isJson && !hasScript) {
    return attachTerminal({
      ...{ input, output, console: game },
      resize: async () => {},
      leave: () => game.stop(),
    });
  }
  if (input.isTTY) return () => {};
  const waits = choice.readyPattern !== undefined && !hasScript;
  return attachPipe({ input, console: game, ready: waits ? watch.ready : undefined });
}

/** A signal that ends the game in order. */
class Interruption {
  readonly #controller = new AbortController();
  /** The command's exit status, once there was one. */
  status: number | undefined;
  readonly promise: Promise<number>;
  readonly #onSignal: (signal: EndingSignal) => void;

  constructor() {
    const { promise, resolve } = Promise.withResolvers<number>();
    this.promise = promise;
    this.#onSignal = (signal) => {
      this.status ??= EXIT_SIGNAL_BASE + constants.signals[signal];
      this.#controller.abort();
      resolve(this.status);
    };
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, this.#onSignal);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  close(): void {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.off(signal, this.#onSignal);
  }
}
