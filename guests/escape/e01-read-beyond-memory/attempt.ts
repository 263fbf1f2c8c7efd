import type { Attempt } from '../attempt.ts';

const KIB = 1024;
/** What lies there belongs to the engine; some of it is not mapped, so several places are tried, each in several processes. */
const places = [64 * KIB, 1024 * KIB, 4096 * KIB, 8192 * KIB];
const TIMES = 3;

export const readBeyondMemory: Attempt = {
  id: 'E01',
  name: 'read beyond its memory',
  boundary: 'guest and its own sandbox',
  wants: 'confidentiality',
  ancestor: 'every out-of-bounds read',
  statement:
    "A guest loads from addresses behind the end of its linear memory, where its process keeps the engine's own data. The engine checks each access; a load beyond the end is a trap, which ends this guest. The test build tells the engine to leave its checks out, and the same loads come back with bytes of the process.",
  heldBy: [['bounds-checks']],
  levels: ['process', 'jail'],
  async run(stage) {
    const evidence: string[] = [];
    let hasSucceeded = false;
    for (const beyond of Array<number[]>(TIMES).fill(places).flat()) {
      stage.tries(`to load from ${beyond / KIB} KiB beyond its memory`);
      const { exit, text } = await stage.runGuest({
        guest: 'e01-read-beyond-memory',
        arguments: { beyond: String(beyond) },
      });
      if (!text.includes('loading')) throw new Error(`the guest did not load: ${exit.message}`);
      const got = text.match(/(?:got|found) .*/g) ?? [];
      const seen = [...got, `the guest: ${exit.message}`].join(', ');
      stage.sees(seen);
      evidence.push(seen);
      hasSucceeded = got.length > 0;
      if (hasSucceeded) break;
    }
    return { hasSucceeded, evidence };
  },
};
