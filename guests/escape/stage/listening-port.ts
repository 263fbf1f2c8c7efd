// A service on this machine that attackers are not meant to reach.
import { type AddressInfo, createServer } from 'node:net';

/** Listens on a port of the loopback while `use` runs. @returns what `use` returns */
export async function withListeningPort<T>(use: (port: number) => Promise<T>): Promise<T> {
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    return await use((server.address() as AddressInfo).port);
  } finally {
    server.close();
  }
}
