// The rows of the guest benchmarks in v86 beside qemu-system-i386, on the same kernel, initramfs and binaries,
// interleaved, with all outputs compared. Cofferdam's ratio to QEMU and v86's are then comparable on one machine.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { describeMachine, machineLine, qemuVersion, type Summary, summarise } from '../machine.ts';
import { type GuestRow, guestRows } from '../macro/guest-rows.ts';
import { type GuestShell, startProcess } from '../macro/guest-shell.ts';
import { buildI386Guest, type I386Guest } from './i386-guest.ts';
import { type ProcessorTime, processorTime, since } from './processor-time.ts';

const HELP = `Runs the guest benchmarks in v86 and in qemu-system-i386 alternately, and compares times and results.

usage: node bench/baselines/v86.ts [options]

  --samples N    runs of each program on each machine (default 3)
  --only TEXT    rows whose group or name holds TEXT; "boot" is power-on to shell
  --memory MIB   guest memory (default 256)
  --bios DIR     folder with SeaBIOS (default /usr/share/seabios)
  --json         the result as JSON

Needs an x86 machine with Linux, and what Cofferdam itself does not use:
  npm install --no-save v86
  apt-get install qemu-system-x86 seabios gcc-i686-linux-gnu libc6-dev-i386-cross
The guest's kernel and busybox come from Debian's i386 packages, through apt.

Times are from the return key to the command's end. CPU time is that of the whole process; v86's is given for its main
thread, which emulates, and for the others, on which V8 compiles and collects garbage. A ratio above 1: v86 is faster.`;

