// Tries the check of published code on a module: whatever bytes come, it answers, in words of its own. Of what it admits
// the engine may only say that its types are wrong, not that it cannot be read; and what the engine accepts has the
// surface of a unit and no other.
import { REASON_BYTES } from '../../virtual-processor/control-block.ts';
import { checkUnitModule } from '../check-module.ts';

export interface CheckResult {
  refused: number;
  /** Admitted by the check, refused by the engine's validation. */
  invalid: number;
  valid: number;
  /** Refusals by reason, numbers left out. */
  reasons: Map<string, number>;
  /** What should not be, one line each. */
  faults: string[];
}

const SURFACE = JSON.stringify([
  [
    { module: 'env', name: 'memory', kind: 'memory' },
    { module: 'env', name: 'table', kind: 'table' },
  ],
  [{ name: '0', kind: 'function' }],
]);

/**
 * What the engine says of modules that are well-formed and still not valid. Alignment is a matter of validation too, and
 * so is which `if` an `else` belongs to; how much memory there may be is the engine's own limit.
 */
const notForm =
  /on the stack for|expected type|type error in|types mismatch|arity of one-armed if|else (?:already present|does not match)|maximum alignment is|maximum memory size/;

export function newCheckResult(): CheckResult {
  return { refused: 0, invalid: 0, valid: 0, reasons: new Map(), faults: [] };
}

/** Checks one module, and counts it. */
export function tryModule(module: Uint8Array<ArrayBuffer>, what: string, result: CheckResult): void {
  const fault = faultOf(module, result);
  if (fault !== undefined) result.faults.push(`${what}: ${fault}`);
}

function faultOf(bytes: Uint8Array<ArrayBuffer>, result: CheckResult): string | undefined {
  let reason: string | undefined;
  try {
    reason = checkUnitModule(bytes);
  } catch (error) {
    return `the check threw ${error}`;
  }
  if (reason !== undefined) {
    result.refused++;
    const rule = reason.replaceAll(/0x[0-9a-f]+|\d+/g, 'N');
    result.reasons.set(rule, (result.reasons.get(rule) ?? 0) + 1);
    return /^[ -~]+$/.test(reason) && reason.length <= REASON_BYTES ? undefined : `reason ${reason}`;
  }
  let module: WebAssembly.Module;
  try {
    module = new WebAssembly.Module(bytes);
  } catch (error) {
    result.invalid++;
    return notForm.test((error as Error).message) ? undefined : `admitted, but ${error}`;
  }
  result.valid++;
  const surface = [WebAssembly.Module.imports(module), WebAssembly.Module.exports(module)];
  return JSON.stringify(surface) === SURFACE ? undefined : `surface ${JSON.stringify(surface)}`;
}
