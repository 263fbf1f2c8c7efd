import type { Attempt } from '../attempt.ts';
import { runPlanted } from '../stage/run-planted.ts';

export const killANeighbourFromRoot: Attempt = {
  id: 'E35e',
  name: "kill a neighbour's process from the root partition",
  boundary: 'root partition and host',
  wants: 'availability',
  ancestor: 'management daemons with the right to signal: container runtimes, supervisors',
  statement:
    "The root partition has fallen and kills a tenant's process, or the hypervisor's. It has a user of its own where the hypervisor is root; Landlock keeps its signals to itself; its system-call list knows no signals at all.",
  fallen: ['root-partition'],
  heldBy: [['root-landlock', 'root-system-call-list', 'root-own-user']],
  // At level `thread` the neighbour's process is the hypervisor's, with the stage in it.
  levels: ['process', 'jail'],
  run: (stage) => {
    const { pid } = stage.neighbour.partition;
    return runPlanted(stage, 'E35e', `to kill process ${pid} from the root partition process`, { pid });
  },
};
