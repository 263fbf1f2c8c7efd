// Looks for the smallest step of time that it can see: by its import, and by the register that holds the same time.
import {
  HV_EXIT_POWER_OFF,
  HV_VP_HALTED,
  HVCALL_GET_VP_REGISTERS,
} from '../../../hypervisor/abi/hypercalls.ts';
import { HV_REGISTER_TIME_REF_COUNT, HV_VP_INDEX_SELF } from '../../../hypervisor/abi/synic.ts';
import { consoleOpen, consoleWrite } from '../../lib/console.ts';
import { hypercall, referenceTime } from '../../lib/hv.ts';
import { exitPartition } from '../../lib/hypercalls.ts';
import { allocatePages } from '../../lib/memory-pages.ts';

const STEPS = 3;
let input: usize = 0;

function registerTime(): f64 {
  store<i64>(input, -1);
  store<u32>(input, HV_VP_INDEX_SELF, 8);
  store<u32>(input, 0, 12);
  store<u32>(input, HV_REGISTER_TIME_REF_COUNT, 16);
  hypercall(HVCALL_GET_VP_REGISTERS, 1, <u32>input, 0, <u32>input + 64, 0);
  return <f64>load<u64>(input, 64);
}

function smallestStep(isRegister: bool): f64 {
  let smallest: f64 = Infinity;
  let last = isRegister ? registerTime() : referenceTime();
  for (let steps = 0; steps < STEPS; ) {
    const now = isRegister ? registerTime() : referenceTime();
    if (now == last) continue;
    smallest = min(smallest, now - last);
    last = now;
    steps++;
  }
  return smallest;
}

export function run(_vpIndex: i32, _budget: i32): i32 {
  const console = consoleOpen();
  input = allocatePages(1);
  consoleWrite(console, `import ${<i64>smallestStep(false)} register ${<i64>smallestStep(true)}\n`);
  exitPartition(HV_EXIT_POWER_OFF, 0);
  return HV_VP_HALTED;
}
