// The rules for published code, each as a module that breaks it and nothing else, and the same module unbroken. Where a
// rule is a limit, the unbroken module is the last that keeps it.
import {
  leb,
  memoryImport,
  name,
  section,
  tableImport,
  UNIT_TYPE,
  type UnitModuleOptions,
} from './unit-module.ts';

/** What is wrong; a part of what the check says of it; the module; the same unbroken (default: the plainest unit). */
export type BrokenModule = readonly [
  what: string,
  reason: string,
  broken: UnitModuleOptions,
  whole?: UnitModuleOptions,
];

const MAX_BYTES = 512 * 1024;
/** The code section among the five. */
const CODE = 4;

/** A function of these instructions and the final `end`. */
export const code = (...instructions: number[]): UnitModuleOptions => ({ code: [...instructions, 0x0b] });
const custom = (title: string, ...body: number[]): number[] => section(0, [...name(title), ...body]);
const hints = (...body: number[]): UnitModuleOptions => ({
  beforeCode: custom('metadata.code.branch_hint', ...body),
});
const names = (...body: number[]): UnitModuleOptions => ({ last: custom('name', ...body) });
const imports = (...body: number[]): UnitModuleOptions => ({ imports: body });
const types = (...further: number[][]): UnitModuleOptions => ({
  types: [further.length + 1, ...UNIT_TYPE, ...further.flat()],
});
const times = <T>(count: number, what: T[]): T[] => new Array<T[]>(count).fill(what).flat();

const without = (index: number): UnitModuleOptions => ({
  arrange: (sections) => sections.filter((_, at) => at !== index),
});
const twice = (index: number): UnitModuleOptions => ({
  arrange: (sections) => sections.flatMap((each, at) => (at === index ? [each, each] : [each])),
});
const swapped = (index: number): UnitModuleOptions => ({
  arrange: (sections) =>
    sections.map((_, at) => sections[at === index ? at + 1 : at === index + 1 ? index : at]!),
});
/** The length of a section written as another than it has. */
const resized = (index: number, by: number): UnitModuleOptions => ({
  arrange: (sections) =>
    sections.map((bytes, at) => (at === index ? [bytes[0]!, bytes[1]! + by, ...bytes.slice(2)] : bytes)),
});
/** A module of exactly so many bytes: 74 others, and many a drop. */
const long = (bytes: number): UnitModuleOptions => ({ code: [...times(bytes - 74, [0x1a]), 0x0b] });

const header: BrokenModule[] = [0, 1, 2, 3, 4, 5, 6, 7].map((at) => [
  `a header that differs in byte ${at}`,
  'header: expected',
  {
    header: [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0].map((byte, index) => (index === at ? byte + 1 : byte)),
  },
]);

const sectionNames = ['type', 'import', 'function', 'export', 'code'];
const sections: BrokenModule[] = [
  ...sectionNames.map(
    (each, index): BrokenModule => [
      `no ${each} section`,
      index === CODE ? 'truncated' : 'section: expected',
      without(index),
    ],
  ),
  ...sectionNames.map(
    (each, index): BrokenModule => [
      `two ${each} sections`,
      index === CODE ? 'a section more' : 'section: expected',
      twice(index),
    ],
  ),
  ...sectionNames
    .slice(1)
    .map(
      (each, index): BrokenModule => [
        `a ${each} section before what belongs before it`,
        'section: expected',
        swapped(index),
      ],
    ),
  ...sectionNames.map(
    (each, index): BrokenModule => [
      `a ${each} section that says it is longer than it is`,
      index === CODE ? 'section 10 is truncated' : 'has 1 bytes too many',
      resized(index, 1),
    ],
  ),
  ...sectionNames.map(
    (each, index): BrokenModule => [
      `a ${each} section that says it is shorter than it is`,
      index === CODE ? 'the body is truncated' : 'truncated at byte',
      resized(index, -1),
    ],
  ),
  ['a start section', 'section: expected', { beforeCode: section(8, [0]) }],
  [
    'a table section',
    'section: expected',
    { arrange: ([a, b, c, ...rest]) => [a!, b!, c!, section(4, [1, 0x70, 0, 1]), ...rest] },
  ],
  [
    'a memory section',
    'section: expected',
    { arrange: ([a, b, c, ...rest]) => [a!, b!, c!, section(5, [1, 0, 1]), ...rest] },
  ],
  [
    'a tag section',
    'section: expected',
    { arrange: ([a, b, c, ...rest]) => [a!, b!, c!, section(13, [1, 0, 0]), ...rest] },
  ],
  [
    'a global section',
    'section: expected',
    {
      arrange: ([a, b, c, ...rest]) => [a!, b!, c!, section(6, [1, 0x7f, 0, 0x41, 0, 0x0b]), ...rest],
    },
  ],
  ['an element section', 'section: expected', { beforeCode: section(9, [1, 0, 0x41, 0, 0x0b, 1, 0]) }],
  ['a data count section', 'section: expected', { beforeCode: section(12, [1]) }],
  ['a data section', 'a section more', { last: section(11, [1, 0, 0x41, 0, 0x0b, 0]) }],
  ['a section of an id that does not exist', 'section: expected', { beforeCode: section(14, []) }],
  ['a custom section at the start', 'section: expected', { first: custom('a') }],
  ['a custom section at the end', 'name: expected 4, got 1', { last: custom('a', 0, 0, 0) }],
  ['bytes behind its last section', 'a section more', { last: [1] }],
  ['a length of more than 32 bits', 'longer than 32 bits', { first: [1, 0x80, 0x80, 0x80, 0x80, 0x10] }],
  ['a length that goes round in 32 bits', 'is truncated', { first: [1, 0xff, 0xff, 0xff, 0xff, 0x0f] }],
];

