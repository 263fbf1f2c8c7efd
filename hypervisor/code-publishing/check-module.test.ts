// Each rule for published code, broken alone; and mutations of what the machine's own translator writes.
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { generateProgram } from '../../guests/riscv/oracle/generator/program.ts';
import { HartMachine } from '../../guests/riscv/oracle/hart-machine.ts';
import { compareRun } from '../../guests/riscv/oracle/run-comparison.ts';
import { checkUnitModule } from './check-module.ts';
import { immediates } from './opcodes.ts';
import {
  memoryImport,
  tableImport,
  UNIT_TYPE,
  type UnitModuleOptions,
  unitModule,
} from './testing/unit-module.ts';

const check = (options: UnitModuleOptions): string | undefined => checkUnitModule(unitModule(options));
const text = (value: string): number[] => [value.length, ...Buffer.from(value)];
const code = (...instructions: number[]): UnitModuleOptions => ({ code: [...instructions, 0x0b] });

const HINTS = 'metadata.code.branch_hint';
const hints = (name: string, ...body: number[]): number[] => {
  const content = [...text(name), ...body];
  return [0, content.length, ...content];
};

describe('published code', () => {
  it('is admitted when it keeps the rules', () => {
    expect(check({})).toBeUndefined();
    expect(check({ beforeCode: hints(HINTS, 1, 0, 2, 5, 1, 0, 9, 1, 1) })).toBeUndefined();
    expect(check({ locals: [2, 35, 0x7e, 5, 0x7f] })).toBeUndefined();
    const product = [
      0x20, 4, 0xfd, 0x14, 0x20, 4, 0xfd, 0x14, 0x20, 4, 0xfd, 0x14, 0xfd, 0x87, 2, 0xfd, 0x21, 1,
    ];
    const floats = { locals: [2, 1, 0x7c, 1, 0x7d], code: [...product, 0xfc, 2, 0x0b] };
    expect(check(floats)).toBeUndefined();
    expect(WebAssembly.validate(unitModule(floats))).toBe(true);
    expect(WebAssembly.validate(unitModule())).toBe(true);
  });

  const names = (...body: number[]): number[] => [0, body.length + 5, ...text('name'), ...body];
  it('may name its function, shortly', () => {
    expect(check({ last: names(1, 5, 1, 0, ...text('ab')) })).toBeUndefined();
    expect(WebAssembly.validate(unitModule({ last: names(1, 5, 1, 0, ...text('ab')) }))).toBe(true);
  });

  const wrong: Record<string, UnitModuleOptions> = {
    'names of something else': { last: names(2, 5, 1, 0, ...text('ab')) },
    'names for two functions': { last: names(1, 8, 2, 0, ...text('ab'), 1, ...text('a')) },
    'a name for another function': { last: names(1, 5, 1, 1, ...text('ab')) },
    'a long name': { last: names(1, 36, 1, 0, ...text('a'.repeat(33))) },
    'a name that does not print': { last: names(1, 5, 1, 0, 2, 0x61, 0x1b) },
    'a name that is cut off': { last: names(1, 5, 1, 0, 3, 0x61, 0x61) },
    'names with more behind them': { last: names(1, 5, 1, 0, ...text('ab'), 0) },
    'two sections of names': {
      last: [...names(1, 5, 1, 0, ...text('ab')), ...names(1, 5, 1, 0, ...text('ab'))],
    },
    'another magic': { header: [0, 0x61, 0x73, 0x6e, 1, 0, 0, 0] },
    'another version': { header: [0, 0x61, 0x73, 0x6d, 2, 0, 0, 0] },
    'a custom section': { first: [0, 2, 1, 0x61] },
    'hints of another name': { beforeCode: hints('metadata.code.branch_hinu', 1, 0, 0) },
    'hints for two functions': { beforeCode: hints(HINTS, 2, 0, 0, 0, 0) },
    'hints for another function': { beforeCode: hints(HINTS, 1, 1, 0) },
    'hints out of order': { beforeCode: hints(HINTS, 1, 0, 2, 5, 1, 0, 5, 1, 0) },
    'a hint of two bytes': { beforeCode: hints(HINTS, 1, 0, 1, 5, 2, 0, 0) },
    'a hint that is neither': { beforeCode: hints(HINTS, 1, 0, 1, 5, 1, 2) },
    'hints that are cut off': { beforeCode: hints(HINTS, 1, 0, 2, 5, 1, 0) },
    'hints with more behind them': { beforeCode: hints(HINTS, 1, 0, 1, 5, 1, 0, 0) },
    'hints behind the code': { last: hints(HINTS, 1, 0, 0) },
    'a custom section at the end': { last: [0, 2, 1, 0x61] },
    'a start function': { beforeCode: [8, 1, 0] },
    'a table of its own': { beforeCode: [4, 4, 1, 0x70, 0, 1] },
    'a memory of its own': { beforeCode: [5, 3, 1, 0, 1] },
    'a global': { beforeCode: [6, 6, 1, 0x7f, 0, 0x41, 0, 0x0b] },
    'an element segment': { beforeCode: [9, 7, 1, 0, 0x41, 0, 0x0b, 1, 0] },
    'a data segment': { last: [11, 6, 1, 0, 0x41, 0, 0x0b, 0] },
    'a data count': { beforeCode: [12, 1, 0] },
    'an exception tag': { beforeCode: [13, 3, 1, 0, 0] },
    'a second code section': { last: [10, 6, 1, 4, 0, 0x20, 0, 0x0b] },
    'no types': { types: [0] },
    'type 0 of another kind': { types: [1, 0x60, 0, 1, 0x7f] },
    'a type of floats': { types: [2, ...UNIT_TYPE, 0x60, 1, 0x7d, 0] },
    'a type of references': { types: [2, ...UNIT_TYPE, 0x60, 1, 0x70, 0] },
    'a type with two results': { types: [2, ...UNIT_TYPE, 0x60, 0, 2, 0x7f, 0x7f] },
    'a structure type': { types: [2, ...UNIT_TYPE, 0x5f, 0] },
    'an imported function': {
      imports: [3, ...memoryImport(), ...tableImport, ...text('hv'), ...text('hypercall'), 0, 0],
    },
    'a function in the place of the memory': {
      imports: [2, ...text('env'), ...text('memory'), 0, 0, ...tableImport],
    },
    'another memory': { imports: [2, ...text('env'), ...text('memorx'), 2, 3, 1, 1, ...tableImport] },
    'a memory of another module': {
      imports: [2, ...text('enw'), ...text('memory'), 2, 3, 1, 1, ...tableImport],
    },
    'an unshared memory': { imports: [2, ...memoryImport([1, 1, 1]), ...tableImport] },
    'a 64-bit memory': { imports: [2, ...memoryImport([7, 1, 1]), ...tableImport] },
    'no table': { imports: [1, ...memoryImport()] },
    'a table of externals': {
      imports: [2, ...memoryImport(), ...text('env'), ...text('table'), 1, 0x6f, 0, 1],
    },
    'two functions': { functions: [2, 0, 0] },
    'an export of another name': { exports: [1, ...text('1'), 0, 0] },
    'an export of the memory': { exports: [1, ...text('0'), 2, 0] },
    'two exports': { exports: [2, ...text('0'), 0, 0, ...text('m'), 2, 0] },
    'a local of vectors': { locals: [1, 1, 0x7b] },
    'a local of references': { locals: [1, 1, 0x70] },
    'very many locals': { locals: [1, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x7e] },
    'a local that is not there': code(0x20, 4),
    'a label that is not there': code(0x0c, 1, 0x20, 0),
    'a type that is not there': code(0x20, 0, 0x20, 0, 0x11, 1, 0),
    'a call through another table': code(0x20, 0, 0x20, 0, 0x11, 0, 1),
    'a call by number': code(0x20, 0, 0x10, 0),
    'a block of a type by index': code(0x02, 0, 0x20, 0, 0x0b),
    'an access of another memory': code(0x20, 0, 0x28, 0x42, 1, 0),
    'an access of large alignment': code(0x20, 0, 0x28, 4, 0),
    'growing the memory': code(0x20, 0, 0x40, 0),
    'the size of the memory': code(0x3f, 0),
    'a global.get': code(0x23, 0),
    'a table.set': code(0x20, 0, 0xd0, 0x70, 0x26, 0, 0x20, 0),
    'a memory.fill': code(0x20, 0, 0x20, 0, 0x20, 0, 0xfc, 0x0b, 0, 0x20, 0),
    'an atomic': code(0x20, 0, 0xfe, 0x10, 2, 0),
    'a SIMD instruction': code(0xfd, 0x0c, ...new Array(16).fill(0), 0x1a, 0x20, 0),
    'a division': code(0x20, 0, 0x20, 0, 0x6d),
    'a conversion to integers that traps': code(0x43, 0, 0, 0, 0, 0xa8),
    'a float that is cut off': { code: [0x44, 0, 0, 0, 0] },
    'a lane that is not there': code(0x44, ...new Array(8).fill(0), 0xfd, 0x14, 0xfd, 0x21, 2, 0x1a, 0x20, 0),
    'a vector load': code(0x20, 0, 0xfd, 0x00, 0, 0, 0x1a, 0x20, 0),
    'a table.size': code(0xfc, 0x10, 0),
    'a throw': code(0x08, 0),
    'code behind its end': code(0x20, 0, 0x0b, 0x20, 0),
    'no end': { code: [0x20, 0] },
    'blocks in one another without end': code(...new Array(2000).fill([0x02, 0x40]).flat()),
  };
  it.each(Object.entries(wrong))('is refused for %s', (_what, options) => {
    expect(check(options)).toBeTypeOf('string');
  });

  it('is refused when it is cut off anywhere, or longer than it may be', () => {
    const module = unitModule();
    for (let length = 0; length < module.length; length++)
      expect(checkUnitModule(module.subarray(0, length))).toBeTypeOf('string');
    expect(checkUnitModule(Uint8Array.from([...module, 0]))).toBeTypeOf('string');
    expect(checkUnitModule(new Uint8Array(512 * 1024 + 1))).toBeTypeOf('string');
  });

  it('consists of allowed opcodes behind prefixes only', () => {
    const operands = [0x20, 0];
    for (let number = 0; number < 0x180; number++) {
      const leb = number < 0x80 ? [number] : [(number & 0x7f) | 0x80, number >> 7];
      const isAllowed = number === 0x14 || number === 0x21 || number === 0x107;
      expect([number, check(code(...operands, 0xfd, ...leb, 0)) === undefined]).toEqual([number, isAllowed]);
      expect([number, check(code(...operands, 0xfc, ...leb)) === undefined]).toEqual([number, number < 8]);
    }
  });

  it('consists of allowed opcodes only: each of the others is refused', () => {
    for (let opcode = 0; opcode < 256; opcode++) {
      if (immediates[opcode] !== 0) continue;
      expect([opcode, check(code(0x20, 0, opcode))]).toEqual([opcode, expect.stringContaining('opcode')]);
    }
  });
});

