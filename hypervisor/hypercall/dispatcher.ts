// The hypercall dispatcher: the one function through which a guest reaches the hypervisor (TLFS: "Hypercall
// Interface"). A `switch` on small integers, arguments as i32 only: this is the hot path that bench/isolation measures.
import {
  HV_HYPERCALL_CODE_MASK,
  HV_HYPERCALL_FAST,
  HVCALL_CREATE_PARTITION,
  HVCALL_DELETE_PARTITION,
  HVCALL_EXIT_PARTITION,
  HVCALL_FINALIZE_PARTITION,
  HVCALL_GET_BOOT_ARGUMENTS,
  HVCALL_GET_PARTITION_ID,
  HVCALL_GET_PARTITION_PROPERTY,
  HVCALL_GET_VP_REGISTERS,
  HVCALL_INITIALIZE_PARTITION,
  HVCALL_NOTIFY_LONG_SPIN_WAIT,
  HVCALL_POST_MESSAGE,
  HVCALL_PUBLISH_CODE,
  HVCALL_QUERY_CAPABILITIES,
  HVCALL_REPORT_INSTRUCTIONS,
  HVCALL_SET_PARTITION_PROPERTY,
  HVCALL_SET_VP_REGISTERS,
  HVCALL_SIGNAL_EVENT,
} from '../abi/hypercalls.ts';
import {
  HV_PRIVILEGE_ACCESS_PARTITION_ID,
  HV_PRIVILEGE_CREATE_PARTITIONS,
  HV_PRIVILEGE_ENABLE_EXTENDED_HYPERCALLS,
} from '../abi/privileges.ts';
import {
  HV_STATUS_ACCESS_DENIED,
  HV_STATUS_INVALID_HYPERCALL_CODE,
  HV_STATUS_OPERATION_DENIED,
  HV_STATUS_SUCCESS,
} from '../abi/status.ts';
import { hasPrivilege } from '../partition/privilege-mask.ts';
import { counterWord } from '../virtual-processor/control-block.ts';
import { type CallForm, checkControlWord } from './control-word.ts';
import { checkBlock, type HypercallContext } from './hypercall-context.ts';
import { exitPartition, getBootArguments, publishCode, reportInstructions } from './partition-calls.ts';
import { getVpRegisters, setVpRegisters } from './register-calls.ts';
import { postMessage, signalEvent } from './synic-calls.ts';

/** `hv.hypercall`: control word, input parameter, output parameter, each as lo and hi; all as signed i32. */
export type HypercallImport = (
  controlLo: number,
  controlHi: number,
  inputLo: number,
  inputHi: number,
  outputLo: number,
  outputHi: number,
) => number;

/** Call code → how it takes its input. A call that is not here does not exist. */
export const callForms: ReadonlyMap<number, CallForm> = new Map<number, CallForm>([
  [HVCALL_NOTIFY_LONG_SPIN_WAIT, 'fast'],
  [HVCALL_CREATE_PARTITION, 'memory'],
  [HVCALL_INITIALIZE_PARTITION, 'fast'],
  [HVCALL_FINALIZE_PARTITION, 'fast'],
  [HVCALL_DELETE_PARTITION, 'fast'],
  [HVCALL_GET_PARTITION_PROPERTY, 'memory'],
  [HVCALL_SET_PARTITION_PROPERTY, 'memory'],
  [HVCALL_GET_PARTITION_ID, 'memory'],
  [HVCALL_GET_VP_REGISTERS, 'rep'],
  [HVCALL_SET_VP_REGISTERS, 'rep'],
  [HVCALL_POST_MESSAGE, 'memory'],
  [HVCALL_SIGNAL_EVENT, 'fast'],
  [HVCALL_QUERY_CAPABILITIES, 'memory'],
  [HVCALL_EXIT_PARTITION, 'fast'],
  [HVCALL_GET_BOOT_ARGUMENTS, 'memory'],
  [HVCALL_REPORT_INSTRUCTIONS, 'fast'],
  [HVCALL_PUBLISH_CODE, 'fast'],
]);

/** The forms again, by code, for the range in which a load is cheaper than a look-up: 0 none, 1 fast, 2 another. */
const FAST_TABLE_CODES = 0x100;
const formTable = new Uint8Array(FAST_TABLE_CODES);
for (const [code, form] of callForms) if (code < FAST_TABLE_CODES) formTable[code] = form === 'fast' ? 1 : 2;

