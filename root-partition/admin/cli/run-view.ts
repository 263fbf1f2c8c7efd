// What `cofferdam run` shows. For people: the guest's console on stdout, everything else on stderr. With --json: one
// JSON object per line on stdout, the console's text among them.
import { StringDecoder } from 'node:string_decoder';
import type { AuditEvent, Partition, PartitionExit, PartitionStatistics } from '../../../hypervisor/index.ts';
import { limitOption } from './limit-option.ts';
import { formatCount, formatSeconds } from './text.ts';
import { factLines, type GuestFacts, profileLines, type TimeProfile } from './time-profile.ts';
import { dumpLines, type UnitDump } from './unit-dump.ts';

/** Times in milliseconds since the command was typed and since `Partition.start()`. */
export interface Moment {
  sinceCommandMs: number;
  sinceStartMs: number;
}

export interface RunResult {
  exit: PartitionExit;
  exitStatus: number;
  scriptStatus: number | undefined;
  ended: Moment;
  /** When the guest's shell was ready, and the instructions that took. */
  ready: (Moment & { instructions: number }) | undefined;
  instructions: number;
  counters: Partial<PartitionStatistics['counters']>;
  profile?: TimeProfile & GuestFacts;
  /** The units that begin where one was to be shown. */
  unit?: { address: string; dumps: UnitDump[] };
}

export interface RunView {
  started(partition: Partition): void;
  console(bytes: Buffer): void;
  ready(moment: Moment): void;
  reset(): void;
  warning(text: string): void;
  audit(event: AuditEvent): void;
  ended(result: RunResult): void;
}

/** Millions of instructions per second. */
export function mips(instructions: number, ms: number): number {
  return ms > 0 ? instructions / ms / 1000 : 0;
}

export interface TextViewOptions {
  isQuiet: boolean;
  hasStatistics: boolean;
  hint: string | undefined;
}

export class TextView implements RunView {
  readonly #options: TextViewOptions;
  #isAtLineStart = true;

  constructor(options: TextViewOptions) {
    this.#options = options;
  }

  started(partition: Partition): void {
    const { hint, isQuiet } = this.#options;
    const where = `${partition.name} runs at isolation level ${partition.isolation}, process ${partition.pid}`;
    if (!isQuiet) this.#say(hint === undefined ? where : `${where}; ${hint}`);
  }

  console(bytes: Buffer): void {
    process.stdout.write(bytes);
    this.#isAtLineStart = bytes.at(-1) === 0x0a;
  }

  ready(): void {}

  reset(): void {
    if (!this.#options.isQuiet) this.#say('the guest was reset and starts again');
  }

  warning(text: string): void {
    this.#say(`warning: ${text}`);
  }

  audit(event: AuditEvent): void {
    this.warning(describeAudit(event));
  }

  ended(result: RunResult): void {
    const { hasStatistics, isQuiet } = this.#options;
    const isOrdinary = result.exit.kind === 'power-off' || result.exit.kind === 'stopped';
    if (!isOrdinary || !isQuiet) this.#say(describeEnd(result));
    if (hasStatistics) for (const line of statisticsLines(result)) this.#say(line);
    const { profile, unit } = result;
    if (profile !== undefined)
      for (const line of [...profileLines(profile), ...factLines(profile)]) this.#say(line);
    if (unit !== undefined) process.stderr.write(`${dumpLines(unit.dumps, unit.address).join('\n')}\n`);
  }

  #say(text: string): void {
    // In raw mode, and after a prompt, the cursor is anywhere.
    process.stderr.write(`${this.#isAtLineStart ? '' : '\r\n'}cofferdam: ${text}\n`);
    this.#isAtLineStart = true;
  }
}

export function describeAudit(event: AuditEvent): string {
  if (event.event === 'throttled') {
    const waited = formatSeconds(event.waitedMs);
    return `the guest went over its limit of ${limitOption(event.limit)} and waited for ${waited}`;
  }
  const { refused, reason } = event;
  const times = refused === 1 ? '' : ` ${formatCount(refused)} times, first`;
  return `the guest's code was refused${times}: ${reason}`;
}

export function describeEnd(result: RunResult): string {
  const { exit, scriptStatus } = result;
  const script = scriptStatus === undefined ? '' : `; its script ended with status ${scriptStatus}`;
  return `${exit.message}${script}`;
}

export function statisticsLines(result: RunResult): string[] {
  const { ready, ended, instructions } = result;
  const moment = (name: string, { sinceCommandMs, sinceStartMs }: Moment): string =>
    `${name}: ${formatSeconds(sinceCommandMs)} after the command, ${formatSeconds(sinceStartMs)} after the partition's start`;
  const lines = ready === undefined ? [] : [moment('shell', ready)];
  lines.push(moment('end', ended));
  if (ready !== undefined && ready.instructions > 0) {
    const rate = mips(ready.instructions, ready.sinceStartMs).toFixed(1);
    lines.push(`to the shell: ${formatCount(ready.instructions)} instructions, ${rate} MIPS`);
  }
  lines.push(
    instructions > 0
      ? `in all: ${formatCount(instructions)} instructions, ${mips(instructions, ended.sinceStartMs).toFixed(1)} MIPS, waiting included`
      : 'in all: the guest did not report instructions',
  );
  const {
    codePublished = 0,
    codeRefused = 0,
    codeRefusedByCheck = 0,
    codeRefusedByEngine = 0,
  } = result.counters;
  if (codePublished + codeRefused > 0) {
    const by = `${formatCount(codeRefusedByCheck)} by the check, ${formatCount(codeRefusedByEngine)} by the engine`;
    lines.push(`code: ${formatCount(codePublished)} published, ${formatCount(codeRefused)} refused (${by})`);
  }
  return lines;
}

export class JsonView implements RunView {
  readonly #decoder = new StringDecoder('utf8');

  started(partition: Partition): void {
    const { name, isolation, walls, pid } = partition;
    this.#emit({ event: 'started', name, isolation, walls, pid });
  }

  console(bytes: Buffer): void {
    const text = this.#decoder.write(bytes);
    if (text !== '') this.#emit({ event: 'console', text });
  }

  ready(moment: Moment): void {
    this.#emit({ event: 'ready', ...moment });
  }

  reset(): void {
    this.#emit({ event: 'reset' });
  }

  warning(text: string): void {
    this.#emit({ event: 'warning', text });
  }

  audit(event: AuditEvent): void {
    this.#emit(event);
  }

  ended(result: RunResult): void {
    this.#emit({ event: 'result', ...result });
  }

  #emit(event: object): void {
    process.stdout.write(`${JSON.stringify(event)}\n`);
  }
}
