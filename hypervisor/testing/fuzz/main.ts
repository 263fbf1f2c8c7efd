// Command line of the fuzzers.
import { parseArgs } from 'node:util';
import { runFuzz } from './fuzz-run.ts';
import type { FuzzTarget, PlantedBug } from './fuzz-target.ts';
import { loadTargets } from './targets.ts';

const HELP = `Gives decoders of untrusted bytes whatever may hurt them, and checks what must hold all the same.

usage: npm run fuzz -- --target NAME[,NAME…] | --target all [options]

  --target NAME    which decoder; --list shows them
  --minutes N      how long, for each target (default 1 unless --cases is given; may be a fraction)
  --cases N        how many cases, for each target
  --seed S         a whole number below 2^53 (default: the time); equal seeds, equal cases
  --case N         this case of the seed alone, to see a finding again
  --plant BUG      changes the decoder's source so that it breaks a rule: the target must find it
  --list           the targets, what each one checks, and its planted bugs
  --json           results as JSON, one object for each target
  --help           this

examples:
  npm run fuzz -- --list
  npm run fuzz -- --target hypercalls --minutes 5
  npm run fuzz -- --target all --cases 10000 --json
  npm run fuzz -- --target channel-rings --seed 7 --case 1234

Progress goes to stderr. Ctrl-C ends a run with what it has. Exit status: 0 nothing found, 1 something, 2 wrong usage.`;

const options = {
  options: {
    target: { type: 'string' },
    minutes: { type: 'string' },
    cases: { type: 'string' },
    seed: { type: 'string' },
    case: { type: 'string' },
    plant: { type: 'string' },
    list: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
} as const;
type Values = ReturnType<typeof parseArgs<typeof options>>['values'];

function usageError(message: string): never {
  process.stderr.write(`fuzz: ${message}; --help explains\n`);
  process.exit(2);
}

function parseCommandLine(): Values {
  try {
    return parseArgs(options).values;
  } catch (error) {
    return usageError((error as Error).message);
  }
}

function whole(name: 'cases' | 'seed' | 'case'): number | undefined {
  const text = values[name];
  if (text === undefined) return undefined;
  const number = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(number)) {
    usageError(`--${name}: expected a whole number below 2^53, got ${JSON.stringify(text)}`);
  }
  return number;
}

function duration(): number | undefined {
  const { minutes } = values;
  if (minutes === undefined) return cases === undefined && onlyCase === undefined ? 60_000 : undefined;
  const number = Number(minutes);
  if (!/^\d+(\.\d+)?$/.test(minutes) || number <= 0) {
    usageError(`--minutes: expected a positive number, got ${JSON.stringify(minutes)}`);
  }
  return number * 60_000;
}

type Known = Awaited<ReturnType<typeof loadTargets>>;

function chosen(known: Known): { file: string; target: FuzzTarget }[] {
  const names = values.target ?? 'all';
  if (names === 'all') return [...known.values()];
  return names.split(',').map((name) => {
    const found = known.get(name);
    if (found === undefined)
      usageError(`--target: expected ${[...known.keys()].join(', ')} or all, got ${name}`);
    return found;
  });
}

function bugOf(target: FuzzTarget): PlantedBug | undefined {
  if (values.plant === undefined) return undefined;
  const names = target.plantedBugs.map(({ name }) => name);
  const found = target.plantedBugs.find(({ name }) => name === values.plant);
  if (found === undefined) usageError(`--plant: expected ${names.join(', ')}, got ${values.plant}`);
  return found;
}

function list(known: Known): void {
  const targets = [...known.values()].map(({ target }) => target);
  if (values.json) {
    for (const { name, about, decoders, plantedBugs } of targets) {
      console.log(JSON.stringify({ name, about, decoders, plantedBugs: plantedBugs.map((bug) => bug.name) }));
    }
    return;
  }
  for (const { name, about, plantedBugs } of targets) {
    console.log(`${name}\n  ${about}`);
    for (const bug of plantedBugs) console.log(`  notices: ${bug.name}`);
  }
}

const number = new Intl.NumberFormat('en');
const isInteractive = process.stderr.isTTY === true;
let reportedMs = performance.now();

function progress(name: string, done: number): void {
  const nowMs = performance.now();
  if (nowMs - reportedMs < (isInteractive ? 250 : 10_000)) return;
  reportedMs = nowMs;
  process.stderr.write(
    `${isInteractive ? '\r' : ''}${name}: ${number.format(done)} cases${isInteractive ? '' : '\n'}`,
  );
}

/** @returns whether nothing was found */
async function fuzz(file: string, target: FuzzTarget): Promise<boolean> {
  const forMs = duration();
  process.stderr.write(`${target.name}: seed ${seed}\n`);
  const result = await runFuzz({
    file,
    seed,
    ...(onlyCase === undefined ? {} : { firstCase: onlyCase, cases: 1 }),
    ...(cases === undefined ? {} : { cases }),
    ...(forMs === undefined ? {} : { forMs }),
    plantedBug: bugOf(target),
    signal: interrupted.signal,
    onProgress: (done) => progress(target.name, done),
  });
  if (isInteractive) process.stderr.write('\r\x1b[K');
  const { finding, seconds, outcomes } = result;
  if (values.json) {
    console.log(JSON.stringify({ target: target.name, seed, ...result }));
    return finding === undefined;
  }
  const counts = Object.entries(outcomes).map(([name, count]) => `${number.format(count)} ${name}`);
  console.log(
    `${target.name}: ${number.format(result.cases)} cases of seed ${seed} in ${seconds.toFixed(1)} s` +
      `${counts.length > 0 ? ` (${counts.join(', ')})` : ''}: ${finding === undefined ? 'nothing found' : 'FOUND'}`,
  );
  if (finding === undefined) return true;
  console.log(`  case ${finding.caseNumber}: ${finding.message}`);
  if (finding.casesLeft > 1) console.log(`  takes ${finding.casesLeft} cases of its batch`);
  for (const note of finding.notes) console.log(`    ${note}`);
  const planted = values.plant === undefined ? '' : ` --plant ${JSON.stringify(values.plant)}`;
  console.log(
    `  again: npm run fuzz -- --target ${target.name} --seed ${seed} --case ${finding.caseNumber}${planted}`,
  );
  return false;
}

const values = parseCommandLine();
if (values.help) {
  console.log(HELP);
  process.exit(0);
}
const seed = whole('seed') ?? Date.now();
const [cases, onlyCase] = [whole('cases'), whole('case')];
duration();
if (values.target === undefined && !values.list) usageError('expected --target NAME, or --list');
const known = await loadTargets();
if (values.list) {
  list(known);
  process.exit(0);
}
const interrupted = new AbortController();
process.once('SIGINT', () => interrupted.abort());
process.once('SIGTERM', () => interrupted.abort());
for (const { file, target } of chosen(known)) {
  if (interrupted.signal.aborted) break;
  if (!(await fuzz(file, target))) process.exitCode = 1;
}
