// The whole build over a small signed archive on disk, through the machine's own apt and dpkg-deb.
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  type BuildEvent,
  type BuildOptions,
  buildLinux,
  ImageError,
  listImages,
  openImage,
  removeImage,
} from './index.ts';
import { ArchiveFixture, FIXTURE_RELEASE, kernelPackages } from './testing/archive-fixture.ts';
import { readCpio } from './testing/cpio-reader.ts';

let folder: string;
let archive: ArchiveFixture;
let events: BuildEvent[];
let buildNumber = 0;

const build = (options: BuildOptions = {}) =>
  buildLinux(
    {
      mirror: archive.uri,
      keyring: archive.keyringPath,
      suites: ['good'],
      cacheFolder: join(folder, `cache-${buildNumber}`),
      ...options,
    },
    (event) => events.push(event),
  );

const failureOf = async (promise: Promise<unknown>): Promise<ImageError> => {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ImageError);
  return error as ImageError;
};

const warnings = (): string[] => events.filter((event) => event.isWarning).map((event) => event.text);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cofferdam-archive-'));
  archive = new ArchiveFixture(folder);
  archive.addSuite('good');
  archive.addSuite('expired', { validUntil: new Date(Date.now() - 86_400_000) });
  archive.addSuite('truncated');
  const index = archive.packagesPath('truncated');
  writeFileSync(index, readFileSync(index).subarray(0, 700));
});

