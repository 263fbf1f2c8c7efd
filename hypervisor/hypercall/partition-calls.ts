// Calls about the calling partition itself: its end, its boot arguments, its statistics.
import { HV_BOOT_ARGUMENTS_BYTES, HV_EXIT_MACHINE_FAULT } from '../abi/hypercalls.ts';
import { HV_STATUS_ACCESS_DENIED, HV_STATUS_INVALID_PARAMETER, HV_STATUS_SUCCESS } from '../abi/status.ts';
import {
  CB_EXIT_CODE,
  CB_EXIT_REASON,
  CB_VP_STATE,
  count,
  counterWord,
  VP_HALTED,
} from '../virtual-processor/control-block.ts';
import { noteRefusal } from '../virtual-processor/refused-code.ts';
import { checkBlock, type HypercallContext } from './hypercall-context.ts';

/** What is copied out of guest memory for the check to look at, which refuses far smaller modules: the copy is not part of
 *  the guest's quota. */
const MAX_COPIED_BYTES = 4 * 1024 * 1024;

/** HVCALL_EXIT_PARTITION. The first exit counts. */
export function exitPartition(context: HypercallContext, reason: number, code: number): number {
  if (reason > HV_EXIT_MACHINE_FAULT) return HV_STATUS_INVALID_PARAMETER;
  if (Atomics.load(context.words, CB_VP_STATE) !== VP_HALTED) {
    context.words[CB_EXIT_REASON] = reason;
    context.words[CB_EXIT_CODE] = code;
    Atomics.store(context.words, CB_VP_STATE, VP_HALTED);
  }
  return HV_STATUS_SUCCESS;
}

/** HVCALL_GET_BOOT_ARGUMENTS: fills one whole page, zero padded. */
export function getBootArguments(context: HypercallContext, outputLo: number, outputHi: number): number {
  const status = checkBlock(context, outputLo, outputHi, HV_BOOT_ARGUMENTS_BYTES);
  if (status !== HV_STATUS_SUCCESS) return status;
  context.memory.bytes.fill(0, outputLo, outputLo + HV_BOOT_ARGUMENTS_BYTES);
  context.memory.bytes.set(context.bootArguments, outputLo);
  return HV_STATUS_SUCCESS;
}

/** HVCALL_REPORT_INSTRUCTIONS. */
export function reportInstructions(context: HypercallContext, lo: number, hi: number): number {
  Atomics.store(context.words, counterWord.instructionsLo, lo);
  Atomics.store(context.words, counterWord.instructionsHi, hi);
  return HV_STATUS_SUCCESS;
}

/** HVCALL_PUBLISH_CODE. The publisher notes its own refusals. */
export function publishCode(
  context: HypercallContext,
  [address, length]: readonly [number, number],
  [index, rest]: readonly [number, number],
): number {
  const { memory, publisher, words } = context;
  if (publisher === undefined) {
    noteRefusal(words, 'call', 'this partition may not publish code');
    return HV_STATUS_ACCESS_DENIED;
  }
  if (rest !== 0 || length > MAX_COPIED_BYTES || !memory.contains(address, length)) {
    noteRefusal(words, 'call', `${length} bytes at ${address}`);
    return HV_STATUS_INVALID_PARAMETER;
  }
  const status = publisher.publish(memory.bytes.slice(address, address + length), index);
  if (status === HV_STATUS_SUCCESS) count(words, 'codePublished');
  return status;
}
