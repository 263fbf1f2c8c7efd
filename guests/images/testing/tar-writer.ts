// Writes tar archives for tests, field by field, so that any field may be wrong (POSIX ustar and pax).

const BLOCK_BYTES = 512;

export interface TarFields {
  readonly name: string;
  readonly type: string;
  readonly data?: Uint8Array;
  /** As it stands in the header; default: the data's length in octal. */
  readonly size?: string;
  readonly mode?: string;
  readonly link?: string;
  readonly prefix?: string;
  readonly magic?: string;
}

/** A header and its data, padded. */
export function tarMember(fields: TarFields): Buffer {
  const data = fields.data ?? new Uint8Array(0);
  const header = Buffer.alloc(BLOCK_BYTES);
  header.write(fields.name, 0, 100, 'utf8');
  header.write(fields.mode ?? '0000644\0', 100, 8, 'latin1');
  header.write(fields.size ?? data.length.toString(8).padStart(11, '0'), 124, 12, 'latin1');
  header.write(fields.type, 156, 1, 'latin1');
  header.write(fields.link ?? '', 157, 100, 'utf8');
  header.write(fields.magic ?? 'ustar\0', 257, 6, 'latin1');
  header.write(fields.prefix ?? '', 345, 155, 'utf8');
  putChecksum(header);
  return Buffer.concat([header, data, Buffer.alloc(-data.length & (BLOCK_BYTES - 1))]);
}

/** Makes the checksum of the header at the start of `block` right. */
export function putChecksum(block: Buffer): void {
  block.fill(0x20, 148, 156);
  const sum = block.subarray(0, BLOCK_BYTES).reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 8, 'latin1');
}

/** `length key=value\n`, the length counting itself. */
export function paxRecord(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  const bytes = Buffer.byteLength(rest);
  let length = bytes + 1;
  while (String(length).length + bytes !== length) length = String(length).length + bytes;
  return `${length}${rest}`;
}

/** The two blocks of zeros that end an archive. */
export const tarEnd = Buffer.alloc(2 * BLOCK_BYTES);