describe('the translator', () => {
  const modules: Uint8Array<ArrayBuffer>[] = [];

  beforeAll(async () => {
    const machine = await HartMachine.create();
    const { publisher } = machine.bare;
    const publish = publisher.publish.bind(publisher);
    publisher.publish = (bytes, index) => {
      modules.push(bytes);
      return publish(bytes, index);
    };
    for (const seed of [5n, 6n, 7n])
      expect(compareRun(generateProgram(seed, 300, 'mixed'), machine)).toBeUndefined();
  }, 120_000);

  it('writes modules that are admitted and that the engine accepts', () => {
    expect(modules.length).toBeGreaterThan(10);
    for (const module of modules) {
      expect(checkUnitModule(module)).toBeUndefined();
      expect(WebAssembly.validate(module)).toBe(true);
    }
  });

  it('mutated, is refused or still reaches its memory and its table alone', () => {
    const mutation = fc.record({
      module: fc.nat(),
      patches: fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 4 }),
    });
    let admitted = 0;
    const property = fc.property(mutation, ({ module, patches }) => {
      const bytes = (modules[module % modules.length] as Uint8Array<ArrayBuffer>).slice();
      // Half of the patches go to the first hundred bytes, where the module's surface is described.
      for (const [at, value] of patches) bytes[at % (at & 1 ? bytes.length : 100)] = value;
      if (checkUnitModule(bytes) !== undefined || !WebAssembly.validate(bytes)) return;
      admitted++;
      const compiled = new WebAssembly.Module(bytes);
      expect(WebAssembly.Module.imports(compiled)).toEqual([
        { module: 'env', name: 'memory', kind: 'memory' },
        { module: 'env', name: 'table', kind: 'table' },
      ]);
      expect(WebAssembly.Module.exports(compiled)).toEqual([{ name: '0', kind: 'function' }]);
    });
    fc.assert(property, { seed: 20261124, numRuns: 3000 });
    expect(admitted).toBeGreaterThan(0);
  });
});
