import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ImageError } from './image-error.ts';
import { TarReader } from './tar-reader.ts';
import { paxRecord, tarEnd, tarMember } from './testing/tar-writer.ts';

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
    const climbing = Buffer.concat([tarMember({ name: '../../etc/passwd', type: '0' }), tarEnd]);
    expect(() => readAll(climbing)).toThrow(expect.objectContaining({ code: 'tar-invalid' }));
    const cut = archives.get('gnu')!.subarray(0, 700);
    expect(() => readAll(cut)).toThrow(expect.objectContaining({ code: 'tar-invalid' }));
    const wrong = Buffer.concat([tarMember({ name: 'a', type: '0' }), tarEnd]);
    wrong[0] = 0x62;
    expect(() => readAll(wrong)).toThrow(/checksum/);
  });

  it('refuses an extension header of absurd size before storing it', () => {
    expect(() => readAll(tarMember({ name: 'x', type: 'L', size: '40000000000' }))).toThrow(
      /extension header/,
    );
    expect(() => readAll(tarMember({ name: 'x', type: '0', size: '77777777777' }))).toThrow(/a file of/);
  });

  it.each([
    ['a length so small that the end never comes', '1e-300 path=x\n'],
    ['a length in another base', '0x0d path=xyz\n'],
    ['a fraction', '13.5 path=xyz\n'],
    ['a length that ends before the key', '2 path=x\n'],
    ['no line end', '10 path=xy'],
    ['no =', '8 pathx\n'],
  ])('refuses a pax record with %s', (_what, record) => {
    const archive = [tarMember({ name: 'x', type: 'x', data: Buffer.from(record) }), tarEnd];
    expect(() => readAll(Buffer.concat(archive))).toThrow(/pax record/);
  });

  it('refuses a NUL in a path, which a pax record can carry', () => {
    const data = Buffer.from(paxRecord('path', 'a\0b'));
    const archive = [tarMember({ name: 'x', type: 'x', data }), tarMember({ name: 'x', type: '0' }), tarEnd];
    expect(() => readAll(Buffer.concat(archive))).toThrow(/the path/);
  });

  it('passes over what follows the end', () => {
    const reader = new TarReader(() => true);
    reader.write(tarEnd);
    reader.write(tarMember({ name: 'late', type: '0' }));
    expect(reader.finish().size).toBe(0);
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
