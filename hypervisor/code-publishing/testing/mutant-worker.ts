// Runs mutants of units, one after the other, on a thread that may be ended when one of them does not come back.
import { parentPort, workerData } from 'node:worker_threads';
import type { PlantedBug } from '../../testing/fuzz/fuzz-target.ts';
import { checkPlanted, plant } from '../../testing/fuzz/planted-bug.ts';
import type { Outcome } from './scratch-machine.ts';

export interface MutantTask {
  mutant: Uint8Array<ArrayBuffer>;
  /** Number of the unit in whose place it is published. */
  of: number;
}
export type MutantAnswer = { units: Uint8Array<ArrayBuffer>[] } | Outcome;

export interface MutantWorkerData {
  seed: bigint;
  /** Programs of each class that the units come from. */
  programs: number;
  plantedBug: PlantedBug | undefined;
}

const { seed, programs, plantedBug } = workerData as MutantWorkerData;
plant(plantedBug);
const { ScratchMachine } = await import('./scratch-machine.ts');
checkPlanted();
const machine = await ScratchMachine.create(seed, programs);
parentPort?.on('message', ({ mutant, of }: MutantTask) => {
  const unit = machine.units[of];
  if (unit === undefined) throw new RangeError(`unit ${of}`);
  parentPort?.postMessage(machine.run(mutant, unit));
});
parentPort?.postMessage({ units: machine.units.map(({ bytes }) => bytes) });
