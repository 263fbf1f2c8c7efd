// Boots an image to its prompt and to power-off again and again, and stops at the first failure. `--help` tells more.
import { bootFiles } from '../../guests/images/index.ts';
import { Hypervisor } from '../../hypervisor/index.ts';
import { EXIT_FAILED, failedBy, runCommand } from '../command.ts';
import { watchSignals } from '../interruption.ts';
import { summarise } from '../machine.ts';
import { BenchUsageError, parseCount, parseWords } from '../usage.ts';
import { BOOT_CHECK } from './guest-rows.ts';
import { startCofferdam } from './guest-shell.ts';
import { findImage, isMissing, settingsFor } from './images.ts';

const HELP = `Boots an image to its prompt and to power-off again and again, in the jail, and stops at the first failure.

usage: node bench/macro/boot-soak.ts [options]

  --boots N          how often (default 100)
  --image NAME       which image (default linux-tiny)
  --help             this

Exit status: 0 every boot came to its prompt, did a sum and powered off; 1 one did not; 2 wrong usage or no such image; 128
and more when a signal ended it.

Examples:
  node bench/macro/boot-soak.ts
  node bench/macro/boot-soak.ts --image linux --boots 20
`;

interface Options {
  boots: number;
  image: string;
}

/** Undefined where help is wanted. */
function parseOptions(words: readonly string[]): Options | undefined {
  const values = parseWords({
    args: [...words],
    options: {
      boots: { type: 'string', default: '100' },
      image: { type: 'string', default: 'linux-tiny' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return undefined;
  return { boots: parseCount('--boots', values.boots), image: values.image };
}

async function main(words: readonly string[]): Promise<number> {
  const options = parseOptions(words);
  if (options === undefined) {
    process.stdout.write(HELP);
    return 0;
  }
  const image = await findImage(options.image);
  if (isMissing(image)) throw new BenchUsageError(image.reason);
  const signal = watchSignals();
  const settings = settingsFor(image, bootFiles(image), 256, signal);
  await using hypervisor = await Hypervisor.start();
  const times: number[] = [];
  let status = 0;
  try {
    while (times.length < options.boots) {
      await using shell = await startCofferdam(hypervisor, settings, 'jail');
      const { output } = await shell.run(BOOT_CHECK.command);
      if (!output.includes(BOOT_CHECK.output)) throw new Error(`its shell printed ${JSON.stringify(output)}`);
      await shell.powerOff();
      times.push(shell.bootMs);
      process.stderr.write(`\r${times.length}/${options.boots}`);
    }
  } catch (error) {
    process.stderr.write(`\nboot ${times.length + 1} failed: `);
    status = failedBy(error, signal);
  }
  if (times.length === 0) return status || EXIT_FAILED;
  const { median, min, max } = summarise(times);
  process.stdout.write(
    `\n${times.length} of ${options.boots} boots of ${options.image} to power-off; ${median.toFixed(0)} ms to the prompt (${min.toFixed(0)}–${max.toFixed(0)})\n`,
  );
  return status;
}

await runCommand(main);