beforeEach(() => {
  events = [];
  buildNumber++;
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('a build from a sound archive', () => {
  it('writes kernel, both initramfs and a manifest that says where everything came from', async () => {
    const image = await build();
    expect(image.isCached).toBe(false);
    expect(readdirSync(image.folder).sort()).toEqual([
      'initramfs',
      'initramfs-fast',
      'kernel',
      'manifest.json',
    ]);
    expect(image.manifest.kernelRelease).toBe(FIXTURE_RELEASE);
    expect(image.manifest.index).toMatchObject({ suite: 'good', isExpired: false });
    expect(image.manifest.packages.map((each) => each.name)).toContain('busybox-static');
    expect(image.manifest.packages.find((each) => each.name === 'libc6')?.version).toBe('1:1.0-1');
    expect(image.manifest.profiles.fast.commandLine).toContain('cryptomgr.notests');
    expect(image.manifest.profiles.stock.commandLine).toBe('quiet');
    expect((await openImage('linux', undefined, join(folder, `cache-${buildNumber}`))).folder).toBe(
      image.folder,
    );
  });

  it('puts core tools, the libraries they need and nothing else of their packages into the initramfs', async () => {
    const image = await build();
    const members = readCpio(readFileSync(join(image.folder, 'initramfs')));
    const lib = 'usr/lib/riscv64-linux-gnu';
    for (const path of [
      'init',
      'usr/sbin/mke2fs',
      'usr/sbin/mkfs.ext4',
      `${lib}/libc.so.6`,
      `${lib}/libext2fs.so.2.4`,
    ]) {
      expect(members.has(path), path).toBe(true);
    }
    for (const path of [
      'usr/sbin/debugfs',
      `${lib}/libe2p-unused.so.2`,
      'usr/bin/greeting',
      'usr/bin/mke2fs',
    ]) {
      expect(members.has(path), path).toBe(false);
    }
    expect(members.get('usr/bin/ls')?.data.toString()).toBe('busybox');
    expect(members.get('dev/console')).toMatchObject({ mode: 0o020600, major: 5, minor: 1 });
  });

  it('keeps module signatures for the stock profile and cuts them for the fast one', async () => {
    const image = await build();
    const path = `usr/lib/modules/${FIXTURE_RELEASE}/kernel/test/ext4.ko`;
    const stock = readCpio(readFileSync(join(image.folder, 'initramfs'))).get(path)!.data;
    const fast = readCpio(readFileSync(join(image.folder, 'initramfs-fast'))).get(path)!.data;
    expect(stock.subarray(-28).toString('latin1')).toBe('~Module signature appended~\n');
    expect(stock.subarray(0, fast.length).equals(fast)).toBe(true);
    expect(stock.length - fast.length).toBe(300 + 12 + 28);
  });

  it('adds a package asked for with what it depends on', async () => {
    const image = await build({ with: ['greeting'] });
    const members = readCpio(readFileSync(join(image.folder, 'initramfs')));
    expect(members.get('usr/share/greeting/text')?.data.toString()).toBe('hello');
    expect(members.has('usr/bin/greeting')).toBe(true);
    expect(members.has('usr/share/doc/libc6/copyright')).toBe(false);
  });

  it('finds the image of an equal request without asking the archive, and of another one not', async () => {
    const first = await build();
    events = [];
    const second = await build({ mirror: archive.uri });
    expect(second).toMatchObject({ isCached: true, folder: first.folder });
    expect(events.filter((event) => event.phase === 'index')).toEqual([]);
    const third = await build({ with: ['greeting'] });
    expect(third.isCached).toBe(false);
    expect(third.manifest.id).not.toBe(first.manifest.id);
  });

  it('builds an image again whose files were tampered with, and says so', async () => {
    const first = await build();
    appendFileSync(join(first.folder, 'kernel'), 'x');
    const second = await build();
    expect(second.isCached).toBe(false);
    expect(warnings().join()).toContain('is not what was built');
    expect(readFileSync(join(second.folder, 'kernel')).length).toBe(4096);
  });

  it('keeps images of different names apart', async () => {
    const cacheFolder = join(folder, `cache-${buildNumber}`);
    const plain = await build();
    const named = await build({ name: 'linux-greeting', with: ['greeting'] });
    expect((await openImage('linux', undefined, cacheFolder)).folder).toBe(plain.folder);
    expect((await openImage('linux-greeting', undefined, cacheFolder)).folder).toBe(named.folder);
  });

  it('downloads a package again that was damaged in the cache', async () => {
    const cacheFolder = join(folder, `cache-${buildNumber}`);
    await build();
    const downloads = join(cacheFolder, 'packages');
    for (const name of readdirSync(downloads)) writeFileSync(join(downloads, name), 'damaged');
    const again = await build({ with: ['greeting'] });
    const members = readCpio(readFileSync(join(again.folder, 'initramfs')));
    expect(members.has('usr/bin/greeting')).toBe(true);
    const first = readFileSync(join(downloads, readdirSync(downloads)[0]!));
    expect(first.equals(Buffer.from('damaged'))).toBe(false);
  });

  it('keeps the packages of the images that exist, and forgets them with the last of them', async () => {
    const cacheFolder = join(folder, `cache-${buildNumber}`);
    const downloads = (): number => readdirSync(join(cacheFolder, 'packages')).length;
    const small = await build();
    const smallDownloads = downloads();
    await build({ with: ['greeting'] });
    expect(downloads()).toBe(smallDownloads + 1);
    const [large] = listImages(cacheFolder).filter((image) => image.manifest.id !== small.manifest.id);
    removeImage('linux', large!.manifest.id, cacheFolder);
    expect(downloads()).toBe(smallDownloads);
    removeImage('linux', undefined, cacheFolder);
    expect(downloads()).toBe(0);
  });

  it('builds once when two equal requests come at the same time', async () => {
    const [first, second] = await Promise.all([build(), build()]);
    expect([first.isCached, second.isCached].sort()).toEqual([false, true]);
    expect(events.filter((event) => event.phase === 'index')).toHaveLength(1);
  });

  it('leaves nothing behind when it is aborted', async () => {
    const abort = new AbortController();
    const cacheFolder = join(folder, 'aborted');
    const promise = buildLinux(
      {
        mirror: archive.uri,
        keyring: archive.keyringPath,
        suites: ['good'],
        cacheFolder,
        signal: abort.signal,
      },
      (event) => {
        if (event.phase === 'unpack') abort.abort();
      },
    );
    expect((await failureOf(promise)).code).toBe('aborted');
    expect(readdirSync(join(cacheFolder, 'images/linux'))).toEqual([]);
  });
});

describe('an archive that is not sound', () => {
  it('passes over a suite whose index is truncated and reports it', async () => {
    const image = await build({ suites: ['truncated', 'missing', 'good'] });
    expect(image.manifest.index.suite).toBe('good');
    expect(warnings()).toHaveLength(2);
    expect(warnings()[0]).toContain('the index of truncated cannot be used');
  });

  it('refuses an expired index unless told otherwise, and then reports and records it', async () => {
    const refused = await failureOf(build({ suites: ['expired'] }));
    expect(refused.code).toBe('archive-expired');
    expect(refused.remedy).toContain('--allow-expired-index');
    events = [];
    const image = await build({ suites: ['expired'], allowExpiredIndex: true });
    expect(image.manifest.index.isExpired).toBe(true);
    expect(warnings().join()).toContain('past its validity date');
  });

  it.each([
    ['false', true],
    ['true', false],
  ])(
    'asked to do as apt is configured, with Check-Valid-Until %s accepts an expired index: %s',
    async (checks, accepts) => {
      const configuration = join(folder, `apt-${checks}.conf`);
      // The machine's own configuration is left out, whatever it says.
      writeFileSync(
        configuration,
        `Dir::Etc::parts "${folder}/none"; Dir::Etc::main "none"; Acquire::Check-Valid-Until "${checks}";\n`,
      );
      vi.stubEnv('APT_CONFIG', configuration);
      try {
        const result = build({ suites: ['expired'], allowExpiredIndex: 'as-configured' });
        if (!accepts) expect((await failureOf(result)).code).toBe('archive-expired');
        else {
          expect((await result).manifest.index.isExpired).toBe(true);
          expect(warnings().join()).toContain("as this machine's apt is configured");
        }
      } finally {
        vi.unstubAllEnvs();
      }
    },
  );

  it('refuses an index signed by another key', async () => {
    const stranger = new ArchiveFixture(join(folder, 'stranger'));
    const error = await failureOf(build({ keyring: stranger.keyringPath }));
    expect(error.code).toBe('archive-unusable');
    expect(warnings().join()).toMatch(/NO_PUBKEY|not signed|Missing key/);
  });

  it('refuses an index that was changed after signing', async () => {
    archive.addSuite('changed');
    const path = join(archive.folder, 'dists/changed/Release');
    writeFileSync(path, readFileSync(path, 'utf8').replace('Label: Debian', 'Label: Another'));
    expect((await failureOf(build({ suites: ['changed'] }))).code).toBe('archive-unusable');
    expect(warnings().join()).toMatch(/BADSIG|signature.*(?:invalid|bad)|not signed/i);
  });

  it('refuses a package that does not match the index', async () => {
    const other = new ArchiveFixture(join(folder, 'bad-package'));
    other.addSuite('good');
    const deb = readFileSync(other.debPath('busybox-static'));
    deb[deb.length - 3] = deb[deb.length - 3]! ^ 1;
    writeFileSync(other.debPath('busybox-static'), deb);
    const error = await failureOf(build({ mirror: other.uri, keyring: other.keyringPath }));
    expect(error.code).toBe('package-corrupt');
  });

  it('names a package that does not exist', async () => {
    const error = await failureOf(build({ with: ['no-such-thing'] }));
    expect(error.code).toBe('package-missing');
    expect(error.message).toContain('no-such-thing');
  });

  it('refuses a kernel that is not a RISC-V Image', async () => {
    const other = new ArchiveFixture(join(folder, 'bad-kernel'));
    const packages = kernelPackages().map((each) =>
      each.name.startsWith('linux-binary')
        ? { ...each, files: { [`usr/lib/modules/${FIXTURE_RELEASE}/vmlinuz`]: Buffer.alloc(4096) } }
        : each,
    );
    other.addSuite('good', { packages });
    const error = await failureOf(build({ mirror: other.uri, keyring: other.keyringPath }));
    expect(error.code).toBe('kernel-invalid');
  });
});
