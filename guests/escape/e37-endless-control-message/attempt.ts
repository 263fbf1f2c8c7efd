import type { Attempt } from '../attempt.ts';

const MUCH_MIB = 16;

export const endlessControlMessageAttempt: Attempt = {
  id: 'E37',
  name: 'send the hypervisor a message without end',
  boundary: 'guest and hypervisor',
  wants: 'availability',
  ancestor:
    'decompression bombs and lengths that announce gigabytes: management APIs that buffer what they are told to',
  statement:
    "The guest has broken out of WebAssembly and writes to the control stream, as its own partition process would: it announces a message of 2 GiB and begins to send it. A reader that waited for all of it would keep it in the hypervisor's memory, and with it every other partition's fate. Messages of more than 64 KiB are nobody's: the process is killed for the announcement alone.",
  fallen: ['engine'],
  heldBy: [['control-message-size']],
  levels: ['process', 'jail'],
  async run(stage) {
    stage.tries('to announce a control message of 2 GiB and to send 24 MiB of it');
    const before = process.memoryUsage().arrayBuffers;
    let mostMib = 0;
    const { exit, text } = await stage.runGuest({
      guest: 'escaped',
      arguments: { planted: 'E37' },
      whileRunning: async (partition) => {
        let hasEnded = false;
        void partition.exited.then(() => {
          hasEnded = true;
        });
        while (!hasEnded && mostMib <= MUCH_MIB) {
          await new Promise((resolve) => setImmediate(resolve));
          mostMib = Math.max(mostMib, Math.round((process.memoryUsage().arrayBuffers - before) / 2 ** 20));
        }
        await partition.kill();
      },
    });
    const evidence = [text.trim() || exit.message, `the hypervisor held ${mostMib} MiB more than before`];
    for (const line of evidence) stage.sees(line);
    return { hasSucceeded: mostMib > MUCH_MIB, evidence };
  },
};
