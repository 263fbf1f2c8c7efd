// Which CSRs exist and who may read or write them now (RISC-V Privileged 20241101, §2.1, §3.1.6.6, §3.1.11; Sstc).
import { FS, MCOUNTEREN, MENVCFG, MODE, MSTATUS, SCOUNTEREN } from './state.ts';
import { ENVCFG_STCE, MSTATUS_TVM } from './status-bits.ts';

const TIME_BIT: u64 = 2;

function exists(number: u32): bool {
  if (number >= 0x3b0 && number < 0x3c0) return true;
  if (number >= 0xb03 && number < 0xb20) return true;
  if (number >= 0x323 && number < 0x340) return true;
  if (number >= 0xc00 && number < 0xc20) return true;
  // tselect, tdata1–3: no triggers, which is for software to find out by reading tdata1 (RISC-V Debug 1.0, §5.4).
  if (number >= 0x7a0 && number < 0x7a4) return true;
  switch (number) {
    case 0x001:
    case 0x002:
    case 0x003:
    case 0x100:
    case 0x104:
    case 0x105:
    case 0x106:
    case 0x10a:
    case 0x140:
    case 0x141:
    case 0x142:
    case 0x143:
    case 0x144:
    case 0x14d:
    case 0x180:
    case 0x300:
    case 0x301:
    case 0x302:
    case 0x303:
    case 0x304:
    case 0x305:
    case 0x306:
    case 0x30a:
    case 0x320:
    case 0x340:
    case 0x341:
    case 0x342:
    case 0x343:
    case 0x344:
    case 0x3a0:
    case 0x3a2:
    case 0xb00:
    case 0xb02:
    case 0xf11:
    case 0xf12:
    case 0xf13:
    case 0xf14:
    case 0xf15:
      return true;
    default:
      return false;
  }
}

/** Counters seen from S and U are opened by mcounteren and, for U, by scounteren too. */
function isCounterOpen(bit: u64): bool {
  const mode = load<u32>(MODE);
  if (mode < 3 && !(load<u64>(MCOUNTEREN) & bit)) return false;
  return mode > 0 || (load<u64>(SCOUNTEREN) & bit) != 0;
}

/** Whether the current mode may read, and if `writes` write, CSR `number`. */
export function isCsrAllowed(number: u32, writes: bool): bool {
  const mode = load<u32>(MODE);
  if (!exists(number) || mode < ((number >>> 8) & 3) || (writes && number >>> 10 == 3)) return false;
  if (number <= 3) return load<u32>(FS) != 0;
  if (number >= 0xc00 && number < 0xc20) return isCounterOpen((<u64>1) << (<u64>(number & 31)));
  if (number == 0x180) return mode == 3 || !(load<u64>(MSTATUS) & MSTATUS_TVM);
  if (number == 0x14d && mode < 3) return (load<u64>(MENVCFG) & ENVCFG_STCE) != 0 && isCounterOpen(TIME_BIT);
  return true;
}
