// `cofferdam escape`: lists the escape attempts and makes them, with all controls on or with some taken out of a test
// build, to show what each of them holds.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import {
  type Attempt,
  attempts,
  attemptsCalled,
  boundaries,
  controlSet,
  controls,
  halvesOf,
  htmlReport,
  isHeldBy,
  nameOfSet,
  type PlayedHalf,
  playAll,
} from '../../../guests/escape/index.ts';
import { type IsolationLevel, installationTop, isolationLevels } from '../../../hypervisor/index.ts';
import { ctfCommand } from './ctf-command.ts';
import { EscapeJson, EscapeText } from './escape-view.ts';
import { EXIT_GUEST_FAILURE, EXIT_PASS, EXIT_SIGNAL_BASE, RefusedError, UsageError } from './exit-status.ts';
import { formatTable } from './text.ts';

interface EscapeOptions {
  isolation?: string;
  without?: string;
  json?: boolean;
  html?: string;
}

const SIGINT = 2;
/** Characters of a failed build's output. */
const MOST_SAID = 600;

const help = `
With all controls on an attempt must be contained: the attack fails, and a neighbour partition goes on with its secret
unread and unchanged. Without a control that holds it, the same attack must succeed, or it proves nothing. Controls
are taken out of a build in build/without/, never out of this installation.

Exit status: 0 when everything ended as it should, 1 when not, 2 for wrong usage, 6 when a test
build cannot be made, 130 when interrupted.

Examples:
  cofferdam escape                             lists the attempts
  cofferdam escape run                         makes all of them
  cofferdam escape run E05                     makes E05a, E05b and so on
  cofferdam escape run --without each          makes each twice: with the control that holds it, and without
  cofferdam escape --without jail E05a         shows what would happen without the jail
  cofferdam escape --without landlock E05a     shows that one wall of two is enough
  cofferdam escape run --html report.html      writes a report to read and share
  cofferdam escape controls                    lists what can be taken away
  cofferdam escape ctf mine.wasm               plays the flag game with a guest of your own`;

const withOptions = (command: Command): Command =>
  command
    .argument('[id...]', 'attempts, such as E15, or E05 for E05a, E05b and so on (default: all)')
    .option(
      '--isolation <level>',
      `${isolationLevels.join(', ')} (default: the best that this machine offers)`,
    )
    .option('--without <controls>', 'a control, several joined by +, or "each": those that hold each attempt')
    .option('--json', 'as JSON lines, the summary last')
    .option('--html <file>', 'write a report, too');

export function escapeCommand(finish: (status: number) => void): Command {
  const run = async (ids: string[], options: EscapeOptions): Promise<void> =>
    finish(await runAttempts(ids, options));
  const command = withOptions(new Command('escape'))
    .description(
      'Shows escape attempts: hostile guests, the walls that they meet, and what those walls hold.',
    )
    .enablePositionalOptions()
    .addHelpText('after', help)
    .action(async (ids: string[], options: EscapeOptions) => {
      const isList = ids.length === 0 && options.without === undefined && options.html === undefined;
      if (isList) process.stdout.write(options.json ? `${JSON.stringify({ attempts })}\n` : listAttempts());
      else await run(ids, options);
    });
  command.addCommand(
    withOptions(new Command('run'))
      .description('Makes escape attempts, all or those named.')
      .addHelpText('after', help)
      .action(run),
  );
  command.addCommand(
    new Command('controls')
      .description('Lists the controls that can be taken out of a test build, and what each of them holds.')
      .option('--json', 'as one JSON object')
      .addHelpText('after', '\nExamples:\n  cofferdam escape controls\n  cofferdam escape controls --json')
      .action((options: { json?: boolean }) => {
        process.stdout.write(options.json ? `${JSON.stringify({ controls })}\n` : listControls());
      }),
  );
  command.addCommand(ctfCommand(finish));
  return command;
}

function listAttempts(): string {
  const parts = boundaries.map((boundary) => {
    const here = attempts.filter((attempt) => attempt.boundary === boundary);
    const rows = here.map(({ id, name, wants, heldBy }) => [
      `  ${id}`,
      name,
      wants,
      heldBy.map(nameOfSet).join(' or '),
    ]);
    return here.length === 0 ? '' : `${boundary}\n${formatTable(rows)}\n`;
  });
  return `${parts.join('')}${attempts.length} attempts; "cofferdam escape run" makes them\n`;
}

const listControls = (): string => formatTable(controls.map(({ id, holds }) => [id, holds]));

async function runAttempts(ids: readonly string[], options: EscapeOptions): Promise<number> {
  const isolation = isolationOf(options.isolation);
  const without = withoutOf(options.without);
  const chosen = choose(ids, without);
  const halves = halvesOf({ attempts: chosen, isolation, without });
  const view = options.json ? new EscapeJson() : new EscapeText();
  const interruption = new AbortController();
  const interrupt = (): void => interruption.abort();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, interrupt);
  let played: PlayedHalf[];
  try {
    played = await playAll(halves, (event) => view.take(event), interruption.signal);
  } catch (error) {
    // A test build that cannot be made: no compiler, no place to write to.
    if (!interruption.signal.aborted) throw new RefusedError((error as Error).message.slice(0, MOST_SAID));
    played = [];
  }
  if (options.html !== undefined) writeFileSync(options.html, htmlReport(played, facts()));
  view.finish(played, halves.length);
  if (interruption.signal.aborted) return EXIT_SIGNAL_BASE + SIGINT;
  return played.every(({ isGood }) => isGood) ? EXIT_PASS : EXIT_GUEST_FAILURE;
}

function isolationOf(typed: string | undefined): IsolationLevel | undefined {
  const level = isolationLevels.find((each) => each === typed);
  if (typed !== undefined && level === undefined)
    throw new UsageError(`--isolation: expected ${isolationLevels.join(', ')}, got ${JSON.stringify(typed)}`);
  return level;
}

function withoutOf(typed: string | undefined): 'each' | readonly string[] | undefined {
  if (typed === undefined || typed === 'each') return typed;
  return asUsage(() => controlSet(typed).map(({ id }) => id));
}

/** The attempts named; when none are, all, or those that a set of controls holds. */
function choose(ids: readonly string[], without: 'each' | readonly string[] | undefined): readonly Attempt[] {
  if (ids.length > 0) return [...new Set(asUsage(() => ids.flatMap(attemptsCalled)))];
  if (without === undefined || without === 'each') return attempts;
  const held = attempts.filter((attempt) => isHeldBy(attempt, without));
  if (held.length > 0) return held;
  throw new UsageError(
    `no attempt is held by ${nameOfSet(without)} alone; name the attempts to make without it`,
  );
}

/** What the user typed and the catalogues do not know. */
function asUsage<T>(find: () => T): T {
  try {
    return find();
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(error.message);
    throw error;
  }
}

function facts(): { date: string; machine: string } {
  const { version } = JSON.parse(readFileSync(join(installationTop, 'package.json'), 'utf8'));
  return {
    date: new Date().toISOString(),
    machine: `cofferdam ${version}, engine ${process.version}, ${process.platform} ${process.arch}`,
  };
}
