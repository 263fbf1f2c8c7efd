// `cofferdam run`: its options, its help, and the way from them to a session.
import { Command } from 'commander';
import { defaultMachineMib } from '../../../hypervisor/index.ts';
import { escapeHelp } from './escape-keys.ts';
import { exitStatusHelp, RefusedError, UsageError } from './exit-status.ts';
import { chooseGuest, type GuestChoice } from './guest-choice.ts';
import { limitHelp } from './limit-option.ts';
import { parseRunOptions, type RunOptions, type TypedRunOptions } from './run-options.ts';
import { runSession, type SessionInspection } from './run-session.ts';
import { JsonView, type RunView, TextView } from './run-view.ts';
import { SymbolTable } from './symbols.ts';
import { unitAddress } from './unit-dump.ts';

const collect = (value: string, earlier: string[] = []): string[] => [...earlier, value];

const runHelp = `
GUEST is the name of an image (cofferdam image list) or of a sample (cofferdam list), a Wasm module (a unikernel),
or an ELF file (a bare-metal program for the RV64 machine).

The guest's console is standard output; what Cofferdam has to say goes to standard error. With --json, standard
output carries one JSON object per line: started, console, ready, reset, warning and, last, result.

At a terminal: ${escapeHelp}; Ctrl-C goes to the guest.
Not at a terminal: standard input goes to the guest, for an image as soon as its shell is ready, and its end
ends the shell. SIGINT and SIGTERM end the partition.
${limitHelp}${exitStatusHelp}

Examples:
  cofferdam run hello
  cofferdam run linux-tiny --memory 128 --stats
  cofferdam run linux --profile fast --disk disk.img,overlay=changes.cow
  cofferdam run linux-tiny --script 'uname -a; cat /proc/cpuinfo'
  echo 'uname -a' | cofferdam run linux-tiny --quiet
  cofferdam run linux-tiny --isolation thread --time-profile --script 'gzip -c /bin/busybox | md5sum'
  cofferdam run linux --quiet --script 'cat /proc/kallsyms' > symbols
  cofferdam run linux-tiny --isolation thread --dump-unit memset --script 'seq 1 99999 | md5sum'
  cofferdam run linux-tiny --cpu-cap 25 --cpu-weight 50
  cofferdam run linux-tiny --cpu-processors 2-3
  cofferdam run linux-tiny --limit io-bytes=20M --limit console-bytes=10k --disk disk.img
  cofferdam run --kernel Image --initrd initramfs --append 'console=ttyS0'
  cofferdam run test.elf --signature test.sig --signature-granularity 4 --max-instructions 10M`;

export function runCommand(finish: (status: number) => void): Command {
  return new Command('run')
    .summary('run a guest')
    .description('Runs a guest in a partition of its own until it ends.')
    .argument('[guest]', 'image, sample, .wasm or ELF file')
    .option('--kernel <file>', 'boot this kernel (Image or vmlinux) instead of an image')
    .option('--initrd <file>', 'with --kernel: its initramfs')
    .option('--append <text>', "more for the kernel's command line; with --kernel all of it")
    .option('--profile <name>', "stock or fast: the image's ways to boot")
    .option('--console <device>', "which of the image's consoles, ttyS0 or hvc0")
    .option('--cpus <n>', 'virtual processors: 1 for now', '1')
    .option('--memory <mib>', 'default: 16 for unikernels, 256 for machines')
    .option('--disk <path[,ro][,overlay=file]>', 'a raw disk image; may be given again', collect)
    .option('--isolation <level>', 'thread, process or jail; default: the best this machine has')
    .option(
      '--cpu-weight <n>',
      'share among partitions that want more than there is, 1 to 10000; default 100',
    )
    .option('--cpu-cap <percent>', 'never more than so much of one processor; default: no cap')
    .option('--cpu-reserve <percent>', 'so much of one processor before others get their share; default 0')
    .option('--cpu-processors <list>', 'run on these processors alone, as in 0,2-3; default: on all')
    .option('--limit <name=rate>', 'at most so many per second, see below; may be given again', collect)
    .option('--engine <name>', 'translator (default) or interpreter: how the RV64 machine runs code')
    .option('--clock-granularity <time>', "how coarse the guest's clocks are, as in 10us; default 100ns")
    .option('--transport <bus>', 'pci or mmio: where virtio devices are; default: what the image can')
    .option('--script <text|@file>', 'run this in the image instead of a shell, then power off')
    .option('--signature <file>', 'bare metal: write the memory between begin_signature and end_signature')
    .option('--signature-granularity <bytes>', 'bare metal: 4 or 8 bytes per line; default 4')
    .option('--trace <file>', 'bare metal: write a line for each instruction retired')
    .option('--max-instructions <n>', 'bare metal: end after so many, as in 25M')
    .option('--no-reboot', 'a guest that resets ends')
    .option('--json', 'events and the result as JSON lines')
    .option('--stats', 'say afterwards how long the boot took, instructions, MIPS')
    .option('--time-profile', 'say afterwards where the time went; needs --isolation thread')
    .option('--dump-unit <where>', 'show the translated code that begins at an address or symbol, likewise')
    .option('--symbols <file>', "for these two: the kernel's System.map, or what nm or /proc/kallsyms says")
    .option('--quiet', "only the guest's console and what went wrong")
    .addHelpText('after', runHelp)
    .action(async (target: string | undefined, typed: TypedRunOptions) => {
      finish(await run(target, parseRunOptions(typed)));
    });
}

