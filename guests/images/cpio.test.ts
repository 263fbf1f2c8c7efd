import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { type CpioEntry, writeCpio } from './cpio.ts';
import { findTool } from './subprocess.ts';
import { readCpio } from './testing/cpio-reader.ts';

const file = (text: string, mode = 0o644): CpioEntry => ({ type: 'file', mode, data: Buffer.from(text) });

const sample = new Map<string, CpioEntry>([
  ['usr/bin/tool', file('abc', 0o755)],
  ['usr', { type: 'directory', mode: 0o711 }],
  ['bin', { type: 'symlink', target: 'usr/bin' }],
  ['dev/console', { type: 'character-device', mode: 0o600, major: 5, minor: 1 }],
  ['empty', file('')],
]);

describe('writeCpio', () => {
  it('writes a header byte for byte as the format says', () => {
    const archive = writeCpio(new Map([['a', file('hello', 0o640)]]), 0x65432100);
    const header = [
      '070701',
      '00000001', // inode
      '000081A0', // regular file, 0640
      '00000000',
      '00000000',
      '00000001', // links
      '65432100',
      '00000005', // length
      '00000000',
      '00000000',
      '00000000',
      '00000000',
      '00000002', // name with its NUL
      '00000000',
    ].join('');
    expect(archive.toString('latin1', 0, 110)).toBe(header);
    expect(archive.toString('latin1', 110, 120)).toBe('a\0hello\0\0\0');
    expect(archive.toString('latin1', 120, 126)).toBe('070701');
    expect(archive.indexOf('TRAILER!!!\0')).toBe(120 + 110);
    expect(archive.length % 512).toBe(0);
  });

  it('gives back types, permissions, devices, targets and data', () => {
    const members = readCpio(writeCpio(sample));
    expect(members.get('usr/bin/tool')).toMatchObject({ mode: 0o100755, data: Buffer.from('abc') });
    expect(members.get('usr')).toMatchObject({ mode: 0o040711 });
    expect(members.get('bin')).toMatchObject({ mode: 0o120777, data: Buffer.from('usr/bin') });
    expect(members.get('dev/console')).toMatchObject({ mode: 0o020600, major: 5, minor: 1 });
    expect(members.get('empty')?.data.length).toBe(0);
  });

  it('adds missing parents, and puts parents first', () => {
    const paths = [...readCpio(writeCpio(sample)).keys()];
    expect(paths).toEqual(['bin', 'dev', 'dev/console', 'empty', 'usr', 'usr/bin', 'usr/bin/tool']);
  });

  it('gives equal bytes for equal trees, whatever the order of insertion', () => {
    const reversed = new Map([...sample].reverse());
    expect(writeCpio(reversed).equals(writeCpio(sample))).toBe(true);
  });

  it('gives archives that can follow each other', () => {
    const second = writeCpio(new Map([['later', file('x')]]));
    const members = readCpio(Buffer.concat([writeCpio(sample), second]));
    expect(members.has('later') && members.has('empty')).toBe(true);
  });

  it.each(['/absolute', 'a//b', 'a/../b', './a', '', 'a/', 'nul\0byte', 'TRAILER!!!', 'TRAILER!!!/a'])(
    'refuses the path %j',
    (path) => {
      expect(() => writeCpio(new Map([[path, file('')]]))).toThrow(
        expect.objectContaining({ code: 'cpio-invalid' }),
      );
    },
  );

  it('refuses a file below a file', () => {
    const tree = new Map([
      ['a', file('')],
      ['a/b', file('')],
    ]);
    expect(() => writeCpio(tree)).toThrow(expect.objectContaining({ code: 'cpio-invalid' }));
  });

  it('is read by the system’s own cpio alike, where there is one, or else by the reader of these tests', () => {
    const archive = writeCpio(sample);
    const cpio = findTool('cpio');
    const names =
      cpio === undefined
        ? [...readCpio(archive).keys()]
        : execFileSync(cpio, ['--list', '--quiet'], { input: archive, encoding: 'utf8' }).trim().split('\n');
    expect(names).toEqual(['bin', 'dev', 'dev/console', 'empty', 'usr', 'usr/bin', 'usr/bin/tool']);
  });
});
