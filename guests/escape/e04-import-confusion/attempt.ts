import { guestModule } from '../../../hypervisor/isolation/testing/guest-module.ts';
import type { Attempt } from '../attempt.ts';

const FUNCTION_OF_TYPE_3 = [0, 3];
/** i32.const 42, call 0 (the import), i32.const 42, i32.eq: halts with 1 when the host's function gave 42 back. */
const body = [0x41, 42, 0x10, 0, 0x41, 42, 0x46];

export const importConfusion: Attempt = {
  id: 'E04',
  name: 'import what every JavaScript object has',
  boundary: 'guest and hypervisor',
  wants: 'integrity',
  ancestor: 'import and prototype confusion in WebAssembly hosts: env.system, constructor, __proto__',
  statement:
    "The module imports hv.constructor, which the hypervisor does not offer and which every ordinary JavaScript object inherits. Were it linked, the guest would call the host's Object function. Admission reads the import list itself and refuses the name; the object given to the engine inherits nothing, so that it would not be found there either.",
  heldBy: [['import-list', 'bare-import-object']],
  async run(stage) {
    stage.tries('to import hv.constructor and to call it');
    const module = guestModule({
      types: [[0x60, 1, 0x7f, 1, 0x7f]],
      imports: [{ module: 'hv', name: 'constructor', rest: FUNCTION_OF_TYPE_3 }],
      body,
    });
    const { exit } = await stage.runGuest({ guest: module });
    const hasSucceeded = exit.kind === 'power-off';
    const evidence = hasSucceeded ? "the host's Object(42) was called and gave 42 back" : exit.message;
    stage.sees(evidence);
    return { hasSucceeded, evidence: [evidence] };
  },
};
