// Boots an image to its prompt and to power-off again and again, and stops at the first failure.
// `node bench/macro/boot-soak.ts [--boots N] [--image NAME]`; exit status 1 after a failure.
import { parseArgs } from 'node:util';
import { bootFiles, openImage } from '../../guests/images/index.ts';
import { Hypervisor } from '../../hypervisor/index.ts';
import { summarise } from '../machine.ts';
import { bootCofferdam } from './guest-boot.ts';

const { values } = parseArgs({
  options: { boots: { type: 'string', default: '100' }, image: { type: 'string', default: 'linux-tiny' } },
});
const boots = Number(values.boots);
const image = await openImage(values.image);
const target = {
  name: values.image,
  files: bootFiles(image),
  readyPattern: new RegExp(image.manifest.readyPattern),
  memoryMib: 256,
  transport: values.image.includes('tiny') ? ('mmio' as const) : ('pci' as const),
};
await using hypervisor = await Hypervisor.start();
const times: number[] = [];
try {
  while (times.length < boots) {
    times.push((await bootCofferdam(hypervisor, target, 'jail')).milliseconds);
    process.stderr.write(`\r${times.length}/${boots}`);
  }
} catch (error) {
  process.stderr.write(`\nboot ${times.length + 1} failed: ${(error as Error).message}\n`);
  process.exitCode = 1;
}
const { median, min, max } = summarise(times);
console.log(
  `\n${times.length} of ${boots} boots of ${values.image} to power-off; ${median.toFixed(0)} ms to the prompt (${min.toFixed(0)}–${max.toFixed(0)})`,
);
