import { randomBytes } from 'node:crypto';
import type { Attempt } from '../attempt.ts';

/** A size that nobody else on the stage has. */
const MEMORY_MIB = 3;

export const leftoverMemory: Attempt = {
  id: 'E10',
  name: 'find what another guest left in memory',
  boundary: 'guest and guest',
  wants: 'confidentiality',
  ancestor: 'memory that is given on without being cleared (Wasmtime CVE-2022-39393)',
  statement:
    "One guest leaves its secret all over its memory and ends; the next one, of the same size, searches its own before it uses it. At level thread both run in the hypervisor's process, so that no process's end clears anything. Each partition gets a memory of its own, made for it and never given on.",
  heldBy: [['fresh-memory']],
  async run(stage) {
    const secret = randomBytes(16).toString('hex');
    const run = (given: Record<string, string>) =>
      stage.runGuest({
        guest: 'e10-leftover-memory',
        isolation: 'thread',
        memoryMib: MEMORY_MIB,
        arguments: given,
      });
    const victim = await run({ secret });
    if (victim.exit.kind !== 'power-off') throw new Error(`the first guest failed: ${victim.exit.message}`);
    stage.tries("to find the first guest's secret in its own memory");
    const { exit, text } = await run({});
    if (text === '') throw new Error(`the second guest did not look: ${exit.message}`);
    stage.sees(text.trim());
    return { hasSucceeded: text.includes(secret), evidence: [text.trim()] };
  },
};
