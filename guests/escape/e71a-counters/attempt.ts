import type { Attempt } from '../attempt.ts';

export const counters: Attempt = {
  id: 'E71a',
  name: 'report counters that are no numbers',
  boundary: 'guest and hypervisor',
  wants: 'integrity',
  ancestor:
    'JSON believed to have the shape that it should have: prototype pollution, stored scripts in consoles',
  statement:
    "A partition process counts hypercalls and reports them as JSON; the hypervisor's caller adds them up, or shows them on a page. The guest has broken out of WebAssembly and reports markup in place of a number. The hypervisor takes the counters that it knows, and makes numbers of them.",
  fallen: ['engine'],
  heldBy: [['checked-counters']],
  levels: ['process', 'jail'],
  async run(stage) {
    stage.tries('to report markup as the number of its hypercalls');
    const { statistics } = await stage.runGuest({ guest: 'escaped', arguments: { planted: 'E71a' } });
    const reported: unknown = statistics.counters.hypercalls;
    const evidence = [`hypercalls: ${JSON.stringify(reported)}`];
    stage.sees(evidence.join());
    return { hasSucceeded: typeof reported !== 'number', evidence };
  },
};
