// Fuzz target `package-index`: package indexes and the machine's package sources, which are text in one format.
import type { FuzzRandom } from '../../hypervisor/testing/fuzz/fuzz-random.ts';
import { type FuzzSession, type FuzzTarget, must } from '../../hypervisor/testing/fuzz/fuzz-target.ts';
import { isDebianArchive, parseDeb822Sources, parseOneLineSources } from './apt-sources.ts';
import { parseStanzas, toPackageRecord } from './package-index.ts';

const FIELDS = [
  'Package',
  'Version',
  'Architecture',
  'SHA256',
  'Size',
  'Depends',
  'Pre-Depends',
  'Types',
  'URIs',
  'Suites',
  'Signed-By',
  'Enabled',
  'package',
  '__proto__',
  '',
];
const HASH = '0123456789abcdef'.repeat(4);
const VALUES = [
  'tool',
  '1:2.0-1',
  'riscv64',
  HASH,
  '12',
  'a, b | c, d:any (>= 1)',
  '../../etc/passwd',
  '/',
  '..',
  '0x10',
  '1e3',
  '-1',
  '9'.repeat(40),
  'deb',
  'http:/debian',
  '/usr/share/keyrings/debian-archive-keyring.gpg',
  'no',
  '',
  ' ',
  'a b\tc',
  ','.repeat(50),
];
const LINES = ['', ' ', '# comment', 'no colon', ': nothing', '\t', ' .', '\r'];
const ONE_LINES = [
  'deb',
  'deb-src',
  '[signed-by=/x]',
  '[',
  ']',
  'http:/x/debian',
  'stable',
  'main',
  '#',
  '[arch=a signed-by=/debian-archive-keyring.gpg]',
  '/debian'.repeat(30),
];

function field(random: FuzzRandom): string {
  const folded = random.oneIn(5) ? `\n ${random.pick(VALUES)}` : '';
  return `${random.pick(FIELDS)}:${random.pick([' ', '', '\t'])}${random.pick(VALUES)}${folded}`;
}

/** What a download needs, mostly right: else hardly any stanza becomes a record. */
function whole(random: FuzzRandom): string[] {
  const fields: [string, string][] = [
    ['Package', 'tool'],
    ['Version', '1:2.0-1+b1'],
    ['Architecture', 'riscv64'],
    ['SHA256', HASH],
    ['Size', '12'],
    ['Depends', 'libc6 (>= 2.4) | other, b'],
  ];
  return fields.map(([name, value]) => `${name}: ${random.oneIn(8) ? random.pick(VALUES) : value}`);
}

function text(random: FuzzRandom): string {
  const lines: string[] = [];
  for (let left = random.below(4); left > 0; left--) {
    lines.push(...(random.below(2) === 0 ? whole(random) : [field(random), field(random), field(random)]));
    if (random.oneIn(3)) lines.push(random.pick(LINES));
    if (random.oneIn(4))
      lines.push(Array.from({ length: random.below(6) }, () => random.pick(ONE_LINES)).join(' '));
    if (random.below(3) < 2) lines.push('');
  }
  const joined = lines.join(random.oneIn(6) ? '\r\n' : '\n');
  if (!random.oneIn(6)) return joined;
  const bytes = Buffer.from(joined);
  random.disturb(bytes);
  return bytes.toString();
}

class PackageIndexSession implements FuzzSession {
  readonly outcomes = { 'no record': 0, records: 0, sources: 0 };

  runCase(random: FuzzRandom): void {
    const index = text(random);
    random.note(JSON.stringify(index));
    for (const stanza of parseStanzas(index)) this.#record(toPackageRecord(stanza));
    for (const source of [...parseDeb822Sources(index), ...parseOneLineSources(index)]) {
      this.outcomes.sources++;
      // They become lines of a configuration that apt is given.
      for (const word of [...source.uris, ...source.suites])
        must(/^\S+$/.test(word), () => `the word ${JSON.stringify(word)}`);
      isDebianArchive(source);
    }
  }

  #record(record: ReturnType<typeof toPackageRecord>): void {
    this.outcomes[record === undefined ? 'no record' : 'records']++;
    if (record === undefined) return;
    const { name, version, architecture, bytes, depends } = record;
    // They become the name of a file that is read, and removed when it is not what the index says.
    const file = `${name}_${version}_${architecture}.deb`;
    must(/^[A-Za-z0-9][\w.+~:-]*$/.test(file), () => `the file name ${JSON.stringify(file)}`);
    must(Number.isSafeInteger(bytes) && bytes > 0, () => `${bytes} bytes`);
    // They become arguments of apt.
    for (const each of depends) must(/^[a-z0-9][a-z0-9+.-]+$/.test(each), () => `the dependency ${each}`);
  }
}

export const target: FuzzTarget = {
  name: 'package-index',
  about:
    'Package indexes and sources: never an exception; names, versions and words fit into file names and lines.',
  decoders: ['guests/images/package-index.ts', 'guests/images/apt-sources.ts'],
  casesInTests: 2000,
  plantedBugs: [
    {
      name: 'versions may be anything',
      file: 'guests/images/package-index.ts',
      from: '|| !/^[A-Za-z0-9.+~:-]+$/.test(version)',
      to: '',
      within: 3000,
    },
  ],
  start: () => new PackageIndexSession(),
};
