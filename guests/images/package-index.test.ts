import { describe, expect, it } from 'vitest';
import { parseStanzas, toPackageRecord } from './package-index.ts';

const hash = 'a'.repeat(64);
const whole = `Package: tool
Version: 1:2.0-1+b1
Architecture: riscv64
Pre-Depends: libc6 (>= 2.4) | libc6-other
Depends: linux-image-9+x-riscv64 (= 2),
 libzstd1 (>= 1.5),
 python3:any
Description: a tool
 with more text
Size: 12
SHA256: ${hash}
`;

describe('package index', () => {
  it('gives name, version, hash and the first alternative of each dependency', () => {
    const [stanza] = parseStanzas(whole);
    expect(toPackageRecord(stanza!)).toEqual({
      name: 'tool',
      version: '1:2.0-1+b1',
      architecture: 'riscv64',
      sha256: hash,
      bytes: 12,
      depends: ['libc6', 'linux-image-9+x-riscv64', 'libzstd1', 'python3'],
    });
  });

  it('separates stanzas at empty lines, passes over comments and nonsense, ignores case of fields', () => {
    const stanzas = parseStanzas('# comment\nPACKAGE: a\nnonsense\n\n\n  \nPackage: b\r\nX: y\r\n');
    expect(stanzas.map((stanza) => stanza.get('package'))).toEqual(['a', 'b']);
    expect(stanzas[1]!.get('x')).toBe('y');
  });

  it('gives no record for any beginning of a stanza that lacks its hash', () => {
    for (let length = 0; length < whole.length - 2; length++) {
      const [stanza] = parseStanzas(whole.slice(0, length));
      expect(stanza && toPackageRecord(stanza), `${length} bytes`).toBeUndefined();
    }
  });

  it.each([
    ['Package', '--option'],
    ['Package', 'a b'],
    ['Version', '1;2'],
    ['Architecture', '../../x'],
    ['Size', '-5'],
    ['Size', 'many'],
    ['SHA256', 'abc'],
  ])('gives no record when %s is %s', (field, value) => {
    const text = whole.replace(new RegExp(`^${field}:.*$`, 'm'), `${field}: ${value}`);
    expect(toPackageRecord(parseStanzas(text)[0]!)).toBeUndefined();
  });
});
