import type { Attempt } from '../attempt.ts';

export const walls: Attempt = {
  id: 'E71b',
  name: 'tell of walls that do not stand',
  boundary: 'guest and hypervisor',
  wants: 'integrity',
  ancestor: 'attestation by whom it is about: agents in containers that report their own confinement',
  statement:
    'A partition process says which walls it has put around itself before it looks at the first byte of its guest: then its word is good. The guest has broken out of WebAssembly and says it again, with walls of its own invention, for whoever asks what confines it. The hypervisor listens to that once.',
  fallen: ['engine'],
  heldBy: [['walls-told-once']],
  levels: ['process', 'jail'],
  async run(stage) {
    let told: readonly string[] = [];
    stage.tries('to tell, after it has broken out, of a wall that does not stand');
    await stage.runGuest({
      guest: 'escaped',
      arguments: { planted: 'E71b' },
      whileRunning: async (partition) => {
        await partition.exited;
        told = partition.walls;
      },
    });
    const isForged = told.some((wall) => wall.includes('certified'));
    const evidence = [`walls: ${told.join('; ') || 'none told'}`];
    stage.sees(evidence.join());
    return { hasSucceeded: isForged, evidence };
  },
};
