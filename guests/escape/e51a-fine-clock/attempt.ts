import type { Attempt } from '../attempt.ts';

const GRANULARITY_NS = 20_000_000;
const GRANULARITY_TICKS = GRANULARITY_NS / 100;

export const fineClock: Attempt = {
  id: 'E51a',
  name: 'read time finer than it may',
  boundary: 'guest and hypervisor',
  wants: 'confidentiality',
  ancestor: 'timers for cache attacks: performance.now() and SharedArrayBuffer after Spectre',
  statement:
    "Cache and scheduling attacks need a clock. This partition's clocks were given a granularity of 20 ms. The guest reads them as fast as it can, by its import and by the register that holds the same time, and looks for the smallest step. Both come from one function, which rounds down to the granularity. (A loop that counts between two steps is a clock as well, of a kind that no rounding takes away.)",
  heldBy: [['clock-granularity']],
  async run(stage) {
    stage.tries('to see time pass in steps below its granularity of 20 ms');
    const { exit, text } = await stage.runGuest({
      guest: 'e51a-fine-clock',
      clockGranularityNs: GRANULARITY_NS,
    });
    const [, byImport, byRegister] = /import (\d+) register (\d+)/.exec(text) ?? [];
    if (byImport === undefined) throw new Error(`the guest did not read its clocks: ${exit.message}`);
    const smallest = Math.min(Number(byImport), Number(byRegister));
    const evidence = [
      `smallest steps: ${byImport} ticks by import, ${byRegister} by register, of ${GRANULARITY_TICKS}`,
    ];
    stage.sees(evidence.join());
    return { hasSucceeded: smallest < GRANULARITY_TICKS, evidence };
  },
};
