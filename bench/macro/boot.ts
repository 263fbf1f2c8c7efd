// Power-on to shell: Cofferdam beside QEMU on the same kernel, initramfs and command line, interleaved
// (rows P4). `node bench/macro/boot.ts [--samples N] [--json] [--only NAME]`; needs the images `linux` and `linux-tiny`.
import { parseArgs } from 'node:util';
import { bootFiles, openImage } from '../../guests/images/index.ts';
import { Hypervisor } from '../../hypervisor/index.ts';
import { describeMachine, machineLine, qemuVersion, type Summary, summarise } from '../machine.ts';
import { type BootTarget, bootCofferdam, bootQemu } from './guest-boot.ts';

interface Row {
  name: string;
  cofferdam: Summary;
  qemu: Summary | null;
  /** Cofferdam's median time as a multiple of QEMU's; below 1 is faster. */
  ratio: number | null;
  instructions: number;
  mips: number;
}

const { values } = parseArgs({
  options: {
    samples: { type: 'string', default: '5' },
    json: { type: 'boolean', default: false },
    only: { type: 'string' },
    isolation: { type: 'string', default: 'jail' },
  },
});

async function targets(): Promise<BootTarget[]> {
  const debian = await openImage('linux');
  const tiny = await openImage('linux-tiny');
  const target = (
    name: string,
    image: typeof debian,
    transport: 'pci' | 'mmio',
    profile?: 'stock' | 'fast',
  ): BootTarget => ({
    name,
    files: bootFiles(image, { profile }),
    readyPattern: new RegExp(image.manifest.readyPattern),
    memoryMib: 256,
    transport,
  });
  return [
    target('Debian, stock', debian, 'pci', 'stock'),
    target('Debian, fast profile', debian, 'pci', 'fast'),
    target('tiny kernel', tiny, 'mmio'),
  ].filter(({ name }) => values.only === undefined || name.includes(values.only));
}

async function measure(hypervisor: Hypervisor, target: BootTarget, samples: number): Promise<Row> {
  const hasQemu = qemuVersion() !== null;
  const ours: number[] = [];
  const theirs: number[] = [];
  let instructions = 0;
  for (let sample = 0; sample < samples; sample++) {
    const boot = await bootCofferdam(hypervisor, target, values.isolation as 'jail');
    ours.push(boot.milliseconds);
    instructions = boot.instructions ?? 0;
    if (hasQemu) theirs.push((await bootQemu(target)).milliseconds);
    process.stderr.write(`${target.name}: ${sample + 1}/${samples}\r`);
  }
  process.stderr.write('\n');
  const cofferdam = summarise(ours);
  const qemu = hasQemu ? summarise(theirs) : null;
  return {
    name: target.name,
    cofferdam,
    qemu,
    ratio: qemu === null ? null : cofferdam.median / qemu.median,
    instructions,
    mips: instructions / cofferdam.median / 1000,
  };
}

const machine = describeMachine();
await using hypervisor = await Hypervisor.start();
const rows: Row[] = [];
for (const target of await targets()) rows.push(await measure(hypervisor, target, Number(values.samples)));
if (values.json) console.log(JSON.stringify({ machine, rows }, null, 2));
else {
  console.log(machineLine(machine));
  const show = (summary: Summary | null): string =>
    summary === null
      ? 'QEMU is not installed'
      : `${summary.median.toFixed(0)} ms (${summary.min.toFixed(0)}–${summary.max.toFixed(0)}, n=${summary.samples})`;
  for (const row of rows) {
    const ratio = row.ratio === null ? '' : `  ratio ${row.ratio.toFixed(2)}`;
    console.log(
      `${row.name.padEnd(22)} Cofferdam ${show(row.cofferdam)}  QEMU ${show(row.qemu)}${ratio}  ${(row.instructions / 1e6).toFixed(0)} M instructions, ${row.mips.toFixed(0)} MIPS`,
    );
  }
}
