// Writes the translator's part that the instruction tables determine: for each instruction the WebAssembly that does it
// (translator/instructions.generated.ts), and for each float instruction the function that translated code calls.
import { operations } from './encoding.ts';
import type { Expression, FloatType, Operations, Row } from './row.ts';
import { rows } from './tables.ts';

type FloatSemantics = Extract<Row['semantics'], { kind: 'float' }>;

/**
 * Statements that emit code which leaves a value on WebAssembly's stack: 64 bits, or a word that stands for them
 * sign-extended. `word` leaves the low word of 64 bits where there is a shorter way to it than through these.
 */
interface Emission {
  code: string;
  type: 'i64' | 'i32';
  word?: string;
}

const wasm = {
  i32: {
    add: 0x6a,
    sub: 0x6b,
    mul: 0x6c,
    and: 0x71,
    or: 0x72,
    xor: 0x73,
    shl: 0x74,
    shrS: 0x75,
    shrU: 0x76,
    wrap: 0xa7,
  },
  i64: { add: 0x7c, sub: 0x7d, mul: 0x7e, and: 0x83, or: 0x84, xor: 0x85, shl: 0x86, shrS: 0x87, shrU: 0x88 },
  compare: { eq: 0x51, ne: 0x52, ltS: 0x53, ltU: 0x54, geS: 0x59, geU: 0x5a },
  /** How much lower i32's comparisons are. */
  compareWords: 0x51 - 0x46,
  extendSigned: 0xac,
  select: 0x1b,
  /** f64.convert_i32_s, _i32_u, _i64_s, _i64_u. */
  convertToDouble: 0xb7,
};

const byte = (value: number): string => `emit(0x${value.toString(16)});`;
const wide = ({ code, type }: Emission): string =>
  type === 'i64' ? code : `${code} ${byte(wasm.extendSigned)}`;
const narrow = ({ code, type, word }: Emission): string =>
  type === 'i32' ? code : (word ?? `${code} ${byte(wasm.i32.wrap)}`);

const binary =
  (opcode: number) =>
  (a: Emission, b: Emission): Emission => ({ code: `${wide(a)} ${wide(b)} ${byte(opcode)}`, type: 'i64' });
const comparison =
  (opcode: number) =>
  (a: Emission, b: Emission): Emission => ({ code: `${wide(a)} ${wide(b)} ${byte(opcode)}`, type: 'i32' });
const onWords =
  (opcode: number) =>
  (a: Emission, b: Emission): Emission => ({
    code: `${narrow(a)} ${narrow(b)} ${byte(opcode)}`,
    type: 'i32',
  });

const emissions = (rs1: Emission, rs2: Emission, immediate: Emission): Operations<Emission> => ({
  rs1,
  rs2,
  immediate,
  add: binary(wasm.i64.add),
  sub: binary(wasm.i64.sub),
  and: binary(wasm.i64.and),
  or: binary(wasm.i64.or),
  xor: binary(wasm.i64.xor),
  shiftLeft: binary(wasm.i64.shl),
  shiftRight: binary(wasm.i64.shrU),
  shiftRightSigned: binary(wasm.i64.shrS),
  addWord: onWords(wasm.i32.add),
  subWord: onWords(wasm.i32.sub),
  mulWord: onWords(wasm.i32.mul),
  shiftLeftWord: onWords(wasm.i32.shl),
  shiftRightWord: onWords(wasm.i32.shrU),
  shiftRightSignedWord: onWords(wasm.i32.shrS),
  mul: binary(wasm.i64.mul),
  equal: comparison(wasm.compare.eq),
  notEqual: comparison(wasm.compare.ne),
  less: comparison(wasm.compare.ltS),
  lessUnsigned: comparison(wasm.compare.ltU),
  atLeast: comparison(wasm.compare.geS),
  atLeastUnsigned: comparison(wasm.compare.geU),
  select: (condition, a, b) => ({
    code: `${wide(a)} ${wide(b)} ${condition.code} ${byte(wasm.select)}`,
    type: 'i64',
  }),
  call: (name, a, b) => ({
    code: `${wide(a)} ${wide(b)} callHelper(${name}.index, TYPE_BINARY);`,
    type: 'i64',
  }),
});

