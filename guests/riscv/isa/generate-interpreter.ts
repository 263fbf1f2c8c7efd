// Writes the interpreter's inner loop: one case per operation (hart/interpreter.generated.ts).
import { type Operation, operationName, operations } from './encoding.ts';
import type { Expression, FloatType, Operations, Row } from './row.ts';

/** From the folder that the interpreter is written to. */
const TRANSLATOR = '../../translator';

const x = (byte: number): string => `load<i64>(<usize>load<u8>(ip, ${byte}), X)`;
const setX = (value: string): string => `store<i64>(<usize>load<u8>(ip, 2), ${value}, X);`;
const f = (byte: number): string => `load<u64>(<usize>load<u8>(ip, ${byte}), F)`;
const immediate = '<i64>load<i32>(ip, 4)';

/** Operations as AssemblyScript text. Comparisons are bools, everything else is i64. */
const text = (rs1: string, rs2: string, imm: string): Operations<string> => ({
  rs1,
  rs2,
  immediate: imm,
  add: (a, b) => `(${a} + ${b})`,
  sub: (a, b) => `(${a} - ${b})`,
  and: (a, b) => `(${a} & ${b})`,
  or: (a, b) => `(${a} | ${b})`,
  xor: (a, b) => `(${a} ^ ${b})`,
  shiftLeft: (a, b) => `(${a} << ${b})`,
  shiftRight: (a, b) => `<i64>(<u64>${a} >> <u64>${b})`,
  shiftRightSigned: (a, b) => `(${a} >> ${b})`,
  addWord: (a, b) => `<i64>(<i32>${a} + <i32>${b})`,
  subWord: (a, b) => `<i64>(<i32>${a} - <i32>${b})`,
  mulWord: (a, b) => `<i64>(<i32>${a} * <i32>${b})`,
  shiftLeftWord: (a, b) => `<i64>(<i32>${a} << <i32>${b})`,
  shiftRightWord: (a, b) => `<i64><i32>(<u32>${a} >> <u32>${b})`,
  shiftRightSignedWord: (a, b) => `<i64>(<i32>${a} >> <i32>${b})`,
  mul: (a, b) => `(${a} * ${b})`,
  equal: (a, b) => `(${a} == ${b})`,
  notEqual: (a, b) => `(${a} != ${b})`,
  less: (a, b) => `(${a} < ${b})`,
  lessUnsigned: (a, b) => `(<u64>(${a}) < <u64>(${b}))`,
  atLeast: (a, b) => `(${a} >= ${b})`,
  atLeastUnsigned: (a, b) => `(<u64>(${a}) >= <u64>(${b}))`,
  select: (condition, a, b) => `select<i64>(${a}, ${b}, ${condition})`,
  call: (name, a, b) => `${name}(${a}, ${b})`,
});

const evaluate = (expression: Expression, ...[rs1, rs2, imm]: [string, string, string]): string =>
  expression(text(rs1, rs2, imm));

/** Leaves the loop when the counter ran out or something wants attention. */
const stopCheck = 'if (n <= load<i32>(STOP_AT)) return leave(ip, n);';
const trap = `{ ip = trapAt(ip); ${stopCheck} continue; }`;
const illegal = `{ ip = illegalAt(ip); ${stopCheck} continue; }`;
const next = (length: number): string => `ip += ${length * 4}; continue;`;

/** Declares `va` and `p`, a host address good for `bytes` bytes, or traps. */
const readable = (bytes: number): string => `
      const va: i64 = ${x(3)} + ${immediate};
      const e: usize = <usize>load<u32>(READ_TLB) + ((<usize>va >>> 8) & 0x1ff0);
      let p: usize = <usize>va + load<u32>(e, 8);
      if (load<i64>(e) != ((va${bytes > 1 ? ` + ${bytes - 1}` : ''}) & -4096)) { p = loadSlow(va, ${bytes}); if (!p) ${trap} }`;

/** Stores `value`, or traps. */
const storing = (bytes: number, value: string): string => `
      const va: i64 = ${x(3)} + ${immediate};
      const e: usize = <usize>load<u32>(WRITE_TLB) + ((<usize>va >>> 8) & 0x1ff0);
      if (load<i64>(e) == ((va${bytes > 1 ? ` + ${bytes - 1}` : ''}) & -4096)) store<i${bytes * 8}>(<usize>va + load<u32>(e, 8), <i${bytes * 8}>${value});
      else if (!storeSlow(va, ${bytes}, ${value})) ${trap}`;

