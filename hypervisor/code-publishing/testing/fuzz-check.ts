// Fuzzing of the check alone, which is fast: whatever bytes come, it answers, in words of its own; and what it admits
// and the engine accepts has the surface of a unit and no other.
import { REASON_BYTES } from '../../virtual-processor/control-block.ts';
import { checkUnitModule } from '../check-module.ts';
import { mutantOf } from './fuzz.ts';
import type { Genuine } from './mutate-module.ts';

export interface CheckResult {
  refused: number;
  /** Admitted by the check, refused by the engine. */
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

/** Mutants number `first` to `end` of a seed. */
export function fuzzCheck(units: readonly Genuine[], seed: bigint, first: number, end: number): CheckResult {
  const result: CheckResult = { refused: 0, invalid: 0, valid: 0, reasons: new Map(), faults: [] };
  for (let number = first; number < end; number++) {
    const fault = tryOne(mutantOf(units, seed, number).mutant, result);
    if (fault !== undefined) result.faults.push(`mutant ${number} of seed ${seed}: ${fault}`);
  }
  return result;
}

function tryOne(mutant: Uint8Array<ArrayBuffer>, result: CheckResult): string | undefined {
  let reason: string | undefined;
  try {
    reason = checkUnitModule(mutant);
  } catch (error) {
    return `the check threw ${error}`;
  }
  if (reason !== undefined) {
    result.refused++;
    const rule = reason.replaceAll(/0x[0-9a-f]+|\d+/g, 'N');
    result.reasons.set(rule, (result.reasons.get(rule) ?? 0) + 1);
    return /^[ -~]+$/.test(reason) && reason.length <= REASON_BYTES ? undefined : `reason ${reason}`;
  }
  if (!WebAssembly.validate(mutant)) {
    result.invalid++;
    return undefined;
  }
  result.valid++;
  const module = new WebAssembly.Module(mutant);
  const surface = [WebAssembly.Module.imports(module), WebAssembly.Module.exports(module)];
  return JSON.stringify(surface) === SURFACE ? undefined : `surface ${JSON.stringify(surface)}`;
}
