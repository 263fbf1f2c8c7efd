import type { Attempt } from '../attempt.ts';
import { hasControlCharacters } from '../stage/control-characters.ts';

export const auditText: Attempt = {
  id: 'E70a',
  name: 'write lines of its own into the audit',
  boundary: 'guest and hypervisor',
  wants: 'integrity',
  ancestor: 'log injection and terminal escapes in logs: CVE-2003-0063 and its descendants',
  statement:
    "The guest has broken out of WebAssembly and reports, in its partition process's name, that code was refused; the reason that it gives clears the administrator's screen and begins a new line that says that somebody logged in. What a partition process says becomes printable ASCII of a bounded length before it becomes an audit event.",
  fallen: ['engine'],
  heldBy: [['printable-reasons']],
  levels: ['process', 'jail'],
  async run(stage) {
    stage.tries('to have an audit event carry a line break and terminal escapes');
    const { audit, text } = await stage.runGuest({ guest: 'escaped', arguments: { planted: 'E70a' } });
    const reasons = audit.flatMap((seen) => (seen.event === 'code-refused' ? [seen.reason] : []));
    const evidence = [text.trim(), `audit reasons: ${JSON.stringify(reasons)}`];
    for (const line of evidence) stage.sees(line);
    return { hasSucceeded: reasons.some(hasControlCharacters), evidence };
  },
};