const I = 0x7f;
const typeRules: BrokenModule[] = [
  ['no types', '0 types', { types: [0] }],
  ['too many types', '17 types', types(...times(16, [UNIT_TYPE])), types(...times(15, [UNIT_TYPE]))],
  ...UNIT_TYPE.map(
    (_, at): BrokenModule => [
      `type 0 that differs from a unit's in byte ${at}`,
      "type 0, a unit's",
      { types: [1, ...UNIT_TYPE.map((byte, index) => (index === at ? byte ^ 1 : byte))] },
    ],
  ),
  ['a type that is not a function', 'type: expected 96, got 95', types([0x5f, 0, 0]), types([0x60, 0, 0])],
  [
    'a type of nine parameters',
    '9 values in a type, at most 8',
    types([0x60, 9, ...times(9, [I]), 0]),
    types([0x60, 8, ...times(8, [I]), 0]),
  ],
  [
    'a type of two results',
    '2 values in a type, at most 1',
    types([0x60, 0, 2, I, I]),
    types([0x60, 0, 1, I]),
  ],
  ...[
    [0x7d, 'a float'],
    [0x7c, 'a double'],
    [0x7b, 'a vector'],
    [0x70, 'a function reference'],
    [0x6f, 'an external reference'],
  ].map(
    ([type, what]): BrokenModule => [
      `a type with ${what} in it`,
      `value type ${type}`,
      types([0x60, 1, Number(type), 0]),
      types([0x60, 2, 0x7e, 0x7f, 0]),
    ],
  ),
];

const env = (of: string): number[] => [...name('env'), ...name(of)];
const importRules: BrokenModule[] = [
  ['no imports', 'number of imports: expected 2, got 0', imports(0)],
  [
    'an import more',
    'number of imports: expected 2, got 3',
    imports(3, ...memoryImport(), ...tableImport, ...name('hv'), ...name('hypercall'), 0, 0),
  ],
  [
    'a memory of another module',
    'the name env',
    imports(2, ...name('enw'), ...name('memory'), 2, 3, 1, 1, ...tableImport),
  ],
  [
    'a module whose name begins with env',
    'name: expected 3, got 4',
    imports(2, ...name('envx'), ...name('memory'), 2, 3, 1, 1, ...tableImport),
  ],
  ['another memory', 'the name memory', imports(2, ...env('memorx'), 2, 3, 1, 1, ...tableImport)],
  [
    'a function in the place of the memory',
    'kind of env.memory',
    imports(2, ...env('memory'), 0, 0, ...tableImport),
  ],
  ...[0, 1, 2, 4, 7].map(
    (limits): BrokenModule => [
      `a memory of limits ${limits}`,
      `limits of env.memory: expected 3, got ${limits}`,
      imports(2, ...memoryImport([limits, 1, 1]), ...tableImport),
    ],
  ),
  [
    'a memory of more pages than a number holds',
    'longer than 32 bits',
    imports(2, ...memoryImport([3, 0xff, 0xff, 0xff, 0xff, 0x1f, 1]), ...tableImport),
    imports(2, ...memoryImport([3, 0xff, 0xff, 0xff, 0xff, 0x0f, 1]), ...tableImport),
  ],
  [
    'a table of another module',
    'the name env',
    imports(2, ...memoryImport(), ...name('enw'), ...name('table'), 1, 0x70, 0, 1),
  ],
  ['another table', 'the name table', imports(2, ...memoryImport(), ...env('tablf'), 1, 0x70, 0, 1)],
  [
    'a global in the place of the table',
    'kind of env.table',
    imports(2, ...memoryImport(), ...env('table'), 3, 0x7f, 0),
  ],
  [
    'a table of external references',
    'type of env.table',
    imports(2, ...memoryImport(), ...env('table'), 1, 0x6f, 0, 1),
  ],
  [
    'a table of limits 1',
    'limits of env.table',
    imports(2, ...memoryImport(), ...env('table'), 1, 0x70, 1, 1, 1),
  ],
];

