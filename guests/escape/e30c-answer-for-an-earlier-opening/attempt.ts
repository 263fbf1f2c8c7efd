import type { Attempt } from '../attempt.ts';

export const answerForAnEarlierOpening: Attempt = {
  id: 'E30c',
  name: 'be written to by an answer that is on its way when its ring becomes other memory',
  boundary: 'guest and hypervisor',
  wants: 'integrity',
  ancestor:
    'completions that outlive their queue: cloud-hypervisor CVE-2026-45782, use after free in block devices',
  statement:
    "A guest lets its ring of answers run full, so that more of them wait, and then closes the channel and opens it again. The root partition has sent those answers long ago: its own count of openings (E30a) can't hold them back. It says in its stream where each opening begins, and the partition process, which counts openings too, drops what was sent for an earlier one.",
  heldBy: [['openings']],
  async run(stage) {
    stage.tries('to open a channel again while answers wait for room in its ring');
    const { text } = await stage.runGuest({ guest: 'e30c-answer-for-an-earlier-opening' });
    stage.sees(text.trim());
    const late = Number(/^\d+/.exec(text)?.[0]);
    if (Number.isNaN(late)) throw new Error('the guest said nothing');
    return { hasSucceeded: late > 0, evidence: [text.trim()] };
  },
};
