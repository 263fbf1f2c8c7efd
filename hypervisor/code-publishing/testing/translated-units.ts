// Units as the machine's own translator writes them: modules that it published while it ran random programs.
import { generateProgram } from '../../../guests/riscv/oracle/generator/program.ts';
import { HartMachine } from '../../../guests/riscv/oracle/hart-machine.ts';

const GROUPS = 400;
const BUDGET = 1000;
const BUDGETS = 40;

export interface TranslatedUnits {
  modules: Uint8Array<ArrayBuffer>[];
  /** The machine that wrote them, its memory as it is afterwards. */
  machine: HartMachine;
}

/** @param programs how many programs to run of each class, mixed and loops, from seed `seed` on */
export async function translatedUnits(seed: bigint, programs: number): Promise<TranslatedUnits> {
  const machine = await HartMachine.create();
  machine.setEngine('translator');
  const modules: Uint8Array<ArrayBuffer>[] = [];
  const { publisher } = machine.bare;
  const publish = publisher.publish.bind(publisher);
  publisher.publish = (bytes, index) => {
    modules.push(bytes);
    return publish(bytes, index);
  };
  for (let program = 0; program < programs; program++) {
    for (const chosen of ['mixed', 'loop'] as const) {
      machine.load(generateProgram(seed + BigInt(program), GROUPS, chosen));
      for (let budget = 0; budget < BUDGETS; budget++) machine.run(BUDGET);
    }
  }
  return { modules, machine };
}
