// Fuzz target `cpio`: the initramfs that is written from whatever paths and contents packages have.
import type { FuzzRandom } from '../../hypervisor/testing/fuzz/fuzz-random.ts';
import { type FuzzSession, type FuzzTarget, must } from '../../hypervisor/testing/fuzz/fuzz-target.ts';
import { type CpioEntry, type CpioTree, writeCpio } from './cpio.ts';
import { readCpio } from './testing/cpio-reader.ts';
import { orRefused } from './testing/image-boundary.ts';

const PARTS = [
  'a',
  'b',
  'usr',
  'bin',
  'ü',
  'n'.repeat(300),
  'TRAILER!!!',
  '.',
  '..',
  '',
  'a\0',
  'a\n',
  '-',
  'a.b',
];
const KINDS = { directory: 0o04, file: 0o10, symlink: 0o12, 'character-device': 0o02 } as const;

function path(random: FuzzRandom): string {
  const most = random.oneIn(3) ? PARTS.length : 6;
  return Array.from({ length: 1 + random.below(4) }, () => PARTS[random.below(most)]).join('/');
}

function entry(random: FuzzRandom): CpioEntry {
  const mode = random.word();
  switch (random.below(4)) {
    case 0:
      return { type: 'file', mode, data: random.bytes(40) };
    case 1:
      return { type: 'directory', mode };
    case 2:
      return { type: 'symlink', target: path(random) };
    default:
      return {
        type: 'character-device',
        mode,
        major: random.oneIn(8) ? -1 : random.word(),
        minor: random.oneIn(8) ? 2 ** 32 : random.word(),
      };
  }
}

class CpioSession implements FuzzSession {
  readonly outcomes = { written: 0, refused: 0 };

  runCase(random: FuzzRandom): void {
    const tree: CpioTree = new Map();
    for (let left = random.below(5); left > 0; left--) tree.set(path(random), entry(random));
    for (const [at, { type }] of tree) random.note(`${type} ${JSON.stringify(at)}`);
    const archive = orRefused(['cpio-invalid'], () => writeCpio(tree));
    this.outcomes[archive === undefined ? 'refused' : 'written']++;
    if (archive !== undefined) this.#check(tree, archive);
  }

  #check(tree: CpioTree, archive: Buffer): void {
    const members = readCpio(archive);
    for (const [at, wanted] of tree) {
      const member = members.get(at);
      must(member !== undefined, () => `${JSON.stringify(at)} is missing`);
      must(member.mode >> 12 === KINDS[wanted.type], () => `${at} has the mode ${member.mode.toString(8)}`);
      const data =
        wanted.type === 'file' ? wanted.data : Buffer.from(wanted.type === 'symlink' ? wanted.target : '');
      must(member.data.equals(data), () => `${at} has other contents`);
    }
    const seen = new Set<string>(['']);
    for (const at of members.keys()) {
      must(
        !at.split('/').some((part) => ['', '.', '..'].includes(part)),
        () => `the path ${JSON.stringify(at)}`,
      );
      must(seen.has(at.split('/').slice(0, -1).join('/')), () => `${at} comes before its directory`);
      seen.add(at);
    }
  }
}

export const target: FuzzTarget = {
  name: 'cpio',
  about: 'The initramfs written from hostile paths: refused, or reads back as it was, inside, parents first.',
  decoders: ['guests/images/cpio.ts'],
  casesInTests: 3000,
  plantedBugs: [
    {
      name: 'a file may be called like the end of the archive',
      file: 'guests/images/cpio.ts',
      from: ' || parts[0] === TRAILER',
      to: '',
      within: 3000,
    },
    {
      name: 'padding forgets the length of names',
      file: 'guests/images/cpio.ts',
      from: '-(HEADER_BYTES + name.length) & 3',
      to: '-HEADER_BYTES & 3',
      within: 1000,
    },
  ],
  start: () => new CpioSession(),
};