/** Makes the import for one VP. */
export function createHypercallImport(context: HypercallContext): HypercallImport {
  const { words, throttle } = context;
  let sliceEnd = words[counterWord.hypercalls] as number;
  const hasExtendedCalls = hasPrivilege(context.privileges, HV_PRIVILEGE_ENABLE_EXTENDED_HYPERCALLS);

  const checkAndDispatch = (code: number, lo: number, hi: number, input: Pair, output: Pair): number => {
    const form = callForms.get(code);
    if (form === undefined) return HV_STATUS_INVALID_HYPERCALL_CODE;
    if (code >= HVCALL_QUERY_CAPABILITIES && !hasExtendedCalls) return HV_STATUS_ACCESS_DENIED;
    const status = checkControlWord(lo, hi, form);
    return status === HV_STATUS_SUCCESS ? dispatch(context, code, hi, input, output) : status;
  };

  // Named for the sampling profiler.
  return function hypercall(controlLo, controlHi, inputLo, inputHi, outputLo, outputHi) {
    const calls = words[counterWord.hypercalls] as number;
    if (calls === sliceEnd) sliceEnd = throttle.nextSlice(calls);
    words[counterWord.hypercalls] = calls + 1;
    // A fast call of the TLFS range whose control word holds nothing but its code: no reps, nothing reserved, nothing
    // to allocate. Everything else takes the long way round.
    const code = controlLo ^ HV_HYPERCALL_FAST;
    let result: number;
    if (controlHi === 0 && code >>> 0 < FAST_TABLE_CODES && formTable[code] === 1) {
      result = dispatchFast(context, code, inputLo >>> 0, inputHi >>> 0);
    } else {
      const input = [inputLo >>> 0, inputHi >>> 0] as const;
      const output = [outputLo >>> 0, outputHi >>> 0] as const;
      result = checkAndDispatch(controlLo & HV_HYPERCALL_CODE_MASK, controlLo, controlHi, input, output);
    }
    if ((result & HV_HYPERCALL_CODE_MASK) !== HV_STATUS_SUCCESS) countRefusal(words, result);
    return result;
  };
}

/** The fast calls of the TLFS range. */
function dispatchFast(context: HypercallContext, code: number, lo: number, hi: number): number {
  switch (code) {
    case HVCALL_SIGNAL_EVENT:
      return signalEvent(context, lo, hi);
    case HVCALL_NOTIFY_LONG_SPIN_WAIT:
      return HV_STATUS_SUCCESS;
    default:
      return partitionManagement(context);
  }
}

function countRefusal(words: Int32Array, result: number): void {
  words[counterWord.hypercallsRefused] = (words[counterWord.hypercallsRefused] as number) + 1;
  if ((result & HV_HYPERCALL_CODE_MASK) === HV_STATUS_ACCESS_DENIED) {
    words[counterWord.accessDenied] = (words[counterWord.accessDenied] as number) + 1;
  }
}

type Pair = readonly [lo: number, hi: number];

function dispatch(context: HypercallContext, code: number, hi: number, input: Pair, output: Pair): number {
  switch (code) {
    case HVCALL_POST_MESSAGE:
      return postMessage(context, input[0], input[1]);
    case HVCALL_REPORT_INSTRUCTIONS:
      return reportInstructions(context, input[0], input[1]);
    case HVCALL_SET_VP_REGISTERS:
      return setVpRegisters(context, hi, input[0], input[1]);
    case HVCALL_GET_VP_REGISTERS:
      return getVpRegisters(context, hi, input, output);
    case HVCALL_PUBLISH_CODE:
      return publishCode(context, input, output);
    case HVCALL_EXIT_PARTITION:
      return exitPartition(context, input[0], input[1]);
    case HVCALL_GET_BOOT_ARGUMENTS:
      return getBootArguments(context, output[0], output[1]);
    case HVCALL_QUERY_CAPABILITIES:
      return writeU64(context, output, 0);
    case HVCALL_GET_PARTITION_ID:
      if (!hasPrivilege(context.privileges, HV_PRIVILEGE_ACCESS_PARTITION_ID)) return HV_STATUS_ACCESS_DENIED;
      return writeU64(context, output, context.partitionId);
    default:
      return code < FAST_TABLE_CODES && formTable[code] === 1
        ? dispatchFast(context, code, input[0], input[1])
        : partitionManagement(context);
  }
}

/** The root partition makes these calls on the partition table itself; a guest that was given the privilege still has
 *  no table to act on. */
function partitionManagement(context: HypercallContext): number {
  return hasPrivilege(context.privileges, HV_PRIVILEGE_CREATE_PARTITIONS)
    ? HV_STATUS_OPERATION_DENIED
    : HV_STATUS_ACCESS_DENIED;
}

function writeU64(context: HypercallContext, output: Pair, value: number): number {
  const status = checkBlock(context, output[0], output[1], 8);
  if (status !== HV_STATUS_SUCCESS) return status;
  context.memory.words[output[0] >>> 2] = value;
  context.memory.words[(output[0] >>> 2) + 1] = 0;
  return HV_STATUS_SUCCESS;
}
