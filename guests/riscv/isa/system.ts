// Zicsr (RISC-V Unprivileged 20240411, chapter 7) and the privileged instructions (Privileged 20241101, §3.3, §10.2).
// Their semantics are handwritten functions of hart/system.ts and hart/csr-instructions.ts.
import { encode, FUNCT3, type Row } from './row.ts';

const SYSTEM = 0x73;
const WHOLE = 0xffffffff;

const systemRow = (name: string, match: number, mask: number, call: string): Row => ({
  name,
  format: 'raw',
  match: match >>> 0,
  mask: mask >>> 0,
  extension: mask === FUNCT3 ? 'Zicsr' : 'S',
  effect: 'system',
  semantics: { kind: 'call', name: call },
});

export const systemRows: Row[] = [
  systemRow('csrrw', encode(SYSTEM, 1), FUNCT3, 'csrInstruction'),
  systemRow('csrrs', encode(SYSTEM, 2), FUNCT3, 'csrInstruction'),
  systemRow('csrrc', encode(SYSTEM, 3), FUNCT3, 'csrInstruction'),
  systemRow('csrrwi', encode(SYSTEM, 5), FUNCT3, 'csrInstruction'),
  systemRow('csrrsi', encode(SYSTEM, 6), FUNCT3, 'csrInstruction'),
  systemRow('csrrci', encode(SYSTEM, 7), FUNCT3, 'csrInstruction'),
  systemRow('ecall', 0x00000073, WHOLE, 'environmentCall'),
  systemRow('ebreak', 0x00100073, WHOLE, 'environmentBreak'),
  systemRow('sret', 0x10200073, WHOLE, 'supervisorReturn'),
  systemRow('mret', 0x30200073, WHOLE, 'machineReturn'),
  systemRow('wfi', 0x10500073, WHOLE, 'waitForInterrupt'),
  systemRow('sfence.vma', 0x12000073, 0xfe007fff, 'fenceAddressTranslation'),
];
