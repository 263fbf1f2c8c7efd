import type { Attempt } from '../attempt.ts';

const MUCH_CHARACTERS = 1 << 20;

export const standardError: Attempt = {
  id: 'E70c',
  name: "fill the hypervisor's memory through standard error",
  boundary: 'guest and hypervisor',
  wants: 'availability',
  ancestor: 'log flooding: collectors that keep what containers write to their standard error',
  statement:
    "The hypervisor listens to a partition process's standard error, so that it can say why one crashed. The guest has broken out of WebAssembly and writes 8 MiB there. The hypervisor reads 64 KiB of it a second, and keeps the last 4096 characters.",
  fallen: ['engine'],
  heldBy: [['standard-error-rate', 'standard-error-tail', 'printable-ends']],
  levels: ['process', 'jail'],
  async run(stage) {
    if (stage.isolation === 'thread') {
      return { hasSucceeded: true, evidence: ["the process that would crash is the hypervisor's"] };
    }
    stage.tries('to write 8 MiB to standard error, and to crash');
    const { exit } = await stage.runGuest({ guest: 'escaped', arguments: { planted: 'E70c' } });
    const evidence = [`${exit.message.slice(0, 80)}: the hypervisor kept ${exit.message.length} characters`];
    stage.sees(evidence.join());
    return { hasSucceeded: exit.message.length > MUCH_CHARACTERS, evidence };
  },
};
