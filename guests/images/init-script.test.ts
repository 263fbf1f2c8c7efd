import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { writeCpio } from './cpio.ts';
import { bootFiles, minimumMemoryMib, type StoredImage } from './index.ts';
import { appendRunScript, INIT_FILES, READY_PATTERN } from './init-script.ts';
import { readCpio } from './testing/cpio-reader.ts';
import { sampleManifest } from './testing/manifest-fixture.ts';

const image: StoredImage = { folder: '/images/sample', manifest: sampleManifest() };

describe('the scripts of the guest', () => {
  it.each(['init', 'etc/profile', 'etc/cofferdam/session'])('%s is accepted by a shell', (path) => {
    const [, text] = INIT_FILES.get(path)!;
    expect(() => execFileSync('sh', ['-n'], { input: text, stdio: 'pipe' })).not.toThrow();
    expect(text).not.toContain('undefined');
  });
});

describe('the ready pattern', () => {
  const isReady = (output: string): boolean => new RegExp(READY_PATTERN).test(output);

  it('matches the prompt at the end of the output, with the terminal query behind it or without', () => {
    expect(isReady('boot\r\ncofferdam:~# ')).toBe(true);
    expect(isReady('boot\r\ncofferdam:/mnt/a b# \x1b[6n')).toBe(true);
  });

  it('does not match a prompt that is followed by something, nor talk about one', () => {
    expect(isReady('\ncofferdam:~# ls')).toBe(false);
    expect(isReady('\nsee cofferdam:~# ')).toBe(false);
    expect(isReady('\ncofferdam: run exited 0\r\n')).toBe(false);
  });
});

describe('bootFiles', () => {
  it('joins console, profile, additions and script', () => {
    const boot = bootFiles(image, { profile: 'fast', console: 'hvc0', append: 'a=b', runScript: 'uname' });
    expect(boot).toEqual({
      kernelPath: '/images/sample/kernel',
      initramfsPath: '/images/sample/initramfs',
      commandLine: `console=hvc0 quiet more a=b cofferdam.run=${Buffer.from('uname').toString('base64')}`,
    });
    expect(bootFiles(image).commandLine).toBe('console=ttyS0 quiet');
  });

  it.each([
    { kernel: 31_167_488, initramfs: 17_262_080, least: 0, most: 128 },
    // Where unpacking was seen to fail, and where it was not.
    { kernel: 31_167_488, initramfs: 40_245_248, least: 181, most: 224 },
    { kernel: 31_167_488, initramfs: 311_374_848, least: 956, most: 1024 },
    { kernel: 5_456_896, initramfs: 4_690_944, least: 0, most: 64 },
  ])(
    'names memory in which an initramfs of $initramfs bytes unpacks',
    ({ kernel, initramfs, least, most }) => {
      const sha256 = '0'.repeat(64);
      const files = { kernel: { sha256, bytes: kernel }, initramfs: { sha256, bytes: initramfs } };
      const mib = minimumMemoryMib({ folder: '/', manifest: sampleManifest({ files }) });
      expect(mib).toBeGreaterThan(least);
      expect(mib).toBeLessThanOrEqual(most);
    },
  );

  it('refuses a script that does not fit the command line, and names the way that has no limit', () => {
    expect(() => bootFiles(image, { runScript: 'x'.repeat(1000) })).toThrow(
      expect.objectContaining({
        code: 'script-too-long',
        remedy: expect.stringContaining('appendRunScript'),
      }),
    );
  });
});

describe('appendRunScript', () => {
  it('adds the script behind the initramfs, readable as one archive after the other', () => {
    const initramfs = writeCpio(new Map([['a', { type: 'file', mode: 0o644, data: Buffer.from('x') }]]));
    const members = readCpio(appendRunScript(initramfs, 'echo hello'));
    expect(members.get('etc/cofferdam/run')).toMatchObject({
      mode: 0o100755,
      data: Buffer.from('echo hello'),
    });
    expect(members.has('a')).toBe(true);
  });
});
