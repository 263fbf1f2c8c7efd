import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  findDebianArchive,
  isDebianArchive,
  parseDeb822Sources,
  parseOneLineSources,
} from './apt-sources.ts';

const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';

describe('one-line sources', () => {
  it('are read with options, and deb-src and comments are passed over', () => {
    const text = [
      '# deb http://mirror.invalid/debian stable main',
      `deb [arch=amd64 signed-by=${keyring}] http://mirror.invalid/debian bookworm main contrib # trailing`,
      'deb-src http://mirror.invalid/debian bookworm main',
      'deb http://mirror.invalid/debian trixie main',
      'deb',
    ].join('\n');
    expect(parseOneLineSources(text)).toEqual([
      { uris: ['http://mirror.invalid/debian'], suites: ['bookworm'], signedBy: keyring },
      { uris: ['http://mirror.invalid/debian'], suites: ['trixie'], signedBy: undefined },
    ]);
  });
});

describe('deb822 sources', () => {
  it('are read with several values, and disabled ones and source packages are passed over', () => {
    const text = `# comment
Types: deb deb-src
URIs: http://one.invalid/debian https://two.invalid/debian/
Suites: bookworm bookworm-updates
Components: main
Signed-By: ${keyring}

Types: deb
Enabled: no
URIs: http://three.invalid/debian
Suites: sid

Types: deb-src
URIs: http://four.invalid/debian
Suites: sid
`;
    expect(parseDeb822Sources(text)).toEqual([
      {
        uris: ['http://one.invalid/debian', 'https://two.invalid/debian/'],
        suites: ['bookworm', 'bookworm-updates'],
        signedBy: keyring,
      },
    ]);
  });
});

describe('the Debian archive', () => {
  const source = (uri: string, signedBy?: string) => ({ uris: [uri], suites: ['x'], signedBy });

  it.each([
    source('http://mirror.invalid/debian'),
    source('https://mirror.invalid/some/where/debian/', keyring),
    source('file:/srv/mirror/debian', keyring),
    source('mirror+file:/etc/apt/mirrors/debian.list', keyring),
  ])('is recognised: $uris', (candidate) => {
    expect(isDebianArchive(candidate)).toBe(true);
  });

  it.each([
    source('http://mirror.invalid/debian-security', keyring),
    source('http://mirror.invalid/ubuntu'),
    source('http://mirror.invalid/debian', '/usr/share/keyrings/somebody.gpg'),
    source('http://mirror.invalid/debian', '-----BEGIN PGP PUBLIC KEY BLOCK-----'),
    source('cdrom:[Debian]/debian'),
  ])('is told from others: $uris $signedBy', (candidate) => {
    expect(isDebianArchive(candidate)).toBe(false);
  });
});

describe('findDebianArchive', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'cofferdam-apt-test-'));
    mkdirSync(join(folder, 'sources.list.d'));
    writeFileSync(join(folder, 'debian-archive-x-keyring.gpg'), '');
  });

  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  const ownKeyring = (): string => join(folder, 'debian-archive-x-keyring.gpg');

  it('takes mirror, keyring and suites of the machine', () => {
    writeFileSync(
      join(folder, 'sources.list.d/a.sources'),
      `Types: deb\nURIs: http://mirror.invalid/debian\nSuites: bookworm\nSigned-By: ${ownKeyring()}\n`,
    );
    writeFileSync(
      join(folder, 'sources.list.d/b.list.disabled'),
      'deb http://disabled.invalid/debian x main',
    );
    expect(findDebianArchive({ aptFolder: folder })).toEqual({
      uris: ['http://mirror.invalid/debian'],
      keyring: ownKeyring(),
      hostSuites: ['bookworm'],
    });
  });

  it.each(['http://mirror.invalid/debian\nTrusted: yes', 'http://a b', ''])(
    'takes no mirror like %j',
    (mirror) => {
      expect(() => findDebianArchive({ aptFolder: folder, mirror })).toThrow('not an address');
    },
  );

  it('says what to do when the machine has none', () => {
    writeFileSync(join(folder, 'sources.list'), 'deb http://mirror.invalid/ubuntu noble main\n');
    expect(() => findDebianArchive({ aptFolder: folder })).toThrow(
      expect.objectContaining({
        code: 'archive-not-configured',
        remedy: expect.stringContaining('--kernel'),
      }),
    );
  });

  it('refuses to go on without a keyring', () => {
    const choice = {
      aptFolder: folder,
      mirror: 'http://mirror.invalid/debian',
      keyring: join(folder, 'none.gpg'),
    };
    expect(() => findDebianArchive(choice)).toThrow(
      expect.objectContaining({
        code: 'archive-keyring-missing',
        remedy: expect.stringContaining('keyring'),
      }),
    );
  });
});
