// Boots an image to its prompt and to power-off again and again, and stops at the first failure.
// `node bench/macro/boot-soak.ts [--boots N] [--image NAME]`; exit status 1 after a failure.
import { parseArgs } from 'node:util';
import { bootFiles, openImage } from '../../guests/images/index.ts';
import { Hypervisor } from '../../hypervisor/index.ts';
import { watchSignals } from '../interruption.ts';
import { summarise } from '../machine.ts';
import { BOOT_CHECK } from './guest-rows.ts';
import { startCofferdam } from './guest-shell.ts';
import { settingsFor } from './images.ts';

const { values } = parseArgs({
  options: { boots: { type: 'string', default: '100' }, image: { type: 'string', default: 'linux-tiny' } },
});
const boots = Number(values.boots);
const image = await openImage(values.image);
const settings = settingsFor(image, bootFiles(image), 256, watchSignals());
await using hypervisor = await Hypervisor.start();
const times: number[] = [];
try {
  while (times.length < boots) {
    await using shell = await startCofferdam(hypervisor, settings, 'jail');
    const { output } = await shell.run(BOOT_CHECK.command);
    if (!output.includes(BOOT_CHECK.output)) throw new Error(`its shell printed ${JSON.stringify(output)}`);
    await shell.powerOff();
    times.push(shell.bootMs);
    process.stderr.write(`\r${times.length}/${boots}`);
  }
} catch (error) {
  process.stderr.write(`\nboot ${times.length + 1} failed: ${(error as Error).message}\n`);
  process.exitCode = 1;
}
if (times.length > 0) {
  const { median, min, max } = summarise(times);
  console.log(
    `\n${times.length} of ${boots} boots of ${values.image} to power-off; ${median.toFixed(0)} ms to the prompt (${min.toFixed(0)}–${max.toFixed(0)})`,
  );
}
