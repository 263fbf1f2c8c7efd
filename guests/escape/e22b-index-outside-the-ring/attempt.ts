import type { Partition } from '../../../hypervisor/index.ts';
import type { Attempt } from '../attempt.ts';

const PACKETS_IN_RING = 128;
const MANY = 20 * PACKETS_IN_RING;

/** Waits until the root partition has got many more packets than there are, or the guest has ended. */
async function watchFrames(partition: Partition): Promise<number> {
  let hasEnded = false;
  void partition.exited.then(() => {
    hasEnded = true;
  });
  for (;;) {
    const { root } = await partition.statistics();
    const frames = root['framesReceived'] ?? 0;
    if (hasEnded || frames > MANY) return frames;
  }
}

export const indexOutsideTheRing: Attempt = {
  id: 'E22b',
  name: 'have the host read a ring for ever',
  boundary: 'guest and hypervisor',
  wants: 'availability',
  ancestor: 'ring indices used unchecked: QEMU virtio CVE-2016-6490, Xen PV ring loops (XSA-155)',
  statement:
    'A guest fills a ring with packets and sets the write index outside of it. A reader that only compares indices never meets it: it goes around the ring, hands the same packets on for ever, and the guest cannot be stopped between two hypercalls because this one does not end. The index is fetched once and must lie in the ring, and no more than a ringful is taken at a time.',
  heldBy: [['ring-indices', 'ringful']],
  async run(stage) {
    stage.tries(`to have ${PACKETS_IN_RING} packets read over and over`);
    let frames = 0;
    const { exit, statistics } = await stage.runGuest({
      guest: 'e22b-index-outside-the-ring',
      whileRunning: async (partition) => {
        frames = await watchFrames(partition);
        if (frames > MANY) await partition.kill();
      },
    });
    const evidence = [
      `${exit.message}; the root partition got ${Math.max(frames, statistics.root['framesReceived'] ?? 0)} frames`,
    ];
    stage.sees(evidence.join());
    return { hasSucceeded: frames > MANY, evidence };
  },
};
