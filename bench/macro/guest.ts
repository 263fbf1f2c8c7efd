// Programs in a Linux guest: Cofferdam beside QEMU, on the same kernel, initramfs and binaries, interleaved, with the
// output of every run compared. Rows P1 to P3; `node bench/macro/guest.ts --help` lists the options.
import { parseArgs } from 'node:util';
import { bootFiles, openImage } from '../../guests/images/index.ts';
import { Hypervisor, type IsolationLevel } from '../../hypervisor/index.ts';
import { describeMachine, machineLine, qemuVersion, type Summary, summarise } from '../machine.ts';
import { buildGuestPrograms } from './guest-programs.ts';
import { coremarkRow, type GuestRow, guestRows } from './guest-rows.ts';
import { type GuestSettings, type GuestShell, startCofferdam, startQemu } from './guest-shell.ts';

const HELP = `Runs programs in a Linux guest, in Cofferdam and in QEMU alternately, and compares times and results.

usage: npm run bench:guest -- [options]

  --samples N        runs of each program on each machine (default 5)
  --only TEXT        rows whose group or name holds TEXT
  --image NAME       Linux image (default linux-tiny)
  --memory MIB       guest memory (default 256)
  --isolation LEVEL  thread, process or jail (default jail)
  --coremark DIR     also EEMBC's CoreMark, from its sources in DIR
  --no-qemu          Cofferdam alone
  --json             the result as JSON

Examples:
  npm run bench:guest
  npm run bench:guest -- --only P3 --samples 9
  npm run bench:guest -- --coremark ~/coremark --json > result.json`;

const { values } = parseArgs({
  allowNegative: true,
  options: {
    help: { type: 'boolean', short: 'h', default: false },
    samples: { type: 'string', default: '5' },
    only: { type: 'string' },
    image: { type: 'string', default: 'linux-tiny' },
    memory: { type: 'string', default: '256' },
    isolation: { type: 'string', default: 'jail' },
    coremark: { type: 'string' },
    qemu: { type: 'boolean', default: true },
    json: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log(HELP);
  process.exit(0);
}

interface Result {
  group: GuestRow['group'];
  name: string;
  cofferdam: Summary;
  qemu: Summary | null;
  /** QEMU's median time as a multiple of Cofferdam's: above 1, Cofferdam is faster. */
  ratio: number | null;
  /** Guest instructions per microsecond. */
  mips: number | null;
  output: string;
}

/** The last line of what a command printed. */
const lastLine = (output: string): string => output.trim().split('\n').at(-1)?.trim() ?? '';

async function measure(row: GuestRow, ours: GuestShell, theirs: GuestShell | null): Promise<Result> {
  const samples = Number(values.samples);
  const times = { cofferdam: [] as number[], qemu: [] as number[] };
  const outputs = new Set<string>();
  const before = (await ours.statistics())?.instructions ?? null;
  // The first run of each is not counted: files come into the cache, hot code is found.
  for (let sample = -1; sample < samples; sample++) {
    for (const [machine, shell] of [
      ['cofferdam', ours],
      ['qemu', theirs],
    ] as const) {
      if (shell === null) continue;
      const { output, milliseconds } = await shell.run(row.command);
      outputs.add(lastLine(output));
      if (sample >= 0) times[machine].push(milliseconds);
    }
  }
  if (outputs.size !== 1) throw new Error(`${row.name}: results differ: ${[...outputs].join(' | ')}`);
  const after = (await ours.statistics())?.instructions ?? null;
  const cofferdam = summarise(times.cofferdam);
  const qemu = theirs === null ? null : summarise(times.qemu);
  const instructions = before === null || after === null ? null : (after - before) / (samples + 1);
  return {
    group: row.group,
    name: row.name,
    cofferdam,
    qemu,
    ratio: qemu === null ? null : qemu.median / cofferdam.median,
    mips: instructions === null ? null : instructions / cofferdam.median / 1000,
    output: [...outputs][0] as string,
  };
}

const show = ({ median, min, max }: Summary): string =>
  `${median.toFixed(0).padStart(6)} ms (${min.toFixed(0)}–${max.toFixed(0)})`;

function line(result: Result): string {
  const { group, name, cofferdam, qemu, ratio, mips } = result;
  const theirs = qemu === null ? '' : `  QEMU ${show(qemu).padEnd(24)}  ratio ${ratio?.toFixed(2)}`;
  return `${group} ${name.padEnd(14)} Cofferdam ${show(cofferdam).padEnd(24)}${theirs}  ${mips?.toFixed(0)} MIPS`;
}

function geometricMean(numbers: readonly number[]): number {
  return Math.exp(numbers.reduce((sum, number) => sum + Math.log(number), 0) / numbers.length);
}

function summaryLines(results: readonly Result[]): string[] {
  return (['P1', 'P2', 'P3'] as const).flatMap((group) => {
    const ratios = results.flatMap((result) => (result.group === group ? (result.ratio ?? []) : []));
    if (ratios.length === 0) return [];
    const worst = Math.min(...ratios);
    return [`${group}: geometric mean ${geometricMean(ratios).toFixed(2)}, worst ${worst.toFixed(2)}`];
  });
}

const machine = describeMachine();
const hasQemu = values.qemu && qemuVersion() !== null;
if (values.qemu && !hasQemu) process.stderr.write('qemu-system-riscv64 is not installed: no ratios\n');
using programs = buildGuestPrograms(values.coremark);
const image = await openImage(values.image);
const settings: GuestSettings = {
  files: programs.addTo(bootFiles(image)),
  readyPattern: new RegExp(image.manifest.readyPattern),
  memoryMib: Number(values.memory),
  transport: values.image.includes('tiny') ? 'mmio' : 'pci',
};
await using hypervisor = await Hypervisor.start();
await using ours = await startCofferdam(hypervisor, settings, values.isolation as IsolationLevel);
await using theirs = hasQemu ? await startQemu(settings) : null;
const rows = [...(values.coremark === undefined ? [] : [coremarkRow]), ...guestRows].filter(
  ({ group, name }) => values.only === undefined || group === values.only || name.includes(values.only),
);
if (!values.json) console.log(`${machineLine(machine)}; ${programs.compiler}`);
const results: Result[] = [];
for (const row of rows) {
  results.push(await measure(row, ours, theirs));
  if (!values.json) console.log(line(results.at(-1) as Result));
}
if (values.json)
  console.log(JSON.stringify({ machine, compiler: programs.compiler, rows: results }, null, 2));
else for (const text of summaryLines(results)) console.log(text);
