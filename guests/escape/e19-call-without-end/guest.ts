// Sets the register that costs most, EOM, as often in one hypercall as its control word can say. Says how far it came.
import {
  HV_EXIT_POWER_OFF,
  HV_HYPERCALL_REP_COUNT_MASK,
  HV_VP_HALTED,
  HVCALL_SET_VP_REGISTERS,
} from '../../../hypervisor/abi/hypercalls.ts';
import { HV_REGISTER_EOM, HV_VP_INDEX_SELF } from '../../../hypervisor/abi/synic.ts';
import { consoleOpen, consoleWrite } from '../../lib/console.ts';
import { hypercall, referenceTime } from '../../lib/hv.ts';
import { exitPartition } from '../../lib/hypercalls.ts';
import { allocatePages } from '../../lib/memory-pages.ts';

const HEADER_BYTES: usize = 16;
const ELEMENT_BYTES: usize = 32;
const TICKS_PER_MICROSECOND: f64 = 10;

export function run(_vpIndex: i32, _budget: i32): i32 {
  const console = consoleOpen();
  const reps = HV_HYPERCALL_REP_COUNT_MASK;
  const block = allocatePages(33);
  store<i64>(block, -1); // HV_PARTITION_ID_SELF
  store<u32>(block, HV_VP_INDEX_SELF, 8);
  for (let rep: u32 = 0; rep < reps; rep++) {
    store<u32>(block + HEADER_BYTES + <usize>rep * ELEMENT_BYTES, HV_REGISTER_EOM);
  }
  const before = referenceTime();
  const result = hypercall(HVCALL_SET_VP_REGISTERS, reps, <u32>block, 0, 0, 0);
  const took = <i32>((referenceTime() - before) / TICKS_PER_MICROSECOND);
  consoleWrite(
    console,
    `${result >>> 16} of ${reps} registers set by one call, which took ${took} µs: status ${result & 0xffff}\n`,
  );
  exitPartition(HV_EXIT_POWER_OFF, 0);
  return HV_VP_HALTED;
}
