// A small signed Debian archive on disk, with packages shaped like the real ones: apt works on it through file:
// addresses, so the tests need no network.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { DEFAULT_MODULES } from '../kernel-modules.ts';
import { makeElf, makeModule, signModule } from './elf-fixture.ts';
import { OpenPgpKey } from './openpgp-fixture.ts';

export const FIXTURE_RELEASE = '9.9.9+test-riscv64';

export interface PackageFixture {
  readonly name: string;
  readonly depends?: string;
  readonly files?: Readonly<Record<string, Buffer | string>>;
  /** Path → target. */
  readonly links?: Readonly<Record<string, string>>;
}

export interface SuiteOptions {
  readonly validUntil?: Date;
  readonly packages?: readonly PackageFixture[];
}

/** Kernel, busybox and tools, as little of each as the builder needs. */
export function kernelPackages(): PackageFixture[] {
  const root = `usr/lib/modules/${FIXTURE_RELEASE}`;
  const kernel = Buffer.alloc(4096);
  kernel.write('RSC\x05', 0x38, 'latin1');
  const modules = Object.fromEntries(
    [...DEFAULT_MODULES, 'jbd2'].map((name) => {
      const depends = name === 'ext4' ? 'depends=jbd2' : 'depends=';
      const bytes = signModule(makeModule([depends, `alias=test-${name}`]), 300);
      return [`${root}/kernel/test/${name.replaceAll('_', '-')}.ko.gz`, gzipSync(bytes)];
    }),
  );
  return [
    { name: 'linux-image-riscv64', depends: `linux-image-${FIXTURE_RELEASE}` },
    {
      name: `linux-image-${FIXTURE_RELEASE}`,
      depends: `linux-binary-${FIXTURE_RELEASE}, linux-modules-${FIXTURE_RELEASE}`,
    },
    { name: `linux-binary-${FIXTURE_RELEASE}`, files: { [`${root}/vmlinuz`]: kernel } },
    {
      name: `linux-modules-${FIXTURE_RELEASE}`,
      files: { ...modules, [`${root}/modules.builtin`]: 'kernel/test/virtio.ko\n' },
    },
    ...userPackages(),
  ];
}

function userPackages(): PackageFixture[] {
  const interpreter = '/lib/ld-linux-riscv64-lp64d.so.1';
  const program = makeElf({ needed: ['libext2fs.so.2'], interpreter });
  const library = makeElf({ needed: ['libc.so.6'] });
  const libraries = 'usr/lib/riscv64-linux-gnu';
  return [
    {
      name: 'busybox-static',
      files: { 'usr/bin/busybox': Buffer.from('ELF or so\0[\0[[\0ash\0ls\0mke2fs\0sh\0\0') },
    },
    {
      name: 'libc6',
      files: {
        [`${libraries}/libc.so.6`]: makeElf({ needed: [] }),
        'usr/lib/ld-linux-riscv64-lp64d.so.1': makeElf({ needed: [] }),
        'usr/share/doc/libc6/copyright': 'text',
      },
    },
    {
      name: 'libext2fs2',
      depends: 'libc6',
      files: { [`${libraries}/libext2fs.so.2.4`]: library, [`${libraries}/libe2p-unused.so.2`]: library },
      links: { [`${libraries}/libext2fs.so.2`]: 'libext2fs.so.2.4' },
    },
    {
      name: 'e2fsprogs',
      depends: 'libext2fs2',
      files: { 'sbin/mke2fs': program, 'sbin/e2fsck': program, 'sbin/debugfs': program },
      links: { 'sbin/mkfs.ext4': 'mke2fs' },
    },
    {
      name: 'greeting',
      depends: 'libext2fs2',
      files: { 'usr/bin/greeting': program, 'usr/share/greeting/text': 'hello' },
    },
  ];
}

/** An archive below `folder`; `addSuite` may be called several times. */
export class ArchiveFixture {
  readonly folder: string;
  readonly keyringPath: string;
  readonly #key = new OpenPgpKey();
  /** Suites share the pool: a package is built once. */
  readonly #stanzas = new Map<string, string>();

  constructor(folder: string) {
    this.folder = join(folder, 'debian');
    this.keyringPath = join(folder, 'debian-archive-test-keyring.gpg');
    mkdirSync(this.folder, { recursive: true });
    // Under root apt reads as the user _apt.
    chmodSync(folder, 0o755);
    writeFileSync(this.keyringPath, this.#key.keyring);
  }

  get uri(): string {
    return `file:${this.folder}`;
  }

  packagesPath(suite: string): string {
    return join(this.folder, 'dists', suite, 'main/binary-riscv64/Packages');
  }

  debPath(name: string): string {
    return join(this.folder, 'pool', `${name}.deb`);
  }

  addSuite(suite: string, options: SuiteOptions = {}): void {
    const stanzas = (options.packages ?? kernelPackages()).map((fixture) => this.#addPackage(fixture));
    const path = this.packagesPath(suite);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, stanzas.join('\n'));
    const release = [
      'Origin: Debian',
      'Label: Debian',
      `Suite: ${suite}`,
      `Codename: ${suite}`,
      `Date: ${new Date(Date.now() - 3_600_000).toUTCString()}`,
      ...(options.validUntil === undefined ? [] : [`Valid-Until: ${options.validUntil.toUTCString()}`]),
      'Architectures: riscv64',
      'Components: main',
      'SHA256:',
      ` ${sha256(path)} ${statSync(path).size} main/binary-riscv64/Packages`,
      '',
    ].join('\n');
    const folder = join(this.folder, 'dists', suite);
    writeFileSync(join(folder, 'Release'), release);
    writeFileSync(join(folder, 'Release.gpg'), this.#key.signDetached(Buffer.from(release)));
  }

  #addPackage(fixture: PackageFixture): string {
    const stanza = this.#stanzas.get(fixture.name) ?? this.#buildPackage(fixture);
    this.#stanzas.set(fixture.name, stanza);
    return stanza;
  }

  #buildPackage(fixture: PackageFixture): string {
    const staging = join(this.folder, 'staging', fixture.name);
    const control = [
      `Package: ${fixture.name}`,
      'Version: 1:1.0-1',
      'Architecture: riscv64',
      'Maintainer: Nobody <nobody@invalid>',
      ...(fixture.depends === undefined ? [] : [`Depends: ${fixture.depends}`]),
      'Description: for tests',
      '',
    ].join('\n');
    write(join(staging, 'DEBIAN/control'), control);
    for (const [path, data] of Object.entries(fixture.files ?? {})) write(join(staging, path), data);
    for (const [path, target] of Object.entries(fixture.links ?? {})) {
      mkdirSync(dirname(join(staging, path)), { recursive: true });
      symlinkSync(target, join(staging, path));
    }
    const deb = this.debPath(fixture.name);
    mkdirSync(dirname(deb), { recursive: true });
    // -Zgzip: quick, and found in every dpkg-deb.
    execFileSync('dpkg-deb', ['--root-owner-group', '-Zgzip', '-z1', '-b', staging, deb], { stdio: 'pipe' });
    return `${control}Filename: pool/${fixture.name}.deb\nSize: ${statSync(deb).size}\nSHA256: ${sha256(deb)}\n`;
  }
}

function write(path: string, data: Buffer | string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, data, { mode: 0o755 });
}

function sha256(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}
