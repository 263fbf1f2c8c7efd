// What is kept of a flag game so that a flag can be claimed in it later: hashes, and what was to be crossed.
import { type FlagHashes, flagNames } from '../../../guests/escape/index.ts';
import { type IsolationLevel, isolationLevels } from '../../../hypervisor/index.ts';
import { RefusedError } from './exit-status.ts';

export interface GameRecord {
  isolation: IsolationLevel;
  /** Controls that were missing. */
  without: readonly string[];
  hashes: FlagHashes;
}

const HASH = /^[0-9a-f]{64}$/;
const CONTROL = /^[a-z]+(-[a-z]+)*$/;

/** @throws RefusedError for text that no game has written */
export function parseGameRecord(text: string): GameRecord {
  const { isolation: level, without, hashes } = parsed(text);
  const isolation = isolationLevels.find((each) => each === level);
  if (isolation === undefined || !isListOfControls(without)) throw notARecord();
  return { isolation, without, hashes: flagHashes(hashes) };
}

function parsed(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // As below.
  }
  throw notARecord();
}

const isListOfControls = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((id) => typeof id === 'string' && CONTROL.test(id));

function flagHashes(value: unknown): FlagHashes {
  const given = Object(value) as Record<string, unknown>;
  const hashes = flagNames.map((name) => [name, Object.hasOwn(given, name) ? given[name] : undefined]);
  if (!hashes.every(([, hash]) => typeof hash === 'string' && HASH.test(hash))) throw notARecord();
  return Object.fromEntries(hashes);
}

const notARecord = (): RefusedError =>
  new RefusedError('--game: expected a file that "cofferdam escape ctf GUEST --game FILE" wrote');