async function run(target: string | undefined, options: RunOptions): Promise<number> {
  const choice = await chooseGuest(target, options);
  const { minimumMemoryMib } = choice;
  if (
    options.memoryMib !== undefined &&
    minimumMemoryMib !== undefined &&
    options.memoryMib < minimumMemoryMib
  ) {
    choice.release?.();
    throw new UsageError(
      `--memory: expected at least ${minimumMemoryMib} for ${choice.name}, got ${options.memoryMib}`,
    );
  }
  const inspection = chooseInspection(choice, options);
  const isInteractive = isTerminal() && !options.isJson && options.script === undefined;
  return await runSession(
    choice,
    {
      memoryMib:
        options.memoryMib ??
        (minimumMemoryMib === undefined ? undefined : Math.max(defaultMachineMib, minimumMemoryMib)),
      disks: options.disks,
      isolation: options.isolation,
      clockGranularityNs: options.clockGranularityNs,
      restartsOnReset: options.restartsOnReset,
      limits: options.limits,
      cpu: options.cpu,
      isInteractive,
      hasInput: isInteractive || process.stdin.isTTY !== true,
      hasScript: options.script !== undefined,
      inspection,
    },
    runView(options, isInteractive),
  );
}

function chooseInspection(choice: GuestChoice, options: RunOptions): SessionInspection | undefined {
  const { hasTimeProfile, dumpUnit } = options;
  try {
    if (!hasTimeProfile && dumpUnit === undefined) {
      if (options.symbols === undefined) return undefined;
      throw new UsageError('--symbols: expected together with --time-profile or --dump-unit');
    }
    const option = hasTimeProfile ? '--time-profile' : '--dump-unit';
    if (options.isolation !== 'thread')
      throw new UsageError(`${option}: expected --isolation thread: a confined guest cannot be looked into`);
    if (dumpUnit !== undefined && choice.guest.kind === 'unikernel')
      throw new UsageError('--dump-unit: expected a guest of the RV64 machine, got a unikernel');
    const symbols = readSymbols(options.symbols ?? choice.kernelSymbols);
    const unit = dumpUnit === undefined ? undefined : unitAddress(dumpUnit, symbols);
    return { isSampled: hasTimeProfile, unit, symbols };
  } catch (error) {
    choice.release?.();
    throw error;
  }
}

function readSymbols(path: string | undefined): SymbolTable | undefined {
  try {
    return path === undefined ? undefined : SymbolTable.read(path);
  } catch (error) {
    throw new RefusedError(`--symbols: cannot read ${path}: ${(error as Error).message}`);
  }
}

export function isTerminal(): boolean {
  return process.stdin.isTTY === true && process.stdout.isTTY === true;
}

function runView(options: RunOptions, isInteractive: boolean): RunView {
  if (options.isJson) return new JsonView();
  return new TextView({
    isQuiet: options.isQuiet,
    hasStatistics: options.hasStatistics,
    hint: isInteractive ? escapeHelp : undefined,
  });
}
