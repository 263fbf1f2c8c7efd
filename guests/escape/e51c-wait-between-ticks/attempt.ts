import type { Attempt } from '../attempt.ts';

const GRANULARITY_NS = 200_000_000;

export const waitBetweenTicks: Attempt = {
  id: 'E51c',
  name: 'wait for times that its clock does not show',
  boundary: 'guest and hypervisor',
  wants: 'confidentiality',
  ancestor:
    'clocks made of timers where the clock itself was made coarse: setTimeout and animation frames (Schwarz et al. 2017, Fantastic Timers)',
  statement:
    "A partition's clocks tick every 200 ms. The guest does not ask its clock but waits for a time 5 ms after a tick: when the wait is over, it knows that 5 ms have passed, while its clock still shows the tick. Waits of such lengths are a clock as fine as it likes. The hypervisor ends a wait where the clock says that its time has come, at the next tick.",
  heldBy: [['wait-granularity']],
  async run(stage) {
    stage.tries('to have waits end between two ticks of its clock');
    const { exit, text } = await stage.runGuest({
      guest: 'e51c-wait-between-ticks',
      clockGranularityNs: GRANULARITY_NS,
    });
    const early = /^(\d+) of \d+ waits/.exec(text)?.[1];
    if (early === undefined) throw new Error(`the guest did not wait: ${exit.message}`);
    stage.sees(text.trim());
    return { hasSucceeded: Number(early) > 0, evidence: [text.trim()] };
  },
};
