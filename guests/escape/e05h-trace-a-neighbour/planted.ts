// Becomes the tracer of another process, without stopping it.
import { systemCall } from '../../../hypervisor/isolation/foreign-functions.ts';
import type { PlantedAttack } from '../planted.ts';

const PTRACE_SEIZE = 0x4206;

export const traceNeighbour: PlantedAttack = ({ pid }) => {
  if (systemCall('ptrace', PTRACE_SEIZE, Number(pid), 0, 0) !== 0) throw new Error('ptrace was refused');
  return `process ${pid} is traced`;
};