const jumpTo = (target: string): string => `
      const target: u64 = ${target};
      const e: usize = <usize>load<u32>(FETCH_TLB) + ((<usize>target >>> 8) & 0x1ff0);
      if (load<u64>(e) == (target & ~0xfff)) {
        const base: usize = load<u32>(e, 8);
        store<u64>(PAGE_VA, target & ~0xfff);
        store<u32>(PAGE_BASE, base);
        ip = base + (<usize>(target & 0xffe) << 2);
      } else ip = jumpSlow(target);
      ${stopCheck} continue;`;

const pageOffset = '(((ip - load<u32>(PAGE_BASE)) >>> 2))';

const floatOperand = (type: FloatType, byte: number): string => {
  if (type === 'x') return x(byte);
  if (type === 'f32') return `unboxed(${f(byte)})`;
  return f(byte);
};

const integerArgument = (name: string, operand: string): string => {
  const type = /^([iu](?:32|64))To/.exec(name)?.[1];
  return type ? `<${type}>${operand}` : operand;
};

function floatBody(semantics: Extract<Row['semantics'], { kind: 'float' }>): string {
  const bytes = [3, 4, 6];
  const operands = semantics.operands.map((type, i) =>
    type === 'x' && /^[iu]/.test(semantics.name)
      ? integerArgument(semantics.name, floatOperand(type, bytes[i]!))
      : floatOperand(type, bytes[i]!),
  );
  const check = semantics.rounds
    ? `const rm = roundingMode(load<u8>(ip, 5)); if (rm < 0) ${illegal}`
    : `if (!load<u32>(FS)) ${illegal}`;
  const call = `${semantics.name}(${[...operands, ...(semantics.rounds ? ['rm'] : [])].join(', ')})`;
  const register = '<usize>load<u8>(ip, 2)';
  const write = {
    x: `store<i64>(${register}, <i64>${call}, X); store<i64>(X, 0);`,
    f32: `store<u64>(${register}, boxed(${call}), F); store<u32>(FS, 3);`,
    f64: `store<u64>(${register}, ${call}, F); store<u32>(FS, 3);`,
    bits: '',
  }[semantics.result];
  return `${check}
      ${write} ${next(4)}`;
}

function atomicBody(bytes: 4 | 8, expression: Expression): string {
  const type = bytes === 4 ? 'i32' : 'i64';
  const source = bytes === 4 ? `<i64><i32>${x(4)}` : x(4);
  return `
      const p = atomicPointer(${x(3)}, ${bytes}); if (!p) ${trap}
      const old: i64 = load<${type}>(p);
      const source: i64 = ${source};
      store<${type}>(p, <${type}>${evaluate(expression, 'old', 'source', '')});
      atomicDone(p, ${bytes});
      ${setX('old')} store<i64>(X, 0); ${next(4)}`;
}

function jumpBody(operation: Operation): string {
  const { near, links } = operation;
  if (near) {
    const link = links ? `${setX('<i64>(load<u64>(PAGE_VA) + <u64>load<u16>(ip, 6))')}` : '';
    return `${link} ip += <usize><i32>load<i16>(ip, 4); ${stopCheck} continue;`;
  }
  const link = links
    ? `${setX(`<i64>(load<u64>(PAGE_VA) + <u64>${pageOffset} + <u64>load<u8>(ip, 3))`)}`
    : '';
  return `const offset: i64 = ${immediate}; const from: u64 = load<u64>(PAGE_VA); ${link} ${jumpTo('from + <u64>offset')}`;
}