/** What comes out the same when words are taken for the 64 bits that they stand for. */
const emissionsOnWords = (...operands: [Emission, Emission, Emission]): Operations<Emission> => ({
  ...emissions(...operands),
  and: onWords(wasm.i32.and),
  or: onWords(wasm.i32.or),
  xor: onWords(wasm.i32.xor),
  equal: onWords(wasm.compare.eq - wasm.compareWords),
  notEqual: onWords(wasm.compare.ne - wasm.compareWords),
  less: onWords(wasm.compare.ltS - wasm.compareWords),
  lessUnsigned: onWords(wasm.compare.ltU - wasm.compareWords),
  atLeast: onWords(wasm.compare.geS - wasm.compareWords),
  atLeastUnsigned: onWords(wasm.compare.geU - wasm.compareWords),
});

const register = (name: string): Emission => ({
  code: `getRegister(${name}(word));`,
  type: 'i64',
  word: `getNarrow(${name}(word));`,
});

const [RS1, RS2] = [register('rs1'), register('rs2')];
const asWord = ({ word = '' }: Emission): Emission => ({ code: word, type: 'i32' });
const constantOf = (row: Row): Emission => {
  const value = row.format === 'shift' ? '(word >>> 20) & 63' : '<i32>word >> 20';
  return { code: `emitConst64(${value});`, type: 'i64', word: `emitConst32(${value});` };
};

/**
 * The code of an expression: on words where the registers that it reads are held as words and it comes out the same.
 * `use` says what becomes of the value.
 */
function expressionCode(row: Row, expression: Expression, use: (value: Emission) => string): string {
  const operands: [Emission, Emission, Emission] = [RS1, RS2, constantOf(row)];
  const value = expression(emissions(...operands));
  const onlyWords = expression(emissionsOnWords(...(operands.map(asWord) as [Emission, Emission, Emission])));
  if (value.code === onlyWords.code || onlyWords.type !== 'i32') return use(value);
  const isOnWords = [RS1, RS2]
    .flatMap(({ word = '' }, i) => (onlyWords.code.includes(word) ? [`isNarrow(rs${i + 1}(word))`] : []))
    .join(' && ');
  return `if (${isOnWords}) { ${use(onlyWords)} } else { ${use(value)} }`;
}

const signedWord = '<i64><i32>(word & 0xfffff000)';

function body(row: Row): string {
  const { semantics } = row;
  switch (semantics.kind) {
    case 'value': {
      const code = expressionCode(row, semantics.value, (value) =>
        value.type === 'i32' ? `${value.code} setNarrow(rd(word));` : `${value.code} setRegister(rd(word));`,
      );
      return `if (rd(word)) { ${code} } return true;`;
    }
    case 'upper':
      return semantics.relative
        ? `emitPageAddress(at + ${signedWord}); setRegister(rd(word)); return true;`
        : `emitConst32(<i32>(word & 0xfffff000)); setNarrow(rd(word)); return true;`;
    case 'load':
      return `emitLoad(word, ${semantics.bytes}, ${semantics.signed}); return true;`;
    case 'store':
      return `emitStore(word, ${semantics.bytes}); return true;`;
    case 'floatLoad':
      return `emitFloatLoad(word, ${semantics.bytes}); return true;`;
    case 'floatStore':
      return `emitFloatStore(word, ${semantics.bytes}); return true;`;
    case 'atomic': {
      const [old, source, none] = ['getOld();', 'getSource();', ''].map((code) => ({
        code,
        type: 'i64' as const,
      }));
      const update = wide(semantics.update(emissions(old!, source!, none!)));
      return `emitAtomicBegin(word, ${semantics.bytes}); ${update} emitAtomicEnd(word, ${semantics.bytes}); return true;`;
    }
    case 'loadReserved':
      return `emitLoadReserved(word, ${semantics.bytes}); return true;`;
    case 'storeConditional':
      return `emitStoreConditional(word, ${semantics.bytes}); return true;`;
    case 'float':
      return `${floatEmission(semantics, `emitExact(word, ${floatName(row)}.index);`)} return true;`;
    case 'nothing':
      return 'return true;';
    default:
      return 'return false;';
  }
}

