import type { Attempt } from '../attempt.ts';

const GUEST = 'e41-bytes-of-another';

const written = (letter: string, ringfuls: number) => ({
  letter: String(letter.charCodeAt(0)),
  ringfuls: String(ringfuls),
});

/** What is written is not to wait for its writer's own limits: only while it is read can it be mistaken for another's. */
const limits = { consoleBytes: 1e9 };
/** How often it tries. */
const MOST_TIMES = 6;

export const bytesOfAnother: Attempt = {
  id: 'E41',
  name: "get a neighbour's bytes out of a reused buffer",
  boundary: 'guest and guest',
  wants: 'confidentiality',
  ancestor: 'buffers reused between tenants: Wasmtime pooling CVE-2022-39393, Heartbleed',
  statement:
    "The root partition reads every partition's socket into one buffer, one after the other. A guest sends more than is handled at a time, so that part of it waits while another partition's bytes arrive in that buffer. If what waits were a view of the buffer, the guest would find the other tenant's output on its own console. What waits is copied, and the buffer wiped.",
  heldBy: [['held-frames-are-copies', 'wiped-read-buffer']],
  async run(stage) {
    stage.tries('to have its output wait while another tenant writes, and looks what becomes of it');
    let seen = 0;
    let foreign = 0;
    // Whether its bytes wait while the other's arrive is a matter of when who is served. The other's may have been taken
    // for something else before, which ends its connection: there is another one for each try.
    for (let times = 0; times < MOST_TIMES && foreign === 0; times++) {
      await stage.runGuest({
        name: 'tenant',
        guest: GUEST,
        arguments: written('t', 1_000_000),
        limits,
        whileRunning: async (tenant) => {
          const { text } = await stage.runGuest({ guest: GUEST, arguments: written('a', 30), limits });
          seen += text.length;
          foreign = text.replaceAll('a', '').length;
          await tenant.kill();
        },
      });
    }
    const evidence = [`${seen} characters on its console, ${foreign} of them never written by it`];
    stage.sees(evidence.join());
    return { hasSucceeded: foreign > 0, evidence };
  },
};
