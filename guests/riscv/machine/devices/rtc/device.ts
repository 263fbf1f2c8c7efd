// Goldfish real-time clock (Linux: drivers/rtc/rtc-goldfish.c; QEMU: docs of the `virt` board). Time is what the root
// partition's clock service said at start, plus reference time since then.
//
//   offset  name           access        offset  name             access
//   0x00    time low       r (latches)   0x10    irq enabled      w
//   0x04    time high      r             0x14    clear alarm      w
//   0x08    alarm low      w (arms)      0x18    alarm status     r
//   0x0c    alarm high     w             0x1c    clear interrupt  w
import { readTime } from '../../hart/time.ts';
import { RTC_STATE } from '../device-memory.ts';
import { RTC_IRQ } from '../memory-map.ts';
import { plicSetLine } from '../plic/device.ts';

const EPOCH_NS: usize = RTC_STATE;
const LATCHED: usize = RTC_STATE + 8;
const ALARM_NS: usize = RTC_STATE + 16;
const IS_ARMED: usize = RTC_STATE + 24;
const IRQ_ENABLED: usize = RTC_STATE + 28;
const IS_PENDING: usize = RTC_STATE + 32;

const TICK_NS: u64 = 100;

/** Sets the clock: Unix time in nanoseconds at reference time 0. */
export function rtcSetEpoch(unixNsAtZero: u64): void {
  store<u64>(EPOCH_NS, unixNsAtZero);
}

function now(): u64 {
  return load<u64>(EPOCH_NS) + readTime() * TICK_NS;
}

function update(): void {
  plicSetLine(RTC_IRQ, load<u32>(IS_PENDING) != 0 && load<u32>(IRQ_ENABLED) != 0);
}

/** Raises the alarm when it is due. */
export function rtcPoll(): void {
  if (load<u32>(IS_ARMED) == 0 || now() < load<u64>(ALARM_NS)) return;
  store<u32>(IS_ARMED, 0);
  store<u32>(IS_PENDING, 1);
  update();
}

/** When the alarm will be due, in ticks of reference time; all ones for never. */
export function rtcDeadline(): u64 {
  if (load<u32>(IS_ARMED) == 0) return u64.MAX_VALUE;
  const epoch = load<u64>(EPOCH_NS);
  const alarm = load<u64>(ALARM_NS);
  return alarm <= epoch ? 0 : (alarm - epoch + TICK_NS - 1) / TICK_NS;
}

export function rtcLoad(offset: u32): u32 {
  switch (offset) {
    case 0x00:
      store<u64>(LATCHED, now());
      return load<u32>(LATCHED);
    case 0x04:
      return load<u32>(LATCHED, 4);
    case 0x08:
      return load<u32>(ALARM_NS);
    case 0x0c:
      return load<u32>(ALARM_NS, 4);
    case 0x10:
      return load<u32>(IRQ_ENABLED);
    case 0x18:
      return load<u32>(IS_ARMED);
    default:
      return 0;
  }
}

export function rtcStore(offset: u32, value: u32): void {
  switch (offset) {
    case 0x08:
      store<u32>(ALARM_NS, value);
      store<u32>(IS_ARMED, 1);
      rtcPoll();
      break;
    case 0x0c:
      store<u32>(ALARM_NS, value, 4);
      break;
    case 0x10:
      store<u32>(IRQ_ENABLED, value & 1);
      update();
      break;
    case 0x14:
      store<u32>(IS_ARMED, 0);
      break;
    case 0x1c:
      store<u32>(IS_PENDING, 0);
      update();
      break;
    default:
      break;
  }
}
