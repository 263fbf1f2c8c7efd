import type { Attempt } from '../attempt.ts';

const GRANULARITY_NS = 1_000_000;

export const fineWallClock: Attempt = {
  id: 'E51b',
  name: 'ask another clock for the time that it may not see',
  boundary: 'guest and root partition',
  wants: 'confidentiality',
  ancestor: 'the clock that was forgotten: fine time from another interface (RTC, network stamps, kvmclock)',
  statement:
    "A partition's granularity of a millisecond is kept by the hypervisor's clock. The guest asks the clock service in the root partition instead, whose wall time has microseconds. It has been told the partition's granularity as well, and rounds to it.",
  heldBy: [['wall-clock-granularity']],
  async run(stage) {
    stage.tries('to learn from the clock service what is below a millisecond');
    const { exit, text } = await stage.runGuest({
      guest: 'e51b-fine-wall-clock',
      clockGranularityNs: GRANULARITY_NS,
    });
    stage.sees(text.trim());
    const digits = /^([\d ]+) ns/.exec(text)?.[1];
    if (digits === undefined) throw new Error(`the guest did not read the clock: ${exit.message}`);
    const parts = digits.split(' ').map(Number);
    return { hasSucceeded: parts.some((part) => part !== 0), evidence: [text.trim()] };
  },
};
