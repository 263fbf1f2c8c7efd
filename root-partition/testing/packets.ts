// Packets that guests send, for tests (abi/channels/*.ts).
import { CONSOLE_HEADER_BYTES, CONSOLE_OUTPUT } from '../../hypervisor/abi/channels/console.ts';
import { STORAGE_REQUEST_HEADER_BYTES } from '../../hypervisor/abi/channels/storage.ts';

export interface StorageFields {
  operation: number;
  offset?: number;
  length?: number;
  data?: Uint8Array;
  reserved?: number;
}

export function storagePacket(fields: StorageFields): Uint8Array {
  const { operation, offset = 0, data = new Uint8Array(0), reserved = 0 } = fields;
  const packet = new Uint8Array(STORAGE_REQUEST_HEADER_BYTES + data.length);
  const view = new DataView(packet.buffer);
  view.setUint32(0, operation, true);
  view.setUint32(4, reserved, true);
  view.setBigUint64(8, BigInt(offset), true);
  view.setUint32(16, fields.length ?? data.length, true);
  packet.set(data, STORAGE_REQUEST_HEADER_BYTES);
  return packet;
}

export function consolePacket(text: string | Uint8Array): Uint8Array {
  const bytes = typeof text === 'string' ? new TextEncoder().encode(text) : text;
  const packet = new Uint8Array(CONSOLE_HEADER_BYTES + bytes.length);
  new DataView(packet.buffer).setUint32(0, CONSOLE_OUTPUT, true);
  packet.set(bytes, CONSOLE_HEADER_BYTES);
  return packet;
}

export function words(...values: number[]): Uint8Array {
  return new Uint8Array(new Uint32Array(values).buffer);
}