const conversions: readonly string[] = ['i32', 'u32', 'i64', 'u64'];

/** The call that emits a float instruction: in WebAssembly's arithmetic where float.ts knows how, else the exact function. */
function floatEmission({ name, operands, result }: FloatSemantics, exact: string): string {
  const isDouble = (result === 'x' ? operands[0] : result) === 'f64';
  const kind = name.replace(/^f(32|64)(?=[A-Z])/, '');
  const [from, to] = [/^([iu](?:32|64))To/.exec(name)?.[1], /To([IU](?:32|64))$/.exec(name)?.[1]];
  if (from !== undefined) {
    const opcode = wasm.convertToDouble + conversions.indexOf(from);
    return `if (!emitFromInteger(word, ${isDouble}, 0x${opcode.toString(16)})) ${exact}`;
  }
  if (to !== undefined)
    return `if (!emitToInteger(word, ${isDouble}, ${conversions.indexOf(to.toLowerCase())})) ${exact}`;
  switch (kind) {
    case 'Add':
    case 'Sub':
      return `if (!emitSum(word, ${isDouble}, ${kind === 'Sub'})) ${exact}`;
    case 'Mul':
      return `if (!emitProduct(word, ${isDouble})) ${exact}`;
    case 'Div':
      return `if (!emitQuotient(word, ${isDouble})) ${exact}`;
    case 'Sqrt':
      return `if (!emitSquareRoot(word, ${isDouble})) ${exact}`;
    case 'FusedAdd':
    case 'FusedSubtract':
    case 'NegatedFusedAdd':
    case 'NegatedFusedSubtract': {
      const [product, addend] = [
        kind.startsWith('Negated'),
        kind === 'FusedSubtract' || kind === 'NegatedFusedAdd',
      ];
      return `if (!emitFused(word, ${isDouble}, ${product}, ${addend})) ${exact}`;
    }
    case 'CopySign':
      return `emitSign(word, ${isDouble}, COPY_SIGN);`;
    case 'CopySignNegated':
      return `emitSign(word, ${isDouble}, COPY_SIGN_NEGATED);`;
    case 'XorSign':
      return `emitSign(word, ${isDouble}, XOR_SIGN);`;
    case 'Min':
      return `emitMinimum(word, ${isDouble}, 0xa4);`;
    case 'Max':
      return `emitMinimum(word, ${isDouble}, 0xa5);`;
    case 'Eq':
      return `emitComparison(word, ${isDouble}, 0x61);`;
    case 'Lt':
      return `emitComparison(word, ${isDouble}, 0x63);`;
    case 'Le':
      return `emitComparison(word, ${isDouble}, 0x65);`;
    case 'Bits':
      return `emitBitsOut(word, ${name === 'f64Bits'});`;
    case 'FromBits':
      return `emitBitsIn(word, ${isDouble});`;
    case 'Widen':
      return 'emitWiden(word);';
    case 'ToF32':
      return `if (!emitNarrow(word)) ${exact}`;
    default:
      return exact;
  }
}

const floatName = (row: Row): string => `float_${row.name.replaceAll('.', '_')}`;

const operand = (type: FloatType, at: number): string => {
  if (type === 'x') return `load<i64>(X + ((<usize>(word >>> ${at}) & 31) << 3))`;
  const bits = `load<u64>(F + ((<usize>(word >>> ${at}) & 31) << 3))`;
  return type === 'f32' ? `unboxed(${bits})` : bits;
};

const argument = (name: string, type: FloatType, at: number): string => {
  const cast = type === 'x' ? /^([iu](?:32|64))To/.exec(name)?.[1] : undefined;
  return cast === undefined ? operand(type, at) : `<${cast}>${operand(type, at)}`;
};

