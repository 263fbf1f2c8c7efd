// Asks the kernel to make a page of its own memory executable that it can write.
import { addressOf, systemCall } from '../../../hypervisor/isolation/foreign-functions.ts';
import type { RootAttack } from '../planted-in-root.ts';

const PAGE_BYTES = 4096;
const PROT_READ_WRITE = 3;
const PROT_READ_WRITE_EXEC = 7;

export const makeCodeInRoot: RootAttack = () => {
  const bytes = new Uint8Array(2 * PAGE_BYTES);
  const page = (addressOf(bytes) + BigInt(PAGE_BYTES - 1)) & ~BigInt(PAGE_BYTES - 1);
  if (systemCall('mprotect', page, PAGE_BYTES, PROT_READ_WRITE_EXEC) < 0)
    throw new Error('no executable page');
  systemCall('mprotect', page, PAGE_BYTES, PROT_READ_WRITE);
  return `a page to be written and executed at 0x${page.toString(16)}`;
};
