// Limits of what the calling process may use (prlimit64(2)).
import { systemCall } from './foreign-functions.ts';

/** Sets both the soft and the hard limit: it cannot be raised again. @returns whether the kernel took it */
export function setLimit(resource: number, value: number): boolean {
  const limit = new Uint8Array(16);
  const view = new DataView(limit.buffer);
  view.setBigUint64(0, BigInt(value), true);
  view.setBigUint64(8, BigInt(value), true);
  return systemCall('prlimit64', 0, resource, limit, 0) === 0;
}