function body(operation: Operation): string {
  const { row, length } = operation;
  const { semantics } = row;
  switch (semantics.kind) {
    case 'value':
      return `${setX(`<i64>${evaluate(semantics.value, x(3), x(4), immediate)}`)} ${next(length)}`;
    case 'upper':
      return `${setX(semantics.relative ? `<i64>load<u64>(PAGE_VA) + ${immediate}` : immediate)} ${next(length)}`;
    case 'load':
      return `${readable(semantics.bytes)}
      ${setX(`<i64>load<${semantics.signed ? 'i' : 'u'}${semantics.bytes * 8}>(p)`)} ${next(length)}`;
    case 'store':
      return `${storing(semantics.bytes, x(2))}
      ${next(length)}`;
    case 'floatLoad':
      return `if (!load<u32>(FS)) ${illegal} ${readable(semantics.bytes)}
      store<u64>(<usize>load<u8>(ip, 2), ${semantics.bytes === 4 ? 'boxed(load<u32>(p))' : 'load<u64>(p)'}, F); store<u32>(FS, 3); ${next(length)}`;
    case 'floatStore':
      return `if (!load<u32>(FS)) ${illegal} ${storing(semantics.bytes, f(2))}
      ${next(length)}`;
    case 'branch': {
      const condition = evaluate(semantics.condition, x(3), x(2), '');
      const taken = operation.near
        ? `ip += <usize><i32>load<i16>(ip, 4); ${stopCheck} continue;`
        : jumpTo(`load<u64>(PAGE_VA) + <u64>${immediate}`);
      return `if (${condition}) { ${taken} } ${next(length)}`;
    }
    case 'jump':
      return jumpBody(operation);
    case 'jumpRegister': {
      const link = '<i64>(load<u64>(PAGE_VA) + <u64>load<u16>(ip, 6))';
      const to = `const to: i64 = (${x(3)} + <i64>load<i16>(ip, 4)) & ~1;`;
      return `${to} ${operation.links ? setX(link) : ''} ${jumpTo('<u64>to')}`;
    }
    case 'atomic':
      return atomicBody(semantics.bytes, semantics.update);
    case 'loadReserved':
      return `if (!loadReserved(${x(3)}, ${semantics.bytes}, load<u8>(ip, 2))) ${trap} ${next(4)}`;
    case 'storeConditional':
      return `if (!storeConditional(${x(3)}, ${semantics.bytes}, ${x(4)}, load<u8>(ip, 2))) ${trap} ${next(4)}`;
    case 'float':
      return floatBody(semantics);
    case 'call':
      return `store<i32>(COUNTER, n); ip = ${semantics.name}(ip); ${stopCheck} continue;`;
    case 'nothing':
      return next(4);
  }
}

const discard = (length: number): string =>
  `if (!loadSlow(${x(3)} + ${immediate}, load<u8>(ip, 2))) ${trap} ${next(length)}`;

const specialBodies: Record<string, string> = {
  DECODE: 'decodeAt(ip); n++; continue;',
  EXIT: 'return leave(ip, n + 1);',
  END_OF_PAGE: `n++; ip = jumpSlow(addressOf(ip)); ${stopCheck} continue;`,
  CROSSING: `n++; ip = enterCrossing(ip); ${stopCheck} continue;`,
  ILLEGAL: illegal.slice(1, -1),
  NOTHING: next(4),
  NOTHING_C: next(2),
  LOAD_DISCARD: discard(4),
  LOAD_DISCARD_C: discard(2),
  UNIT: `n++; ip = enterUnit(ip, n); n = load<i32>(COUNTER); ${stopCheck} continue;`,
};

const floatCalls = (): string[] => {
  const names = new Set<string>();
  for (const operation of operations)
    if (typeof operation !== 'string' && operation.row.semantics.kind === 'float')
      names.add(operation.row.semantics.name);
  return [...names].sort();
};

export function interpreterText(): string {
  const cases = operations.map((operation, number) => {
    const code = typeof operation === 'string' ? specialBodies[operation]! : body(operation);
    return `    case ${number}: { // ${operationName(operation)}
      ${code}
    }`;
  });
  return `// Generated by guests/riscv/isa/generate.ts from the tables beside it; do not edit.
// The interpreter's inner loop: one case per operation of a decoded slot (hart/decode.ts draws the slot).
import { atomicDone, atomicPointer, loadReserved, storeConditional } from './atomic.ts';
import { csrInstruction } from './csr-instructions.ts';
import { decodeAt } from './decode.ts';
import { addressOf, enterCrossing, jumpSlow, leave } from './fetch.ts';
import { boxed, ${floatCalls().join(', ')}, roundingMode, unboxed } from './float-operations.ts';
import { loadSlow } from './load.ts';
import { divide, divideUnsigned, divideUnsignedWord, divideWord, multiplyHighMixed, multiplyHighSigned, multiplyHighUnsigned, remainder, remainderUnsigned, remainderUnsignedWord, remainderWord } from './multiply-divide.ts';
import { COUNTER, F, FETCH_TLB, FS, PAGE_BASE, PAGE_VA, READ_TLB, STOP_AT, WRITE_TLB, X } from './state.ts';
import { storeSlow } from './store.ts';
import { enterUnit } from '${TRANSLATOR}/unit-table.ts';
import { environmentBreak, environmentCall, fenceAddressTranslation, machineReturn, supervisorReturn, waitForInterrupt } from './system.ts';
import { illegalAt, trapAt } from './traps.ts';

/** Runs from the slot at ip until the counter n is used up (checked at taken transfers); returns what is left. */
export function interpret(ip: usize, n: i32): i32 {
  while (true) {
    n--;
    switch (<u32>load<u16>(ip)) {
${cases.join('\n')}
    default: unreachable();
    }
  }
}
`;
}