const functionRules: BrokenModule[] = [
  ['no functions', 'number of functions: expected 1, got 0', { functions: [0] }],
  ['two functions', 'number of functions: expected 1, got 2', { functions: [2, 0, 0] }],
  [
    "a function of another type than a unit's",
    "the function's type",
    { ...types(UNIT_TYPE), functions: [1, 1] },
    types(UNIT_TYPE),
  ],
  ['no exports', 'number of exports', { exports: [0] }],
  ['two exports', 'number of exports', { exports: [2, ...name('0'), 0, 0, ...name('m'), 2, 0] }],
  ['an export of another name', 'the name 0', { exports: [1, ...name('1'), 0, 0] }],
  ['an export of no name', 'name: expected 1, got 0', { exports: [1, 0, 0, 0] }],
  ['an export of the memory', "the export's kind", { exports: [1, ...name('0'), 2, 0] }],
  ['an export of another function', 'the exported function', { exports: [1, ...name('0'), 0, 1] }],
  ['no bodies', 'number of bodies', { bodies: [0] }],
  ['two bodies', 'number of bodies', { bodies: [2, 4, 0, 0x20, 0, 0x0b, 4, 0, 0x20, 0, 0x0b] }],
  ['a body that says it is longer than it is', 'the body is truncated', { bodies: [1, 5, 0, 0x20, 0, 0x0b] }],
  ['a body that says it is shorter than it is', 'truncated at byte', { bodies: [1, 3, 0, 0x20, 0, 0x0b] }],
];

const hintRules: BrokenModule[] = [
  [
    'hints of another name',
    'the name metadata.code.branch_hint',
    { beforeCode: custom('metadata.code.branch_hinu', 1, 0, 0) },
    hints(1, 0, 0),
  ],
  ['hints for no function', 'functions with hints', hints(0), hints(1, 0, 0)],
  ['hints for two functions', 'functions with hints', hints(2, 0, 0, 0, 0), hints(1, 0, 0)],
  ['hints for another function', 'the function with hints', hints(1, 1, 0), hints(1, 0, 0)],
  [
    'two hints for one place',
    'hint for byte 5 after that for 5',
    hints(1, 0, 2, 5, 1, 0, 5, 1, 0),
    hints(1, 0, 2, 5, 1, 0, 6, 1, 1),
  ],
  [
    'hints out of order',
    'hint for byte 4 after that for 5',
    hints(1, 0, 2, 5, 1, 0, 4, 1, 0),
    hints(1, 0, 2, 4, 1, 0, 5, 1, 0),
  ],
  ['a hint for byte 0', 'hint for byte 0 after', hints(1, 0, 1, 0, 1, 0), hints(1, 0, 1, 1, 1, 0)],
  ['a hint of two bytes', "the hint's length", hints(1, 0, 1, 5, 2, 0, 0), hints(1, 0, 1, 5, 1, 0)],
  ['a hint that is neither', 'hint 2 of 2', hints(1, 0, 1, 5, 1, 2), hints(1, 0, 1, 5, 1, 1)],
  ['a hint in two bytes', 'hint 129 of 2', hints(1, 0, 1, 5, 1, 0x81, 0), hints(1, 0, 1, 5, 1, 1)],
  ['fewer hints than it says', 'truncated', hints(1, 0, 2, 5, 1, 0), hints(1, 0, 1, 5, 1, 0)],
  ['more hints than it says', 'bytes too many', hints(1, 0, 1, 5, 1, 0, 6, 1, 0), hints(1, 0, 1, 5, 1, 0)],
  [
    'hints behind the code',
    'name: expected 4',
    { last: custom('metadata.code.branch_hint', 1, 0, 0) },
    hints(1, 0, 0),
  ],
  [
    'two sections of hints',
    'section: expected',
    { beforeCode: times(2, hints(1, 0, 0).beforeCode!) },
    hints(1, 0, 0),
  ],
];

const named = (...characters: number[]): UnitModuleOptions =>
  names(1, characters.length + 3, 1, 0, characters.length, ...characters);
