// Units as the machine's own translator writes them: what it published while it ran random programs.
import { generateProgram } from '../../../guests/riscv/oracle/generator/program.ts';
import { HartMachine } from '../../../guests/riscv/oracle/hart-machine.ts';

const GROUPS = 400;
const BUDGET = 1000;
const BUDGETS = 40;

export interface PublishedUnit {
  bytes: Uint8Array<ArrayBuffer>;
  /** Where in the table. */
  index: number;
}

/**
 * Runs programs of two classes, mixed and loops, `programs` of each, from a seed on.
 * @returns what was published, in order, and the machine as it is afterwards
 */
export async function translatedUnits(
  seed: bigint,
  programs: number,
): Promise<{ units: PublishedUnit[]; machine: HartMachine }> {
  const machine = await HartMachine.create();
  machine.setEngine('translator');
  const units: PublishedUnit[] = [];
  const { publisher } = machine.bare;
  const publish = publisher.publish.bind(publisher);
  publisher.publish = (bytes, index) => {
    units.push({ bytes, index });
    return publish(bytes, index);
  };
  for (let program = 0; program < programs; program++) {
    for (const chosen of ['mixed', 'loop'] as const) {
      machine.load(generateProgram(seed + BigInt(program), GROUPS, chosen));
      for (let budget = 0; budget < BUDGETS; budget++) machine.run(BUDGET);
    }
  }
  publisher.publish = publish;
  return { units, machine };
}
