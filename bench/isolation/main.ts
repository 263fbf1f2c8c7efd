// `npm run bench:isolation`: what isolation costs, rows P6 to P9 among it. See options.ts.
import { Hypervisor } from '../../hypervisor/index.ts';
import { EXIT_FAILED, type Forms, failedBy, publish, runCommand } from '../command.ts';
import { watchSignals } from '../interruption.ts';
import { describeMachine } from '../machine.ts';
import { Progress } from '../progress.ts';
import { noRowOf } from '../usage.ts';
import { Bench, type Family } from './bench.ts';
import { callRows } from './calls.ts';
import { isolationChart } from './chart.ts';
import { computeRows } from './compute.ts';
import { densityRows } from './density.ts';
import { idleLinuxRows } from './idle-linux.ts';
import { lifeRows } from './life.ts';
import { memoryRows } from './memory.ts';
import { HELP, parseIsolationOptions } from './options.ts';
import { publishingRows } from './publishing.ts';
import { makeReport, markdownLines, type Report, reportLines } from './report.ts';
import { throughputRows } from './throughput.ts';

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

const forms: Forms<Report> = { lines: reportLines, markdown: markdownLines, chart: isolationChart };

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
    status = failedBy(error, signal);
  }
  progress.end();
  // What was measured before something went wrong was measured all the same.
  const report = makeReport(machine, options.samples, bench);
  const isEmpty = report.rows.length + report.skipped.length === 0;
  if (isEmpty && status === 0) throw noRowOf(options.only);
  if (!isEmpty) publish(options, report, forms);
  const isGood = report.rows.length > 0 && report.verdicts.every(({ isMustMet }) => isMustMet);
  return status === 0 && !isGood ? EXIT_FAILED : status;
}

await runCommand(main);