const { values } = parseArgs({
  options: {
    help: { type: 'boolean', short: 'h', default: false },
    samples: { type: 'string', default: '3' },
    only: { type: 'string' },
    memory: { type: 'string', default: '256' },
    bios: { type: 'string', default: '/usr/share/seabios' },
    json: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log(HELP);
  process.exit(0);
}

const rows: readonly GuestRow[] = guestRows.flatMap((row) =>
  row.name === 'matrix-double'
    ? [row, { ...row, name: 'matrix-double SSE2', command: row.command.replace('bench ', 'bench-sse2 ') }]
    : row,
);

interface Side {
  wall: Summary;
  mainCpu: Summary;
  otherCpu: Summary;
}
interface Result {
  group: string;
  name: string;
  v86: Side;
  qemu: Side;
  /** QEMU's median time as a multiple of v86's. */
  ratio: number;
  output: string;
}
type Sample = ProcessorTime & { wallMs: number };

const QEMU = 'qemu-system-i386';
const machines = ['v86', 'qemu'] as const;
const samples = Number(values.samples);
const here = dirname(fileURLToPath(import.meta.url));

/** The version of v86, if all that the comparison needs is there. */
function requireBaselines(): string {
  let manifest: string;
  try {
    manifest = fileURLToPath(new URL('../package.json', import.meta.resolve('v86')));
  } catch (cause) {
    throw new Error('v86 is not installed: npm install --no-save v86', { cause });
  }
  if (!existsSync(join(values.bios, 'bios.bin')))
    throw new Error(`no bios.bin in ${values.bios}; on Debian: apt-get install seabios`);
  if (qemuVersion(QEMU) === null)
    throw new Error(`${QEMU} is not installed; on Debian: apt-get install qemu-system-x86`);
  return `v86 ${JSON.parse(readFileSync(manifest, 'utf8')).version}`;
}

function start(machine: 'v86' | 'qemu', { files, readyPattern }: I386Guest): Promise<GuestShell> {
  const { kernelPath, initramfsPath, commandLine } = files;
  const { memory, bios } = values;
  if (machine === 'v86') {
    const program = join(here, 'v86-machine.ts');
    const args = ['--no-warnings', program, kernelPath, initramfsPath, commandLine, memory, bios];
    return startProcess(process.execPath, args, readyPattern);
  }
  const args = [
    ...['-M', 'pc', '-smp', '1', '-m', `${memory}M`, '-nographic', '-monitor', 'none'],
    ...['-accel', 'tcg,thread=single', '-kernel', kernelPath, '-initrd', initramfsPath],
    ...['-append', commandLine, '-nic', 'none'],
  ];
  return startProcess(QEMU, args, readyPattern);
}

function sideOf(taken: readonly Sample[]): Side {
  return {
    wall: summarise(taken.map(({ wallMs }) => wallMs)),
    mainCpu: summarise(taken.map(({ mainMs }) => mainMs)),
    otherCpu: summarise(taken.map(({ othersMs }) => othersMs)),
  };
}

function resultOf(
  group: string,
  name: string,
  taken: Record<'v86' | 'qemu', Sample[]>,
  output: string,
): Result {
  const v86 = sideOf(taken.v86);
  const qemu = sideOf(taken.qemu);
  return { group, name, v86, qemu, ratio: qemu.wall.median / v86.wall.median, output };
}

async function measureBoot(guest: I386Guest): Promise<Result> {
  const taken = { v86: [] as Sample[], qemu: [] as Sample[] };
  const outputs = new Set<string>();
  for (let sample = 0; sample < samples; sample++)
    for (const machine of machines) {
      await using shell = await start(machine, guest);
      taken[machine].push({ wallMs: shell.bootMs, ...processorTime(shell.pid) });
      outputs.add((await shell.run('uname -srm')).output.trim().split('\n').at(-1)?.trim() ?? '');
    }
  return resultOf('P4', 'boot', taken, onlyOne('boot', outputs));
}

async function measure(
  row: GuestRow,
  shells: Record<'v86' | 'qemu', GuestShell>,
  guest: I386Guest,
): Promise<Result> {
  const taken = { v86: [] as Sample[], qemu: [] as Sample[] };
  const outputs = new Set<string>();
  const own = /^\/bench\/\S+ (\S+) (\d+)$/.exec(row.command);
  if (own !== null) outputs.add(guest.runNatively(own.slice(1)).trim());
  // The first run of each is not counted, as with Cofferdam: hot code is found in it.
  for (let sample = -1; sample < samples; sample++)
    for (const machine of machines) {
      const { pid } = shells[machine];
      const before = processorTime(pid);
      const { output, milliseconds } = await shells[machine].run(row.command);
      outputs.add(output.trim().split('\n').at(-1)?.trim() ?? '');
      if (sample >= 0) taken[machine].push({ wallMs: milliseconds, ...since(before, processorTime(pid)) });
    }
  return resultOf(row.group, row.name, taken, onlyOne(row.name, outputs));
}

function onlyOne(name: string, outputs: ReadonlySet<string>): string {
  const [output] = outputs;
  if (outputs.size !== 1 || output === undefined)
    throw new Error(`${name}: results differ: ${[...outputs].join(' | ')}`);
  return output;
}

const show = ({ median, min, max }: Summary): string =>
  `${median.toFixed(0)} ms (${min.toFixed(0)}–${max.toFixed(0)})`;

function line({ group, name, v86, qemu, ratio }: Result): string {
  const cpu = `CPU ${v86.mainCpu.median.toFixed(0)} + ${v86.otherCpu.median.toFixed(0)}`;
  const theirs = (qemu.mainCpu.median + qemu.otherCpu.median).toFixed(0);
  const ours = `v86 ${show(v86.wall).padEnd(24)} ${cpu.padEnd(20)}`;
  return `${group} ${name.padEnd(18)} ${ours} QEMU ${show(qemu.wall).padEnd(22)} CPU ${theirs.padEnd(6)} ratio ${ratio.toFixed(2)}`;
}

const version = requireBaselines();
using guest = await buildI386Guest();
const isWanted = (group: string, name: string): boolean =>
  values.only === undefined || group === values.only || name.includes(values.only);
const versions = [version, ...guest.versions];
const machine = { ...describeMachine(), qemu: qemuVersion(QEMU) };
const results: Result[] = [];
const add = (result: Result): void => {
  results.push(result);
  if (!values.json) console.log(line(result));
};
if (!values.json) console.log(`${machineLine(machine)}; ${versions.join('; ')}`);
if (isWanted('P4', 'boot')) add(await measureBoot(guest));
const wanted = rows.filter(({ group, name }) => isWanted(group, name));
if (wanted.length > 0) {
  await using v86 = await start('v86', guest);
  await using qemu = await start('qemu', guest);
  for (const row of wanted) add(await measure(row, { v86, qemu }, guest));
}
if (values.json) console.log(JSON.stringify({ machine, versions, rows: results }, null, 2));
