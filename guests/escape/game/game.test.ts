// The flag game: flags, claims, severities, and games that are lost with all walls up and won without them. Needs
// `npm run build`; the test builds are made here.
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { guestModule } from '../../../hypervisor/isolation/testing/guest-module.ts';
import { type GameEnd, GameProcess } from '../runner/game-process.ts';
import { buildInstallations } from '../runner/installations.ts';
import { guestFile } from '../stage/guest-file.ts';
import { FlagWatch } from './flag-watch.ts';
import {
  type FlagHashes,
  type FlagName,
  flagClaimed,
  flagNames,
  flagPattern,
  hashOf,
  newFlag,
} from './flags.ts';
import type { GameField, PlayerOptions } from './protocol.ts';
import { severityOf } from './severity.ts';

const flags = { neighbour: newFlag(), hypervisor: newFlag(), file: newFlag() };
const hashes = Object.fromEntries(flagNames.map((name) => [name, hashOf(flags[name])])) as FlagHashes;

describe('a flag', () => {
  it('looks like one, and is never the same', () => {
    for (const name of flagNames)
      expect(flags[name].toString()).toMatch(new RegExp(`^${flagPattern().source}$`));
    expect(new Set(Object.values(hashes)).size).toBe(3);
  });

  it.each(flagNames)('is taken for what it is: %s', (name) => {
    const flag = flags[name].toString();
    expect(flagClaimed(flag, hashes)).toBe(name);
    for (const claim of ['', 'flag{}', flag.slice(0, -1), `${flag} `, flag.toUpperCase(), hashes[name]])
      expect(flagClaimed(claim, hashes)).toBeUndefined();
  });
});

describe('the watch over the console', () => {
  const output = Buffer.from(`junk flag{00} ${flags.file}${flags.neighbour}\xff${newFlag()}${flags.file}`);

  it.each([1, 2, 37, 38, 39, 1000])('finds flags in pieces of %d bytes, each once', (length) => {
    const watch = new FlagWatch(hashes);
    const found: FlagName[] = [];
    for (let at = 0; at < output.length; at += length)
      found.push(...watch.take(output.subarray(at, at + length)));
    expect(found).toEqual(['file', 'neighbour']);
  });
});

describe('the severity', () => {
  it('is what SECURITY.md says of the level, and none where controls were missing', () => {
    expect(severityOf('jail', [])).toMatchObject({ severity: 'critical' });
    expect(severityOf('process', [])).toMatchObject({ severity: 'high' });
    expect(severityOf('thread', []).because).toContain('engine');
    const { severity, because } = severityOf('jail', ['jail', 'engine']);
    expect([severity, because]).toEqual(['none', 'this build was made without engine+jail']);
  });
});

interface Played {
  field: GameField;
  output: string;
  taken: FlagName[];
  end: GameEnd;
}

const trapping = () => ({ kind: 'unikernel', module: guestModule({ body: [0x00] }) }) as const;

async function played(player: Partial<PlayerOptions>, without: readonly string[]): Promise<Played> {
  let output = '';
  const taken: FlagName[] = [];
  const guest = { kind: 'unikernel', module: guestFile('escaped') } as const;
  await using game = new GameProcess({ guest, arguments: {}, ...player }, without, {
    console: (bytes) => {
      output += bytes.toString();
    },
    flag: (name) => taken.push(name),
  });
  const field = await game.field;
  game.begin();
  return { field, end: await game.end, output, taken };
}

describe.concurrent('a game', () => {
  const brokenEngine = { arguments: { planted: 'GAME' } };
  const noWalls = ['engine', 'jail', 'undumpable'];
  beforeAll(() => buildInstallations([['engine'], noWalls]), 60_000);

  it('tells the guest where flags are, and no flag', async () => {
    const { field, output, taken, end } = await played({}, []);
    expect(taken).toEqual([]);
    expect(output).toContain(`neighbour-pid=${field.neighbourPid}\n`);
    expect(output).toContain(`hypervisor-pid=${field.hypervisorPid}\n`);
    expect(output).toContain(`flag-file=${field.flagFile}\n`);
    expect(output + JSON.stringify(field)).not.toMatch(flagPattern());
    expect(end.neighbour).toEqual({ beats: true, isIntact: true });
    expect(existsSync(dirname(field.flagFile))).toBe(false);
  });

  it('is lost behind the jail by a player who has broken the engine', async () => {
    const { output, taken, end } = await played({ ...brokenEngine, isolation: 'jail' }, ['engine']);
    expect(output).toMatch(/got through: file: E.*\nneighbour: E.*\nhypervisor: E/);
    expect([taken, end.neighbour?.beats]).toEqual([[], true]);
  });

  it('is won by the same player where there is no jail', async () => {
    const { output, taken, end } = await played({ ...brokenEngine, isolation: 'jail' }, noWalls);
    // The one in the file is nowhere else.
    expect(output.match(/hypervisor: (flag.*)/)?.[1]?.split(' ').length).toBe(2);
    expect(taken.toSorted()).toEqual(['file', 'hypervisor', 'neighbour']);
    expect(end.neighbour).toEqual({ beats: true, isIntact: true });
  });

  it('is refused with a guest that cannot be admitted', async () => {
    const guest = { kind: 'unikernel', module: '/does/not/exist' } as const;
    await expect(played({ guest }, [])).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
  });

  it('is played at level thread within one process, and ends with the guest alone', async () => {
    const { field, end } = await played({ isolation: 'thread', guest: trapping() }, []);
    expect(field.hypervisorPid).toBe(field.playerPid);
    expect(end).toMatchObject({ neighbour: { beats: true } });
  });
});
