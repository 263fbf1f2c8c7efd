import { describe, expect, it } from 'vitest';
import { CONTROL, opcodeNames, saturatingNames, vectorNames } from './opcode-names.ts';
import { immediates, SATURATING, VECTOR } from './opcodes.ts';
import { unitModule } from './testing/unit-module.ts';
import { unitTexts } from './unit-text.ts';

const PREFIXES = [0xfc, 0xfd];

/** One string a line, indented by depth. */
function textOf(code: number[], more: Parameters<typeof unitModule>[0] = {}): string[] {
  const [unit] = unitTexts(unitModule({ code: [...code, 0x0b], ...more }), (local) => `$${local}`);
  return (unit?.lines ?? []).map(({ depth, instructions }) => '  '.repeat(depth) + instructions.join(' | '));
}

describe('the names of instructions', () => {
  it('are there for exactly the opcodes that are allowed', () => {
    const control = Object.values<number>(CONTROL);
    for (let opcode = 0; opcode < 256; opcode++) {
      const isNamed = opcodeNames.has(opcode) || control.includes(opcode) || PREFIXES.includes(opcode);
      if (immediates[opcode] !== 0) expect({ opcode, isNamed }).toEqual({ opcode, isNamed: true });
    }
    for (const opcode of control) expect(immediates[opcode]).not.toBe(0);
    expect(saturatingNames).toHaveLength(SATURATING);
    expect([...vectorNames.keys()].sort()).toEqual(Object.values<number>(VECTOR).sort());
  });

  it('are those of the specification', () => {
    const name = (opcode: number) => opcodeNames.get(opcode)?.name;
    expect([0x2d, 0x35, 0x3e, 0x5a, 0x60, 0x66, 0x78, 0x8a].map(name)).toEqual([
      'i32.load8_u',
      'i64.load32_u',
      'i64.store32',
      'i64.ge_u',
      'f32.ge',
      'f64.ge',
      'i32.rotr',
      'i64.rotr',
    ]);
    expect([0x98, 0xa6, 0xa7, 0xad, 0xb6, 0xbb, 0xbf, 0xc4].map(name)).toEqual([
      'f32.copysign',
      'f64.copysign',
      'i32.wrap_i64',
      'i64.extend_i32_u',
      'f32.demote_f64',
      'f64.promote_f32',
      'f64.reinterpret_i64',
      'i64.extend32_s',
    ]);
    expect(saturatingNames[5]).toBe('i64.trunc_sat_f32_u');
  });
});

describe("a unit's text", () => {
  it('has a line for each statement', () => {
    expect(textOf([0x20, 0, 0x41, 0x7d, 0x6a, 0x21, 1, 0x41, 0, 0x1a])).toEqual([
      'local.get $0 | i32.const -3 | i32.add | local.set $1',
      'i32.const 0 | drop',
      'end',
    ]);
  });

  it('indents what is in blocks, and goes on with what they leave behind', () => {
    const code = [0x03, 0x40, 0x20, 0, 0x04, 0x7f, 0x41, 1, 0x05, 0x41, 2, 0x0b, 0x0d, 0, 0x0b];
    expect(textOf(code)).toEqual([
      'loop',
      '  local.get $0 | if (result i32)',
      '    i32.const 1',
      '  else',
      '    i32.const 2',
      '  end | br_if 0',
      'end',
      'end',
    ]);
  });

  it('begins a new line behind what does not come back', () => {
    expect(textOf([0x20, 0, 0x0f, 0x0c, 0, 0x00, 0x41, 1, 0x1a])).toEqual([
      'local.get $0 | return',
      'br 0',
      'unreachable',
      'i32.const 1 | drop',
      'end',
    ]);
  });

  it('shows what follows an opcode', () => {
    const half = [0, 0, 0, 0, 0, 0, 0xe0, 0x3f];
    const infinity = [0, 0, 0x80, 0xff];
    expect(
      textOf([
        ...[0x41, 0, 0x29, 3, 0x90, 0x01, 0x1a],
        ...[0x41, 0, 0x42, 0x80, 0x7f, 0x37, 0, 0],
        ...[0x44, ...half, 0xfc, 2, 0x1a, 0x43, ...infinity, 0x1a],
        ...[0x44, ...half, 0xfd, 0x14, 0xfd, 0x21, 1, 0x1a],
      ]),
    ).toEqual([
      'i32.const 0 | i64.load offset=144 | drop',
      'i32.const 0 | i64.const -128 | i64.store',
      'f64.const 0.5 | i32.trunc_sat_f64_s | drop',
      'f32.const -inf | drop',
      'f64.const 0.5 | f64x2.splat | f64x2.extract_lane 1 | drop',
      'end',
    ]);
  });

  it('takes as many values for a call as its type says', () => {
    const types = [2, 0x60, 4, 0x7f, 0x7f, 0x7e, 0x7f, 1, 0x7f, 0x60, 1, 0x7e, 0];
    const code = [0x20, 0, 0x42, 1, 0x41, 7, 0x11, 1, 0, 0x1a, 0x42, 1, 0x41, 7, 0x13, 1, 0];
    expect(textOf(code, { types })).toEqual([
      'local.get $0 | i64.const 1 | i32.const 7 | call_indirect (type 1) | drop',
      'i64.const 1 | i32.const 7 | return_call_indirect (type 1)',
      'end',
    ]);
  });

  it('knows the name that the module gives it', () => {
    const name = [...Buffer.from('name')];
    const section = [0, 4 + 1 + 2 + 5, 4, ...name, 1, 5, 1, 0, 2, 0x75, 0x31];
    expect(unitTexts(unitModule({ last: section }), String)[0]?.name).toBe('u1');
    expect(unitTexts(unitModule(), String)[0]?.name).toBe('');
  });
});
