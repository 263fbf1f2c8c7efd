// Fuzz target `game-record`: the file that says by which hashes a flag is judged.
import { flagClaimed, flagNames } from '../../../guests/escape/index.ts';
import { isolationLevels } from '../../../hypervisor/index.ts';
import type { FuzzRandom } from '../../../hypervisor/testing/fuzz/fuzz-random.ts';
import { type FuzzSession, type FuzzTarget, must } from '../../../hypervisor/testing/fuzz/fuzz-target.ts';
import { RefusedError } from './exit-status.ts';
import { type GameRecord, parseGameRecord } from './game-record.ts';

const HASH = 'ab'.repeat(32);
const VALUES: readonly unknown[] = [
  ...[null, true, 0, 1e300, '', 'jail', 'root', [], {}, [[]], HASH, HASH.toUpperCase(), HASH.slice(1)],
  ...[`${HASH}0`, `${HASH}\n`, [HASH], ['engine'], ['engine', 7], ['\u001b[2J'], ['a b'], ['__proto__']],
  { neighbour: HASH, hypervisor: HASH, file: HASH },
  { neighbour: HASH, hypervisor: HASH },
  { neighbour: HASH, hypervisor: HASH, file: [HASH] },
];
const KEYS = ['isolation', 'without', 'hashes', '__proto__', 'constructor', 'toString'];

function text(random: FuzzRandom): string {
  const record: Record<string, unknown> = {
    isolation: random.pick(isolationLevels),
    without: random.pick([[], ['engine'], ['engine', 'own-user']]),
    hashes: { neighbour: HASH, hypervisor: HASH, file: HASH },
  };
  for (let left = random.below(3); left > 0; left--) {
    const value = structuredClone(random.pick(VALUES));
    const change = { value, enumerable: true, configurable: true, writable: true };
    Object.defineProperty(random.oneIn(3) ? Object(record['hashes']) : record, random.pick(KEYS), change);
  }
  const whole = Buffer.from(JSON.stringify(random.oneIn(10) ? random.pick(VALUES) : record));
  if (random.oneIn(6)) random.disturb(whole);
  return whole.toString();
}

function check({ isolation, without, hashes }: GameRecord): void {
  must(isolationLevels.includes(isolation), () => `an isolation level of ${isolation}`);
  for (const id of without) must(/^[a-z-]+$/.test(id), () => `a control called ${JSON.stringify(id)}`);
  must(Object.keys(hashes).join() === flagNames.join(), 'other flags than there are');
  must(flagClaimed('flag{}', hashes) === undefined, 'a claim that is right without a flag');
}

class GameRecordSession implements FuzzSession {
  readonly outcomes = { taken: 0, refused: 0 };

  runCase(random: FuzzRandom): void {
    const written = text(random);
    random.note(JSON.stringify(written));
    try {
      check(parseGameRecord(written));
      this.outcomes.taken++;
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;
      this.outcomes.refused++;
    }
  }
}

export const target: FuzzTarget = {
  name: 'game-record',
  about: 'The record of a flag game: refused, or by all of it a claim can be judged.',
  decoders: ['root-partition/admin/cli/game-record.ts'],
  casesInTests: 2000,
  plantedBugs: [
    {
      name: 'a hash may be anything',
      file: 'root-partition/admin/cli/game-record.ts',
      from: "typeof hash === 'string' && HASH.test(hash)",
      to: 'hash !== undefined',
      within: 1000,
    },
    {
      name: 'a control may be called anything',
      file: 'root-partition/admin/cli/game-record.ts',
      from: "typeof id === 'string' && CONTROL.test(id)",
      to: "typeof id === 'string'",
      within: 2000,
    },
  ],
  start: () => new GameRecordSession(),
};
