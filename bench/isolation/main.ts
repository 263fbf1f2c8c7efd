// `npm run bench:isolation`: what isolation costs, rows P6 to P9 among it. See options.ts.
import { writeFileSync } from 'node:fs';
import { Hypervisor } from '../../hypervisor/index.ts';
import { Interrupted, watchSignals } from '../interruption.ts';
import { describeMachine } from '../machine.ts';
import { Progress } from '../progress.ts';
import { BenchUsageError } from '../usage.ts';
import { Bench, type Family } from './bench.ts';
import { callRows } from './calls.ts';
import { isolationChart } from './chart.ts';
import { computeRows } from './compute.ts';
import { densityRows } from './density.ts';
import { idleLinuxRows } from './idle-linux.ts';
import { lifeRows } from './life.ts';
import { memoryRows } from './memory.ts';
import { HELP, type IsolationOptions, parseIsolationOptions } from './options.ts';
import { publishingRows } from './publishing.ts';
import { makeReport, markdownLines, type Report, reportLines } from './report.ts';
import { throughputRows } from './throughput.ts';

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;

const families: readonly Family[] = [
  callRows,
  throughputRows,
  computeRows,
  lifeRows,
  memoryRows,
  publishingRows,
  idleLinuxRows,
  densityRows,
];

function publish(options: IsolationOptions, report: Report): void {
  if (report.rows.length + report.skipped.length === 0) return;
  if (options.isJson) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
  else {
    const lines = options.isMarkdown ? markdownLines(report) : reportLines(report);
    process.stdout.write(`${lines.join('\n')}\n`);
  }
  if (options.svg === undefined) return;
  const chart = isolationChart(report);
  if (chart === undefined) process.stderr.write(`no ratios, so ${options.svg} was not written\n`);
  else writeFileSync(options.svg, chart);
}

async function main(words: readonly string[]): Promise<number> {
  const options = parseIsolationOptions(words);
  if (options === 'help') {
    process.stdout.write(HELP);
    return 0;
  }
  const signal = watchSignals();
  const machine = describeMachine();
  await using hypervisor = await Hypervisor.start();
  for (const warning of hypervisor.warnings) process.stderr.write(`warning: ${warning}\n`);
  const progress = new Progress(process.stderr);
  const bench = new Bench(hypervisor, options, signal, progress);
  let status = 0;
  try {
    await bench.run(families);
  } catch (error) {
    progress.end();
    const reason: unknown = signal.aborted ? signal.reason : error;
    process.stderr.write(`${(reason as Error).message}\n`);
    status = reason instanceof Interrupted ? reason.exitStatus : EXIT_FAILED;
  }
  progress.end();
  // What was measured before something went wrong was measured all the same.
  const report = makeReport(machine, options.samples, bench);
  publish(options, report);
  const isGood = report.rows.length > 0 && report.verdicts.every(({ isMustMet }) => isMustMet);
  return status === 0 && !isGood ? EXIT_FAILED : status;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof BenchUsageError)) throw error;
  process.stderr.write(`${error.message}; --help tells more\n`);
  process.exitCode = EXIT_USAGE;
}