/** Does a float instruction on the registers in memory; 0 when it is illegal now. */
function floatFunction(row: Row): string {
  const { semantics } = row;
  if (semantics.kind !== 'float') return '';
  const places = [15, 20, 27];
  const operands = semantics.operands.map((type, i) => argument(semantics.name, type, places[i] ?? 0));
  const check = semantics.rounds
    ? 'const rm = roundingMode((word >>> 12) & 7); if (rm < 0) return 0;'
    : 'if (!load<u32>(FS)) return 0;';
  const call = `${semantics.name}(${[...operands, ...(semantics.rounds ? ['rm'] : [])].join(', ')})`;
  const register = '((<usize>(word >>> 7) & 31) << 3)';
  const write = {
    x: `store<i64>(X + ${register}, <i64>${call}); store<i64>(X, 0);`,
    f32: `store<u64>(F + ${register}, boxed(${call})); store<u32>(FS, 3);`,
    f64: `store<u64>(F + ${register}, ${call}); store<u32>(FS, 3);`,
    bits: '',
  }[semantics.result];
  return `function ${floatName(row)}(word: u32): u32 { ${check} ${write} return 1; }`;
}

export function translatorText(): string {
  const cases = rows.map((row) => {
    const number = operations.findIndex(
      (operation) => typeof operation !== 'string' && operation.row === row,
    );
    return `    case ${number}: { // ${row.name}
      ${body(row)}
    }`;
  });
  const conditions = rows.flatMap((row) => {
    if (row.semantics.kind !== 'branch') return [];
    const number = operations.findIndex(
      (operation) => typeof operation !== 'string' && operation.row === row,
    );
    return `    case ${number}: { // ${row.name}
      ${expressionCode(row, row.semantics.condition, ({ code }) => code)} return;
    }`;
  });
  const floatRows = rows.filter((row) => row.semantics.kind === 'float');
  const floatCalls = [
    ...new Set(floatRows.map(({ semantics }) => (semantics.kind === 'float' ? semantics.name : ''))),
  ].sort();
  return `// Generated by guests/riscv/isa/generate.ts from the tables beside it; do not edit.
// For each instruction the WebAssembly that does it, and what translated code calls for float instructions.
import { boxed, ${floatCalls.join(', ')}, roundingMode, unboxed } from '../machine/hart/float-operations.ts';
import { divide, divideUnsigned, divideUnsignedWord, divideWord, multiplyHighMixed, multiplyHighSigned, multiplyHighUnsigned, remainder, remainderUnsigned, remainderUnsignedWord, remainderWord } from '../machine/hart/multiply-divide.ts';
import { F, FS, X } from '../machine/hart/state.ts';
import { callHelper, emitPageAddress, rd, rs1, rs2 } from './emit.ts';
import { COPY_SIGN, COPY_SIGN_NEGATED, emitBitsIn, emitBitsOut, emitComparison, emitExact, emitFloatLoad, emitFloatStore, emitMinimum, emitSign, XOR_SIGN } from './float.ts';
import { emitFused, emitProduct, emitQuotient, emitSquareRoot, emitSum } from './float-arithmetic.ts';
import { emitFromInteger, emitNarrow, emitToInteger, emitWiden } from './float-conversion.ts';
import { emitAtomicBegin, emitAtomicEnd, emitLoad, emitLoadReserved, emitStore, emitStoreConditional, getOld, getSource } from './memory-access.ts';
import { getNarrow, getRegister, isNarrow, setNarrow, setRegister } from './registers.ts';
import { emit, emitConst32, emitConst64, TYPE_BINARY } from './wasm-writer.ts';

/** Emits what instruction \`word\` of operation \`operation\`, at offset \`at\` of its page, does; false when it cannot. */
export function emitInstruction(operation: u32, word: u32, at: i64): bool {
  switch (operation) {
${cases.join('\n')}
    default:
      return false;
  }
}

/** Emits the condition of a branch. */
export function emitCondition(operation: u32, word: u32): void {
  switch (operation) {
${conditions.join('\n')}
  }
}

${floatRows.map(floatFunction).join('\n')}
`;
}
