// The SDK. `await using hypervisor = await Hypervisor.start()`, then `createPartition`, `start`, `attachConsole`.
export { PORT_CONNECTION_BASE as firstConnectionId } from './abi/vmbus.ts';
export { type UnitLine, type UnitText, unitTexts } from './code-publishing/unit-text.ts';
export {
  type BareMetalGuest,
  type Engine,
  engines,
  type Guest,
  type LinuxGuest,
  type UnikernelGuest,
} from './guest-kinds.ts';
export {
  defaultMachineMib,
  Hypervisor,
  type HypervisorOptions,
  type PartitionOptions,
} from './hypervisor.ts';
export { HypervisorError, type HypervisorErrorCode } from './hypervisor-error.ts';
export { Console } from './isolation/console-connection.ts';
export type { Inspection } from './isolation/inspection.ts';
export { type IsolationLevel, isolationLevels } from './isolation/partition-container.ts';
export { allowedProcessors } from './isolation/processors.ts';
export { installationTop } from './isolation/program-files.ts';
export type { AuditEvent } from './partition/audit-event.ts';
export type { Disk } from './partition/devices.ts';
export type { PartitionState } from './partition/life-cycle.ts';
export { Partition, type PartitionStatistics } from './partition/partition.ts';
export { guestPrivileges, type PrivilegeMask, privilegeMask } from './partition/privilege-mask.ts';
export type { PartitionExit } from './partition-exit.ts';
export type { ProfileEntry } from './platform/sampling-profiler.ts';
export { type CpuOptions, checkedCpuShare } from './scheduler/cpu-options.ts';
export { type Limit, type Limits, limitDefaults, limitNames } from './scheduler/limits.ts';
