import { randomInt } from 'node:crypto';
import type { Attempt } from '../attempt.ts';

const GRANULARITY_NS = 1_000_000_000;
const BITS = 16;
const SLOT_MS = 20;
/** Until both partitions run. */
const START_UP_S = 5;
const TIMEOUT_MS = 60_000;

export const loadUnderACoarseClock: Attempt = {
  id: 'E50',
  name: "read a neighbour's load by a clock that is too coarse",
  boundary: 'guest and guest',
  wants: 'confidentiality',
  ancestor:
    'covert channels by the time of what is shared: whoever waits for the same server sees by a clock how busy others keep it (Lampson 1973, A Note on the Confinement Problem)',
  statement:
    'Two partitions that may not talk share the root partition. One, whose clock is fine, keeps it busy or not, 20 ms at a time, by the bits of its secret; the other one counts how often it is answered meanwhile. Its clocks tick once a second: what lies between two ticks it sees as a sum, and so one symbol a second gets through at most, not 25 bits. (A granularity bounds what is read by a clock. It does not bound who counts steps of its own while it waits, which is a clock, too, if an unsteady one: `npm run bench:covert` measures what gets through.)',
  heldBy: [['clock-granularity']],
  async run(stage) {
    const secret = randomInt(2 ** BITS);
    const start = String(Math.ceil(Date.now() / 1000) + START_UP_S);
    const shared = { bits: String(BITS), key: String(randomInt(2 ** 32)), start };
    const both = { guest: 'e50-load-under-a-coarse-clock', timeoutMs: TIMEOUT_MS };
    stage.tries(
      `to learn ${BITS} bits from when a neighbour loads the root partition, ${SLOT_MS} ms at a time`,
    );
    const [, { exit, text }] = await Promise.all([
      stage.runGuest({
        ...both,
        name: 'victim',
        arguments: { ...shared, role: 'send', secret: String(secret) },
      }),
      stage.runGuest({
        ...both,
        clockGranularityNs: GRANULARITY_NS,
        arguments: { ...shared, role: 'receive' },
      }),
    ]);
    const received = /^received (\d+)$/m.exec(text)?.[1];
    if (received === undefined) throw new Error(`nothing was received: ${text} ${exit.message}`);
    const inBinary = (value: number): string => value.toString(2).padStart(BITS, '0');
    const evidence = [`sent ${inBinary(secret)}, received ${inBinary(Number(received))}`];
    stage.sees(evidence.join());
    return { hasSucceeded: Number(received) === secret, evidence };
  },
};
