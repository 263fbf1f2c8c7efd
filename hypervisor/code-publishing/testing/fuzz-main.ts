// Command line of the fuzzer of published code.
import { parseArgs } from 'node:util';
import { fuzz } from './fuzz.ts';
import { fuzzCheck } from './fuzz-check.ts';
import { ScratchMachine } from './scratch-machine.ts';

const HELP = `Mutates units that the machine's translator wrote: each mutant is refused, or reaches its memory and table alone.

usage: node hypervisor/code-publishing/testing/fuzz-main.ts [options]

  --seed S       seed of the programs and of the mutants (default: the time)
  --mutants N    mutants that are published and run (default 20000)
  --checked N    mutants that are only checked, and looked at by the engine (default 200000)
  --programs P   programs of each class that the units come from (default 4)

Exit status: 0 nothing found, 1 something, 2 wrong usage.`;

const options = {
  options: {
    help: { type: 'boolean', default: false },
    seed: { type: 'string', default: String(Date.now()) },
    mutants: { type: 'string', default: '20000' },
    checked: { type: 'string', default: '200000' },
    programs: { type: 'string', default: '4' },
  },
} as const;

function usageError(message: string): never {
  process.stderr.write(`fuzz: ${message}; --help explains\n`);
  process.exit(2);
}

function parseCommandLine(): ReturnType<typeof parseArgs<typeof options>>['values'] {
  try {
    return parseArgs(options).values;
  } catch (error) {
    return usageError((error as Error).message);
  }
}

function whole(name: 'mutants' | 'checked' | 'programs' | 'seed'): number {
  const number = Number(values[name]);
  if (!Number.isSafeInteger(number) || number < 0)
    usageError(`--${name}: expected a whole number, got ${values[name]}`);
  return number;
}

const CHUNK = 20_000;
const values = parseCommandLine();
if (values.help) {
  console.log(HELP);
  process.exit(0);
}
const seed = BigInt(whole('seed'));
const [mutants, checked, programs] = [whole('mutants'), whole('checked'), whole('programs')];
const { units } = await ScratchMachine.create(seed, programs);
console.log(`seed ${seed}: ${units.length} units`);

const faults: string[] = [];
const totals = { refused: 0, invalid: 0, valid: 0 };
const rules = new Set<string>();
for (let first = 0; first < checked && faults.length === 0; first += CHUNK) {
  const result = fuzzCheck(units, seed, first, Math.min(first + CHUNK, checked));
  totals.refused += result.refused;
  totals.invalid += result.invalid;
  totals.valid += result.valid;
  for (const rule of result.reasons.keys()) rules.add(rule);
  faults.push(...result.faults);
}
const { refused, invalid, valid } = totals;
console.log(
  `checked ${refused + invalid + valid}: ${refused} refused for ${rules.size} reasons, ` +
    `${invalid} refused by the engine, ${valid} valid`,
);

const { counts, escape: escaped } = await fuzz({ seed, mutants, programs });
if (escaped !== undefined) faults.push(escaped);
console.log(
  `run ${mutants}: ${Object.entries(counts)
    .map(([kind, count]) => `${count} ${kind}`)
    .join(', ')}`,
);
for (const fault of faults) console.log(fault);
process.exitCode = faults.length === 0 ? 0 : 1;
