import type { Partition } from '../../../hypervisor/index.ts';
import type { Attempt } from '../attempt.ts';

const QUESTIONS = 140_000;
/** So many looks in a row at a count that does not grow. */
const LOOKS = 60;

/** Waits until the guest has ended, or gets nowhere any more. @returns the frames that it sent by then */
async function untilNothingMoves(partition: Partition): Promise<number> {
  let hasEnded = false;
  void partition.exited.then(() => {
    hasEnded = true;
  });
  let frames = 0;
  for (let looks = 0; looks < LOOKS && !hasEnded; looks++) {
    const { root } = await partition.statistics();
    const now = root['framesReceived'] ?? 0;
    // The first frame opens the channel.
    if (now > 1 && now === frames) continue;
    frames = now;
    looks = 0;
  }
  return frames;
}

export const answersNobodyTakes: Attempt = {
  id: 'E31',
  name: 'ask without end and take no answer',
  boundary: 'guest and hypervisor',
  wants: 'availability',
  ancestor: 'receive rings kept full under a flood: FreeRTOS and virtio-net CVE-2020-16843',
  statement:
    'A guest asks a device 140,000 things and takes none of the answers, which have no bytes but their headers. Its ring is full at once; what does not fit waits in the memory of its partition process, at level `thread` in that of the hypervisor. What waits is counted, headers and all; above a megabyte the socket is no longer read, and by and by the guest is no longer heard, until it takes what it asked for.',
  heldBy: [['incoming-backlog']],
  async run(stage) {
    stage.tries(`to ask ${QUESTIONS} times and to take no answer`);
    let frames = 0;
    const { exit } = await stage.runGuest({
      guest: 'e31-answers-nobody-takes',
      arguments: { count: String(QUESTIONS) },
      whileRunning: async (partition) => {
        frames = await untilNothingMoves(partition);
        await partition.kill();
      },
    });
    const evidence = [`heard of ${frames} questions, then: ${exit.message}`];
    stage.sees(evidence.join());
    if (frames === 0 && exit.kind !== 'power-off') throw new Error('the guest was not heard at all');
    return { hasSucceeded: exit.kind === 'power-off', evidence };
  },
};
