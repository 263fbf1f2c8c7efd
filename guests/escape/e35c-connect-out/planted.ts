// Connects to a TCP port of this machine, by system calls of its own.
import { systemCall } from '../../../hypervisor/isolation/foreign-functions.ts';
import type { RootAttack } from '../planted-in-root.ts';

const AF_INET = 2;
const SOCK_STREAM = 1;
const ADDRESS_BYTES = 16;
const LOOPBACK = 0x7f00_0001;

export const connectInRoot: RootAttack = ({ port }) => {
  const fd = systemCall('socket', AF_INET, SOCK_STREAM, 0);
  if (fd < 0) throw new Error('no socket');
  const address = Buffer.alloc(ADDRESS_BYTES);
  address.writeUInt16LE(AF_INET, 0);
  address.writeUInt16BE(Number(port), 2);
  address.writeUInt32BE(LOOPBACK, 4);
  if (systemCall('connect', fd, address, ADDRESS_BYTES) < 0) throw new Error('no connection');
  return `connected to port ${port}`;
};
