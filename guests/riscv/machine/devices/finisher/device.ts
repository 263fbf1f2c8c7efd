// The finisher: one register that ends the machine (SiFive test device, as on QEMU's `virt` board).
//
//   0x5555 power off | 0x7777 reset | 0x3333 failure, code in bits 31..16
import {
  HV_EXIT_GUEST_FAILURE,
  HV_EXIT_POWER_OFF,
  HV_EXIT_RESET,
} from '../../../../../hypervisor/abi/hypercalls.ts';
import { endMachine } from '../../machine-exit.ts';

export function finisherStore(value: u32): void {
  const action = value & 0xffff;
  if (action == 0x5555) endMachine(HV_EXIT_POWER_OFF, 0);
  else if (action == 0x7777) endMachine(HV_EXIT_RESET, 0);
  else if (action == 0x3333) endMachine(HV_EXIT_GUEST_FAILURE, value >>> 16);
}
