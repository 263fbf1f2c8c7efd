import { randomBytes } from 'node:crypto';
import type { Attempt } from '../attempt.ts';
import { runPlanted } from '../stage/run-planted.ts';

export const allThatItsProcessHolds: Attempt = {
  id: 'E48',
  name: 'read all that its process holds, as speculation can',
  boundary: 'guest and guest',
  wants: 'confidentiality',
  ancestor:
    'Spectre variant 1 within a process (CVE-2017-5753): a sandbox reads past its bounds speculatively, and tells what it read by the cache; browsers gave each site a process of its own for that',
  statement:
    "A gadget that speculates past a check reads, byte by byte, what its process has mapped, whatever the engine's bounds say; a coarse clock makes it slow and does not stop it. What it could gain at the very best, an attacker gets here who may read his process's memory outright. He finds the secrets of his own partition, and nobody else's: each partition has a process of its own, which never holds another's memory, arguments or disks.",
  fallen: ['engine', 'jail', 'undumpable'],
  heldBy: [['process-per-partition']],
  // At level `thread` all partitions are in one process.
  levels: ['process', 'jail'],
  async run(stage) {
    const outcome = await runPlanted(stage, 'E48', 'to find the secrets that its own process holds', {
      canary: randomBytes(16).toString('hex'),
    });
    if (!outcome.hasSucceeded && !outcome.evidence.join().includes('its own secret was found'))
      throw new Error(`the memory could not be searched: ${outcome.evidence.join()}`);
    return outcome;
  },
};
