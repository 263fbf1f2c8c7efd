// HvGetVpRegisters and HvSetVpRegisters, for the VP's own synthetic registers (TLFS: "HvCallGetVpRegisters").
//
//   input   +0 partition id u64 (all ones: self) | +8 VP index u32 (-2: self) | +12 VTL u8, rsvdz
//           then per register: Get: name u32       Set: name u32, 12 bytes rsvdz, value 16 bytes
//   output  Get: 16 bytes per register
import { HV_PAGE_SIZE } from '../abi/hypercalls.ts';
import {
  HV_PRIVILEGE_ACCESS_PARTITION_REFERENCE_COUNTER,
  HV_PRIVILEGE_ACCESS_SYNIC_REGS,
  HV_PRIVILEGE_ACCESS_VP_INDEX,
} from '../abi/privileges.ts';
import {
  HV_STATUS_ACCESS_DENIED,
  HV_STATUS_INVALID_PARAMETER,
  HV_STATUS_INVALID_PARTITION_ID,
  HV_STATUS_INVALID_REGISTER_VALUE,
  HV_STATUS_INVALID_VP_INDEX,
  HV_STATUS_SUCCESS,
} from '../abi/status.ts';
import {
  HV_REGISTER_EOM,
  HV_REGISTER_SCONTROL,
  HV_REGISTER_SIEFP,
  HV_REGISTER_SIMP,
  HV_REGISTER_SINT0,
  HV_REGISTER_TIME_REF_COUNT,
  HV_REGISTER_VP_INDEX,
  HV_SINT_MASKED,
  HV_SYNIC_ENABLE,
  HV_SYNIC_SINT_COUNT,
  HV_VP_INDEX_SELF,
} from '../abi/synic.ts';
import { hasPrivilege } from '../partition/privilege-mask.ts';
import { CB_SCONTROL, CB_SIEFP, CB_SIMP, CB_SINT } from '../virtual-processor/control-block.ts';
import { foldResult, repCount, repStart } from './control-word.ts';
import { checkBlock, type HypercallContext } from './hypercall-context.ts';

const HEADER_BYTES = 16;
const SET_ELEMENT_BYTES = 32;
const GET_ELEMENT_BYTES = 4;
const VALUE_BYTES = 16;

function checkHeader(context: HypercallContext, gpa: number): number {
  const { words } = context.memory;
  const at = gpa >>> 2;
  const idLo = (words[at] as number) >>> 0;
  const idHi = (words[at + 1] as number) >>> 0;
  const isSelf =
    (idLo === 0xffff_ffff && idHi === 0xffff_ffff) || (idLo === context.partitionId && idHi === 0);
  if (!isSelf) return HV_STATUS_INVALID_PARTITION_ID;
  const vp = (words[at + 2] as number) >>> 0;
  if (vp !== HV_VP_INDEX_SELF && vp !== context.vpIndex) return HV_STATUS_INVALID_VP_INDEX;
  return words[at + 3] === 0 ? HV_STATUS_SUCCESS : HV_STATUS_INVALID_PARAMETER;
}

/** HvSetVpRegisters. Stops at the first register that is refused and says how many were set. */
export function setVpRegisters(
  context: HypercallContext,
  hi: number,
  inputLo: number,
  inputHi: number,
): number {
  const reps = repCount(hi);
  let status = checkBlock(context, inputLo, inputHi, HEADER_BYTES + reps * SET_ELEMENT_BYTES);
  if (status === HV_STATUS_SUCCESS) status = checkHeader(context, inputLo);
  if (status !== HV_STATUS_SUCCESS) return foldResult(status, repStart(hi));
  const { words } = context.memory;
  for (let rep = repStart(hi); rep < reps; rep++) {
    const at = (inputLo + HEADER_BYTES + rep * SET_ELEMENT_BYTES) >>> 2;
    const name = (words[at] as number) >>> 0;
    const lo = (words[at + 4] as number) >>> 0;
    const isWide = words[at + 5] !== 0 || words[at + 6] !== 0 || words[at + 7] !== 0;
    status = isWide ? HV_STATUS_INVALID_REGISTER_VALUE : setRegister(context, name, lo);
    if (status !== HV_STATUS_SUCCESS) return foldResult(status, rep);
  }
  return foldResult(HV_STATUS_SUCCESS, reps);
}

