import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ImageError } from './image-error.ts';
import { TarReader } from './tar-reader.ts';

const longName = `${'deep/'.repeat(60)}${'n'.repeat(120)}`;
let folder: string;
const archives = new Map<string, Buffer>();

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cofferdam-tar-'));
  mkdirSync(join(folder, longName, '..'), { recursive: true });
  writeFileSync(join(folder, longName), 'far down');
  writeFileSync(join(folder, 'plain'), Buffer.alloc(1000, 7), { mode: 0o750 });
  writeFileSync(join(folder, 'block'), Buffer.alloc(512, 8));
  writeFileSync(join(folder, 'none'), '');
  symlinkSync(`../${'t'.repeat(150)}`, join(folder, 'link'));
  linkSync(join(folder, 'plain'), join(folder, 'same'));
  for (const format of ['gnu', 'pax']) {
    const args = ['--create', `--format=${format}`, '--sort=name', '--directory', folder, '.'];
    archives.set(format, execFileSync('tar', args, { maxBuffer: 1 << 24 }));
  }
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const readAll = (archive: Buffer, chunkBytes = archive.length) => {
  const reader = new TarReader(() => true);
  for (let at = 0; at < archive.length; at += chunkBytes) reader.write(archive.subarray(at, at + chunkBytes));
  return reader.finish();
};

/** A member as dpkg-deb or an attacker could write it. */
const member = (name: string, typeFlag = '0', size = 0): Buffer => {
  const block = Buffer.alloc(512);
  block.write(name, 0);
  block.write('0000644\0', 100);
  block.write(`${size.toString(8).padStart(11, '0')}\0`, 124);
  block.write(typeFlag, 156);
  block.write('ustar\0', 257);
  block.fill(0x20, 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
};

describe('TarReader', () => {
  it.each(['gnu', 'pax'])('reads what tar writes in format %s', (format) => {
    const members = readAll(archives.get(format)!);
    expect(members.get(longName)).toMatchObject({ type: 'file', data: Buffer.from('far down') });
    expect(members.get('plain') ?? members.get('same')).toMatchObject({ type: 'file', mode: 0o750 });
    expect(members.get('block')).toMatchObject({ type: 'file', data: Buffer.alloc(512, 8) });
    expect(members.get('none')).toMatchObject({ type: 'file', data: Buffer.alloc(0) });
    expect(members.get('link')).toEqual({ type: 'symlink', target: `../${'t'.repeat(150)}` });
    expect([members.get('same'), members.get('plain')]).toContainEqual({
      type: 'hard-link',
      target: 'plain',
    });
    expect(members.get('deep')).toMatchObject({ type: 'directory' });
  });

  it('does not depend on where the stream is cut', () => {
    const archive = archives.get('gnu')!;
    const whole = readAll(archive);
    for (const chunkBytes of [1, 7, 511, 512, 513, 4096]) expect(readAll(archive, chunkBytes)).toEqual(whole);
  });

  it('keeps only what is wanted', () => {
    const reader = new TarReader((path) => path === 'plain');
    reader.write(archives.get('gnu')!);
    expect([...reader.finish().keys()]).toEqual(['plain']);
  });

  it('refuses a path that climbs out, an archive cut short, and a wrong checksum', () => {
    const end = Buffer.alloc(1024);
    const climbing = Buffer.concat([member('../../etc/passwd'), end]);
    expect(() => readAll(climbing)).toThrow(expect.objectContaining({ code: 'tar-invalid' }));
    const cut = archives.get('gnu')!.subarray(0, 700);
    expect(() => readAll(cut)).toThrow(expect.objectContaining({ code: 'tar-invalid' }));
    const wrong = Buffer.concat([member('a'), end]);
    wrong[0] = 0x62;
    expect(() => readAll(wrong)).toThrow(/checksum/);
  });

  it('refuses an extension header of absurd size before storing it', () => {
    expect(() => readAll(member('x', 'L', 2 ** 32))).toThrow(/extension header/);
  });

  it('ends in an ImageError or a result on any bytes', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 6 }), (patches) => {
        const bytes = Buffer.from(archives.get('pax')!);
        for (const [at, value] of patches) bytes[at % bytes.length] = value;
        try {
          readAll(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(ImageError);
        }
      }),
      { numRuns: 300 },
    );
  });
});
