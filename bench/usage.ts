// What every benchmark's command line has in common.
import { type ParseArgsConfig, parseArgs } from 'node:util';

/** What cannot be meant; its message is for whoever typed it. */
export class BenchUsageError extends Error {}

/** The options of parseArgs(). @throws BenchUsageError where that refuses what was typed */
export function parseWords<const Config extends ParseArgsConfig>(
  config: Config,
): ReturnType<typeof parseArgs<Config>>['values'] {
  try {
    return parseArgs(config).values;
  } catch (error) {
    throw new BenchUsageError((error as Error).message, { cause: error });
  }
}

/** A whole number from 1. @throws BenchUsageError */
export function parseCount(option: string, text: string): number {
  const number = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(number) || number < 1)
    throw new BenchUsageError(`${option}: expected a whole number from 1, got ${JSON.stringify(text)}`);
  return number;
}

/** Whether `--only` leaves a row in: it names the row's group, or holds a part of its name. */
export function isWanted(row: { group: string; name: string }, only: readonly string[]): boolean {
  const lower = (text: string): string => text.toLowerCase();
  return (
    only.length === 0 ||
    only.some(
      (text) => lower(row.group) === lower(text) || (text !== '' && lower(row.name).includes(lower(text))),
    )
  );
}

/** What to throw where texts of `--only` name no row. */
export function noRowOf(only: readonly string[]): BenchUsageError {
  const texts = only.map((text) => JSON.stringify(text)).join(' and ');
  return new BenchUsageError(`--only: expected a group or a part of a row's name, got ${texts}`);
}
