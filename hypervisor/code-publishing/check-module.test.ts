// Each rule for published code, broken alone; each instruction; and what becomes of the tests when a rule is missing.
import { describe, expect, it } from 'vitest';
import { checkUnitModule } from './check-module.ts';
import { IMMEDIATES, immediates } from './opcodes.ts';
import { brokenModules, code } from './testing/broken-modules.ts';
import { checkMutants } from './testing/check-mutants.ts';
import { forbiddenInstructions, unassignedOpcodes } from './testing/forbidden-instructions.ts';
import { unitModule } from './testing/unit-module.ts';

type Check = typeof checkUnitModule;

const rows = brokenModules.map(([what, reason, broken, whole = {}]) => ({
  what,
  reason,
  broken: unitModule(broken),
  whole: unitModule(whole),
}));
const forbidden = Object.entries(forbiddenInstructions);
const allOpcodes = Array.from({ length: 256 }, (_, opcode) => opcode);
const PREFIXES = [0xfc, 0xfd];

/** Whether the check gets all rows and instructions right. */
function isRight(check: Check): boolean {
  try {
    return (
      rows.every((row) => check(row.whole) === undefined && check(row.broken)?.includes(row.reason)) &&
      forbidden.every(([, bytes]) => check(unitModule(code(...bytes)))?.includes('opcode')) &&
      unassignedOpcodes.every((opcode) => check(unitModule(code(opcode)))?.includes('opcode'))
    );
  } catch {
    return false;
  }
}

describe('published code', () => {
  it.each(rows)('is refused for $what, and admitted without', ({ reason, broken, whole }) => {
    expect(checkUnitModule(whole)).toBeUndefined();
    expect(checkUnitModule(broken)).toContain(reason);
  });

  it('is refused when it is cut off anywhere', () => {
    const module = unitModule();
    for (let length = 0; length < module.length; length++)
      expect([length, checkUnitModule(module.subarray(0, length))]).toEqual([length, expect.any(String)]);
  });

  it.each(forbidden)('is refused for the instruction %s', (_name, bytes) => {
    expect(checkUnitModule(unitModule(code(...bytes)))).toContain('opcode');
  });

  it('is refused for opcodes that mean nothing', () => {
    for (const opcode of unassignedOpcodes)
      expect([opcode, checkUnitModule(unitModule(code(opcode)))]).toEqual([
        opcode,
        expect.stringContaining('opcode'),
      ]);
  });

  it('may consist of each opcode that is neither forbidden nor unassigned, and of no other', () => {
    const others = [...forbidden.map(([, [first]]) => first), ...unassignedOpcodes];
    const expected = allOpcodes.filter((opcode) => !others.includes(opcode) || PREFIXES.includes(opcode));
    expect(allOpcodes.filter((opcode) => immediates[opcode] !== 0)).toEqual(expected);
  });

  it('consists of allowed opcodes behind prefixes only', () => {
    for (let number = 0; number < 0x180; number++) {
      const leb = number < 0x80 ? [number] : [(number & 0x7f) | 0x80, number >> 7];
      const isAllowed = number === 0x14 || number === 0x21 || number === 0x107;
      const isAdmitted = (prefix: number): boolean =>
        checkUnitModule(unitModule(code(prefix, ...leb, 0))) === undefined;
      expect([number, isAdmitted(0xfd), isAdmitted(0xfc)]).toEqual([number, isAllowed, number < 8]);
    }
  });
});

/** What follows each kind of opcode, as the specification has it. */
const samples: Record<keyof typeof IMMEDIATES, number[]> = {
  none: [],
  block: [0x40, 0x0b],
  end: [],
  label: [0],
  local: [0],
  access: [0, 0x80, 1],
  constant32: [0x80, 1],
  constant64: [0x80, 1],
  constantF32: [0, 0, 0, 0],
  constantF64: [0, 0, 0, 0, 0, 0, 0, 0],
  call: [0, 0],
  saturating: [7],
  vector: [0x21, 1],
};
const OPCODE_ELSE = 0x05;
const OPCODE_END = 0x0b;
const kinds = Object.keys(IMMEDIATES) as (keyof typeof IMMEDIATES)[];

describe('the allow-list', () => {
  it('agrees with the engine on what follows each opcode', () => {
    for (const opcode of allOpcodes.filter((each) => immediates[each] !== 0)) {
      if (opcode === OPCODE_END) continue;
      const kind = kinds.find((each) => IMMEDIATES[each] === immediates[opcode])!;
      // Behind `unreachable` operands may have any type; a `drop` would be one too many behind some instructions.
      const instruction = opcode === OPCODE_ELSE ? [0x04, 0x40, 0x05, 0x0b] : [opcode, ...samples[kind]];
      const module = unitModule(code(0x00, ...instruction, 0x00));
      expect([opcode, checkUnitModule(module)]).toEqual([opcode, undefined]);
      expect([opcode, WebAssembly.validate(module)]).toEqual([opcode, true]);
    }
  });
});

describe('these tests', () => {
  it('find the check right', () => expect(isRight(checkUnitModule)).toBe(true));

  it('notice each rule that is taken out of the check, or moved by one', () => {
    const mutants = [...checkMutants()];
    expect(mutants.length).toBeGreaterThan(100);
    expect(mutants.filter(({ check }) => isRight(check)).map(({ what }) => what)).toEqual([]);
  });
});
