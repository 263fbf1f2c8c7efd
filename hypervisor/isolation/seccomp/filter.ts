// Assembles seccomp filters: classic BPF over struct seccomp_data (Linux: Documentation/userspace-api/
// seccomp_filter.rst, include/uapi/linux/{filter,seccomp,audit}.h).
//
//   seccomp_data  +0 nr u32 | +4 arch u32 | +8 instruction pointer u64 | +16 six arguments u64
// A rule is a test of the number followed by its own return, so no jump is longer than one rule and the list may grow
// past BPF's 8-bit jump offsets.
import { type Architecture, type SystemCallName, systemCallNumber } from './system-calls.ts';

const LOAD_WORD = 0x20;
const JUMP_EQUAL = 0x15;
const JUMP_GREATER_EQUAL = 0x35;
const JUMP_ANY_BIT = 0x45;
const RETURN = 0x06;

const auditArchitecture: Record<Architecture, number> = { x64: 0xc000_003e, arm64: 0xc000_00b7 };
/** Numbers from here on are x32 calls on an x86-64 kernel: another ABI with other argument layouts. */
const X32_BIT = 0x4000_0000;

export const RETURN_ALLOW = 0x7fff_0000;
export const RETURN_KILL_PROCESS = 0x8000_0000;
const RETURN_ERRNO = 0x0005_0000;
const EPERM = 1;
const ENOSYS = 38;

/** What happens to a call. */
export type Verdict = 'allow' | 'refuse' | 'unknown' | 'kill';

const verdictValue: Record<Verdict, number> = {
  allow: RETURN_ALLOW,
  refuse: RETURN_ERRNO | EPERM,
  /** As if the kernel had no such call, so that libc falls back to an older one. */
  unknown: RETURN_ERRNO | ENOSYS,
  kill: RETURN_KILL_PROCESS,
};

/** A condition on the low half of one argument. */
export type Condition =
  | { argument: number; isOneOf: readonly number[] }
  | { argument: number; hasAnyBit: number }
  | { argument: number; hasNoBit: number };

export interface Rule {
  call: SystemCallName;
  verdict: Verdict;
  /** When given and not met, the rule's verdict is replaced by `refuse`. */
  when?: Condition;
}

/** One BPF instruction. */
export interface Instruction {
  code: number;
  jumpTrue: number;
  jumpFalse: number;
  value: number;
}

const instruction = (code: number, value: number, jumpTrue = 0, jumpFalse = 0): Instruction => ({
  code,
  jumpTrue,
  jumpFalse,
  value: value >>> 0,
});

const answer = (verdict: Verdict): Instruction => instruction(RETURN, verdictValue[verdict]);

/** Assembles the rules in order; what none of them names gets `otherwise`. */
export function assembleFilter(
  architecture: Architecture,
  rules: readonly Rule[],
  otherwise: Verdict,
): Instruction[] {
  const program = [
    instruction(LOAD_WORD, 4),
    instruction(JUMP_EQUAL, auditArchitecture[architecture], 1, 0),
    answer('kill'),
    instruction(LOAD_WORD, 0),
  ];
  if (architecture === 'x64') program.push(instruction(JUMP_GREATER_EQUAL, X32_BIT, 0, 1), answer('kill'));
  for (const rule of rules) {
    const number = systemCallNumber(rule.call, architecture);
    if (number === undefined) continue;
    const body = ruleBody(rule);
    program.push(instruction(JUMP_EQUAL, number, 0, body.length), ...body);
  }
  program.push(answer(otherwise));
  return program;
}

/** What follows once the number matched: always ends in a return. */
function ruleBody(rule: Rule): Instruction[] {
  const { when } = rule;
  if (when === undefined) return [answer(rule.verdict)];
  const load = instruction(LOAD_WORD, 16 + when.argument * 8);
  if ('hasAnyBit' in when) {
    return [load, instruction(JUMP_ANY_BIT, when.hasAnyBit, 0, 1), answer(rule.verdict), answer('refuse')];
  }
  if ('hasNoBit' in when) {
    return [load, instruction(JUMP_ANY_BIT, when.hasNoBit, 1, 0), answer(rule.verdict), answer('refuse')];
  }
  const tests = when.isOneOf.flatMap((value) => [instruction(JUMP_EQUAL, value, 0, 1), answer(rule.verdict)]);
  return [load, ...tests, answer('refuse')];
}

/** struct sock_filter[]: code u16, jt u8, jf u8, k u32, little-endian. */
export function encodeFilter(program: readonly Instruction[]): Uint8Array {
  const bytes = new Uint8Array(program.length * 8);
  const view = new DataView(bytes.buffer);
  program.forEach(({ code, jumpTrue, jumpFalse, value }, index) => {
    view.setUint16(index * 8, code, true);
    view.setUint8(index * 8 + 2, jumpTrue);
    view.setUint8(index * 8 + 3, jumpFalse);
    view.setUint32(index * 8 + 4, value, true);
  });
  return bytes;
}
