// What the benchmarks' commands have in common: how they end, and where their reports go.
import { writeFileSync } from 'node:fs';
import { Interrupted } from './interruption.ts';
import { BenchUsageError } from './usage.ts';

export const EXIT_FAILED = 1;
const EXIT_USAGE = 2;

/** Runs `main` with what was typed; its result is the process's exit status. */
export async function runCommand(main: (words: readonly string[]) => Promise<number>): Promise<void> {
  try {
    process.exitCode = await main(process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof BenchUsageError)) throw error;
    process.stderr.write(`${error.message}; --help tells more\n`);
    process.exitCode = EXIT_USAGE;
  }
}

/** Says why a run ended before its end. @returns the exit status */
export function failedBy(error: unknown, signal: AbortSignal): number {
  const reason: unknown = signal.aborted ? signal.reason : error;
  process.stderr.write(`${(reason as Error).message}\n`);
  return reason instanceof Interrupted ? reason.exitStatus : EXIT_FAILED;
}

/** Where a report goes, and in which form. */
export interface Outlet {
  isJson: boolean;
  isMarkdown: boolean;
  svg: string | undefined;
}

/** The forms of a kind of report. */
export interface Forms<Report> {
  lines: (report: Report) => string[];
  markdown: (report: Report) => string[];
  /** Undefined where there is nothing to draw. */
  chart: (report: Report) => string | undefined;
}

export function publish<Report>(outlet: Outlet, report: Report, forms: Forms<Report>): void {
  if (outlet.isJson) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
  else {
    const lines = outlet.isMarkdown ? forms.markdown(report) : forms.lines(report);
    process.stdout.write(`${lines.join('\n')}\n`);
  }
  if (outlet.svg === undefined) return;
  const chart = forms.chart(report);
  if (chart === undefined) process.stderr.write(`no ratios, so ${outlet.svg} was not written\n`);
  else writeFileSync(outlet.svg, chart);
}
