import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isElf, readDynamicLinking, readModinfo, readSections } from './elf.ts';
import { ImageError } from './image-error.ts';
import { makeElf, makeModule } from './testing/elf-fixture.ts';

const program = makeElf({ needed: ['libone.so.1', 'libtwo.so'], interpreter: '/lib/ld.so' });
const module = makeModule(['license=GPL', 'alias=one', 'alias=two', 'depends=a,b-c', 'broken']);

describe('ELF files', () => {
  it('say which libraries and which interpreter they want', () => {
    expect(readDynamicLinking(program)).toEqual({
      needed: ['libone.so.1', 'libtwo.so'],
      interpreter: '/lib/ld.so',
    });
    expect(readDynamicLinking(module)).toEqual({ needed: [], interpreter: undefined });
  });

  it('say what a module depends on, with repeated keys kept', () => {
    const info = readModinfo(module);
    expect(info.get('depends')).toEqual(['a,b-c']);
    expect(info.get('alias')).toEqual(['one', 'two']);
    expect(info.has('broken')).toBe(false);
  });

  it('are told from other files', () => {
    expect(isElf(program)).toBe(true);
    expect(isElf(Buffer.from('#!/bin/sh\n'))).toBe(false);
    expect(isElf(program.subarray(0, 63))).toBe(false);
  });

  it('with a name too long for any use are refused: thousands of headers may have it', () => {
    const named = makeElf({ sections: { ['n'.repeat(4000)]: Buffer.alloc(1) } });
    expect(readSections(named)[1]!.name).toHaveLength(4000);
    const overlong = makeElf({ sections: { ['n'.repeat(5000)]: Buffer.alloc(1) } });
    expect(() => readSections(overlong)).toThrow(expect.objectContaining({ code: 'elf-invalid' }));
  });

  it('end in an ImageError when damaged, never in anything else', () => {
    const damage = fc.record({
      source: fc.constantFrom(program, module),
      keep: fc.nat(),
      patches: fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 8 }),
    });
    fc.assert(
      fc.property(damage, ({ source, keep, patches }) => {
        const bytes = Buffer.from(source.subarray(0, source.length - (keep % 40)));
        for (const [at, value] of patches) bytes[at % bytes.length] = value;
        for (const read of [readSections, readDynamicLinking, readModinfo]) {
          try {
            read(bytes);
          } catch (error) {
            expect(error).toBeInstanceOf(ImageError);
          }
        }
      }),
      { numRuns: 2000 },
    );
  });
});
