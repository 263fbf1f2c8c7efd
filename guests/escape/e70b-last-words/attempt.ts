import type { Attempt } from '../attempt.ts';
import { hasControlCharacters } from '../stage/control-characters.ts';

export const lastWordsAttempt: Attempt = {
  id: 'E70b',
  name: "write to the administrator's terminal as it ends",
  boundary: 'guest and hypervisor',
  wants: 'integrity',
  ancestor: 'terminal escapes in error messages: CVE-2003-0063 and its descendants',
  statement:
    "How a partition ended is told by its process, or by the engine with names out of the guest's module in it, and shown to whoever runs it. A process that is no longer ours ends with a message that clears the screen and says that all is well. Whatever is said of an end is made printable and short before anybody sees it.",
  fallen: ['engine'],
  heldBy: [['printable-ends']],
  levels: ['process', 'jail'],
  async run(stage) {
    stage.tries('to end with a message that holds a line break and terminal escapes');
    const { exit } = await stage.runGuest({ guest: 'escaped', arguments: { planted: 'E70b' } });
    const evidence = [`${exit.kind}: ${JSON.stringify(exit.message)}`];
    stage.sees(evidence.join());
    return { hasSucceeded: hasControlCharacters(exit.message), evidence };
  },
};