const nameRules: BrokenModule[] = [
  ['names of something else', 'kind of names', names(2, 5, 1, 0, 2, 0x61, 0x62), named(0x61, 0x62)],
  ['names for no function', 'functions with names', names(1, 1, 0), named(0x61)],
  [
    'names for two functions',
    'functions with names',
    names(1, 8, 2, 0, 2, 0x61, 0x61, 1, 1, 0x61),
    named(0x61),
  ],
  [
    'a name for another function',
    'the function with a name',
    names(1, 5, 1, 1, 2, 0x61, 0x62),
    named(0x61, 0x62),
  ],
  ['a long name', 'character 97 of a name', named(...times(33, [0x61])), named(...times(32, [0x61]))],
  ['a name with a control character', 'character 31 of a name', named(0x61, 0x1f), named(0x61, 0x20)],
  ['a name with a deletion', 'character 127 of a name', named(0x61, 0x7f), named(0x61, 0x7e)],
  ['a name that is not ASCII', 'character 195 of a name', named(0xc3, 0xa4), named(0x61, 0x62)],
  ['a name that is cut off', 'the name is truncated', names(1, 5, 1, 0, 3, 0x61, 0x61), named(0x61, 0x61)],
  [
    'names with more behind the first',
    'the names has 1 bytes too many',
    names(1, 6, 1, 0, 2, 0x61, 0x61, 0),
    named(0x61, 0x61),
  ],
  ['names of two kinds', 'section 0 has', names(1, 5, 1, 0, 2, 0x61, 0x61, 2, 1, 0), named(0x61, 0x61)],
  ['two sections of names', 'a section more', { last: times(2, named(0x61).last!) }, named(0x61)],
];

const locals = (...groups: [number[], number][]): UnitModuleOptions => ({
  locals: [...leb(groups.length), ...groups.flatMap(([count, type]) => [...count, type])],
});
const localRules: BrokenModule[] = [
  ...[0x7b, 0x70, 0x6f, 0x40, 0].map(
    (type): BrokenModule => [
      `a local of type ${type}`,
      `local of type ${type}`,
      locals([[1], type]),
      locals([[1], 0x7f], [[2], 0x7e], [[3], 0x7d], [[4], 0x7c]),
    ],
  ),
  ['too many locals', 'more than 128 locals', locals([[125], 0x7e]), locals([[124], 0x7e])],
  [
    'too many locals in two groups',
    'more than 128 locals',
    locals([[100], 0x7e], [[25], 0x7f]),
    locals([[100], 0x7e], [[24], 0x7f]),
  ],
  [
    'as many locals as a number holds',
    'more than 128 locals',
    locals([[0xff, 0xff, 0xff, 0xff, 0x0f], 0x7e]),
  ],
  [
    'very many groups of locals',
    '129 groups of locals',
    locals(...times(129, [[[0], 0x7e] as [number[], number]])),
    locals(...times(128, [[[0], 0x7e] as [number[], number]])),
  ],
];

const blocks = (count: number): UnitModuleOptions =>
  code(...times(count, [0x02, 0x40]), ...times(count, [0x0b]), 0x20, 0);
