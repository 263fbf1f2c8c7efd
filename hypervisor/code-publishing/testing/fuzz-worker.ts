// Runs mutants of units, one after the other, on a thread that may be ended when one of them does not come back.
import { workerData } from 'node:worker_threads';
import { type FuzzTask, mutantOf, WORD_AT, WORD_FIRST_OUTCOME } from './fuzz.ts';
import { outcomes, ScratchMachine } from './scratch-machine.ts';

const { seed, programs, first, end, isChecked, words, account } = workerData as FuzzTask;
const machine = await ScratchMachine.create(seed, programs);
for (let number = first; number < end; number++) {
  Atomics.store(words, WORD_AT, number);
  const { mutant, of } = mutantOf(machine.units, seed, number);
  const { kind, what } = machine.run(mutant, machine.units[of]!, isChecked);
  Atomics.add(words, WORD_FIRST_OUTCOME + outcomes.indexOf(kind), 1);
  if (kind === 'escaped') {
    new TextEncoder().encodeInto(`mutant ${number} of seed ${seed}: ${what}`, account);
    break;
  }
}
Atomics.store(words, WORD_AT, end);