function setRegister(context: HypercallContext, name: number, value: number): number {
  if (!hasPrivilege(context.privileges, HV_PRIVILEGE_ACCESS_SYNIC_REGS)) return HV_STATUS_ACCESS_DENIED;
  const { words } = context;
  const sint = name - HV_REGISTER_SINT0;
  if (sint >= 0 && sint < HV_SYNIC_SINT_COUNT) {
    words[CB_SINT + sint] = value & (HV_SINT_MASKED | 0xff);
    context.synic.endOfMessage();
    return HV_STATUS_SUCCESS;
  }
  switch (name) {
    case HV_REGISTER_SCONTROL:
      words[CB_SCONTROL] = value & HV_SYNIC_ENABLE;
      context.synic.endOfMessage();
      return HV_STATUS_SUCCESS;
    case HV_REGISTER_SIMP:
    case HV_REGISTER_SIEFP: {
      const gpa = (value & ~(HV_PAGE_SIZE - 1)) >>> 0;
      if (!context.memory.contains(gpa, HV_PAGE_SIZE)) return HV_STATUS_INVALID_REGISTER_VALUE;
      words[name === HV_REGISTER_SIMP ? CB_SIMP : CB_SIEFP] = gpa | (value & HV_SYNIC_ENABLE);
      context.synic.endOfMessage();
      return HV_STATUS_SUCCESS;
    }
    case HV_REGISTER_EOM:
      context.synic.endOfMessage();
      return HV_STATUS_SUCCESS;
    default:
      return HV_STATUS_INVALID_PARAMETER;
  }
}

/** HvGetVpRegisters. */
export function getVpRegisters(
  context: HypercallContext,
  hi: number,
  input: readonly [lo: number, hi: number],
  output: readonly [lo: number, hi: number],
): number {
  const reps = repCount(hi);
  let status = checkBlock(context, input[0], input[1], HEADER_BYTES + reps * GET_ELEMENT_BYTES);
  if (status === HV_STATUS_SUCCESS) status = checkBlock(context, output[0], output[1], reps * VALUE_BYTES);
  if (status === HV_STATUS_SUCCESS) status = checkHeader(context, input[0]);
  if (status !== HV_STATUS_SUCCESS) return foldResult(status, repStart(hi));
  const { words } = context.memory;
  for (let rep = repStart(hi); rep < reps; rep++) {
    const name = (words[(input[0] + HEADER_BYTES + rep * GET_ELEMENT_BYTES) >>> 2] as number) >>> 0;
    const value = getRegister(context, name);
    if (typeof value === 'string') return foldResult(refusals[value], rep);
    const at = (output[0] + rep * VALUE_BYTES) >>> 2;
    words[at] = value % 2 ** 32;
    words[at + 1] = Math.floor(value / 2 ** 32);
    words[at + 2] = 0;
    words[at + 3] = 0;
  }
  return foldResult(HV_STATUS_SUCCESS, reps);
}

const refusals = { unknown: HV_STATUS_INVALID_PARAMETER, denied: HV_STATUS_ACCESS_DENIED };

function getRegister(context: HypercallContext, name: number): number | keyof typeof refusals {
  const { privileges } = context;
  switch (name) {
    case HV_REGISTER_VP_INDEX:
      return hasPrivilege(privileges, HV_PRIVILEGE_ACCESS_VP_INDEX) ? context.vpIndex : 'denied';
    case HV_REGISTER_TIME_REF_COUNT:
      return hasPrivilege(privileges, HV_PRIVILEGE_ACCESS_PARTITION_REFERENCE_COUNTER)
        ? context.referenceTime()
        : 'denied';
    default:
      return hasPrivilege(privileges, HV_PRIVILEGE_ACCESS_SYNIC_REGS)
        ? getSynicRegister(context.words, name)
        : 'denied';
  }
}

function getSynicRegister(words: Int32Array, name: number): number | 'unknown' {
  const sint = name - HV_REGISTER_SINT0;
  if (sint >= 0 && sint < HV_SYNIC_SINT_COUNT) return (words[CB_SINT + sint] as number) >>> 0;
  switch (name) {
    case HV_REGISTER_SCONTROL:
      return words[CB_SCONTROL] as number;
    case HV_REGISTER_SIMP:
      return (words[CB_SIMP] as number) >>> 0;
    case HV_REGISTER_SIEFP:
      return (words[CB_SIEFP] as number) >>> 0;
    default:
      return 'unknown';
  }
}