const instructionRules: BrokenModule[] = [
  ['a local that is not there', 'local 4 of 4', code(0x20, 4), code(0x20, 3)],
  [
    'a local that is not there, of those it has',
    'local 6 of 6',
    { ...code(0x20, 6), locals: [1, 2, 0x7f] },
    { ...code(0x20, 5), locals: [1, 2, 0x7f] },
  ],
  ['a label that is not there', 'label 1 of 1', code(0x20, 0, 0x0c, 1), code(0x20, 0, 0x0c, 0)],
  [
    'a label that is there no more',
    'label 1 of 1',
    code(0x02, 0x40, 0x0b, 0x0c, 1),
    code(0x02, 0x40, 0x0c, 1, 0x0b, 0x00),
  ],
  ['a call of a type that is not there', 'type 1 of 1', code(0x11, 1, 0), code(0x11, 0, 0)],
  ['a call through another table', 'table: expected 0, got 1', code(0x11, 0, 1), code(0x11, 0, 0)],
  ['a tail call of a type that is not there', 'type 1 of 1', code(0x13, 1, 0), code(0x13, 0, 0)],
  ['a tail call through another table', 'table: expected 0, got 1', code(0x13, 0, 1), code(0x13, 0, 0)],
  ...[0, 0x7d, 0x7c, 0x7b, 0x70, 0x6f].map(
    (type): BrokenModule => [
      `a block of type ${type}`,
      `block type ${type}`,
      code(0x02, type, 0x0b),
      code(0x02, 0x40, 0x0b, 0x02, 0x7f, 0x0b, 0x02, 0x7e, 0x0b),
    ],
  ),
  ['a loop of a type by number', 'block type 0', code(0x03, 0, 0x0b), code(0x03, 0x40, 0x0b)],
  ['an if of a type by number', 'block type 0', code(0x04, 0, 0x0b), code(0x04, 0x40, 0x0b)],
  ['too many blocks in one another', 'more than 512 blocks', blocks(512), blocks(511)],
  ['an access of another memory', 'alignment 66 of 4', code(0x28, 0x42, 1, 0), code(0x28, 2, 0)],
  ['an access of large alignment', 'alignment 4 of 4', code(0x29, 4, 0), code(0x29, 3, 0)],
  [
    'an access beyond 32 bits',
    'longer than 32 bits',
    code(0x28, 2, 0xff, 0xff, 0xff, 0xff, 0x1f),
    code(0x28, 2, 0xff, 0xff, 0xff, 0xff, 0x0f),
  ],
  [
    'an offset of six bytes',
    'longer than 32 bits',
    code(0x28, 2, 0x80, 0x80, 0x80, 0x80, 0x80, 0),
    code(0x28, 2, 0x80, 0x80, 0x80, 0x80, 0),
  ],
  [
    'a constant beyond 32 bits',
    'constant at byte 74 is longer than 32 bits',
    code(0x41, 0x80, 0x80, 0x80, 0x80, 0x08),
    code(0x41, 0x80, 0x80, 0x80, 0x80, 0x07),
  ],
  [
    'a negative constant beyond 32 bits',
    'constant at byte 74 is longer than 32 bits',
    code(0x41, 0x80, 0x80, 0x80, 0x80, 0x77),
    code(0x41, 0x80, 0x80, 0x80, 0x80, 0x78),
  ],
  [
    'a constant of 32 bits in six bytes',
    'longer than 32 bits',
    code(0x41, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f),
    code(0x41, 0xff, 0xff, 0xff, 0xff, 0x7f),
  ],
  [
    'a constant beyond 64 bits',
    'longer than 64 bits',
    code(0x42, ...times(9, [0x80]), 1),
    code(0x42, ...times(9, [0x80]), 0),
  ],
  [
    'a negative constant beyond 64 bits',
    'longer than 64 bits',
    code(0x42, ...times(9, [0xff]), 0x7e),
    code(0x42, ...times(9, [0xff]), 0x7f),
  ],
  [
    'a constant of 64 bits in eleven bytes',
    'longer than 64 bits',
    code(0x42, ...times(10, [0xff]), 0x7f),
    code(0x42, ...times(9, [0xff]), 0x7f),
  ],
  ['a float that is cut off', 'truncated', { code: [0x43, 0, 0, 0] }, code(0x43, 0, 0, 0, 0)],
  [
    'a double that is cut off',
    'truncated',
    { code: [0x44, 0, 0, 0, 0, 0, 0, 0] },
    code(0x44, ...times(8, [0])),
  ],
  ['a vector instruction that is not there', 'opcode 0xfd 21', code(0xfd, 0x15), code(0xfd, 0x14)],
  ['a conversion that is not there', 'opcode 0xfc 8 of 8', code(0xfc, 8), code(0xfc, 7)],
  // What the fuzzer found: a lane is a byte, and where the check reads a number, the engine's next instruction is another.
  ['a lane in two bytes', 'lane 129 of 2', code(0xfd, 0x21, 0x81, 0), code(0xfd, 0x21, 1)],
  ['a lane that is not there', 'lane 2 of 2', code(0xfd, 0x21, 2), code(0xfd, 0x21, 1)],
  ['a vector instruction', 'opcode 0xfd 12', code(0xfd, 0x0c, ...times(16, [0])), code(0xfd, 0x87, 2)],
  ['code behind its end', 'the body has 2 bytes too many', code(0x20, 0, 0x0b, 0x20), code(0x20, 0)],
  ['no end', 'truncated', { code: [0x20, 0] }, { code: [0x20, 0, 0x0b] }],
  ['a block without an end', 'truncated', code(0x02, 0x40), code(0x02, 0x40, 0x0b)],
];

export const brokenModules: readonly BrokenModule[] = [
  ...header,
  ...sections,
  ...typeRules,
  ...importRules,
  ...functionRules,
  ...hintRules,
  ...nameRules,
  ...localRules,
  ...instructionRules,
  ['too many bytes', `${MAX_BYTES + 1} bytes, at most ${MAX_BYTES}`, long(MAX_BYTES + 1), long(MAX_BYTES)],
];
