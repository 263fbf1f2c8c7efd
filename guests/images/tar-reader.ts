// Reads a tar stream (POSIX ustar and pax, with GNU's long names: what dpkg-deb writes) into memory, keeping only
// the members that the caller wants: nothing of a package ever touches the file system.
import { ImageError } from './image-error.ts';

const BLOCK_BYTES = 512;
/** A pax header or a long name bigger than this is nonsense. */
const MAX_EXTENSION_BYTES = 1 << 20;
/** No package that we take has a bigger file, or more than this that we want. */
const MAX_KEPT_BYTES = 2 ** 30;

export type TarMember =
  | { readonly type: 'file'; readonly mode: number; readonly data: Buffer }
  | { readonly type: 'directory'; readonly mode: number }
  | { readonly type: 'symlink'; readonly target: string }
  | { readonly type: 'hard-link'; readonly target: string };

interface Header {
  readonly path: string;
  readonly mode: number;
  readonly size: number;
  readonly typeFlag: string;
  readonly linkPath: string;
}

/** Feed it chunks, then `finish()`. Paths come out relative, without `./`, checked against escaping the root. */
export class TarReader {
  readonly members = new Map<string, TarMember>();
  readonly #wants: (path: string) => boolean;
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  #needed = BLOCK_BYTES;
  #current: Header | undefined;
  #longPath: string | undefined;
  #longLink: string | undefined;
  #keptBytes = 0;
  #ended = false;

  constructor(wants: (path: string) => boolean) {
    this.#wants = wants;
  }

  write(chunk: Buffer): void {
    // What follows the end does not count, and there may be any amount of it.
    if (this.#ended) return;
    this.#pending.push(chunk);
    this.#pendingBytes += chunk.length;
    while (this.#pendingBytes >= this.#needed && !this.#ended) this.#step(this.#take(this.#needed));
  }

  finish(): Map<string, TarMember> {
    if (!this.#ended) {
      throw new ImageError('tar-invalid', 'the archive ends in the middle', {
        expected: `${this.#needed} more bytes or the end marker`,
        came: `${this.#pendingBytes} bytes`,
      });
    }
    return this.members;
  }

  #take(length: number): Buffer {
    const all = this.#pending.length === 1 ? this.#pending[0]! : Buffer.concat(this.#pending);
    this.#pending = [all.subarray(length)];
    this.#pendingBytes = all.length - length;
    return all.subarray(0, length);
  }

  #step(bytes: Buffer): void {
    if (this.#current !== undefined) {
      const header = this.#current;
      this.#current = undefined;
      this.#needed = BLOCK_BYTES;
      this.#member(header, bytes.subarray(0, header.size));
      return;
    }
    if (bytes.every((byte) => byte === 0)) {
      this.#ended = true;
      return;
    }
    const header = this.#applyExtensions(parseHeader(bytes));
    if (header.size === 0) this.#member(header, Buffer.alloc(0));
    else {
      this.#current = header;
      this.#needed = Math.ceil(header.size / BLOCK_BYTES) * BLOCK_BYTES;
    }
  }

  #applyExtensions(header: Header): Header {
    if ('LKxg'.includes(header.typeFlag)) {
      if (header.size > MAX_EXTENSION_BYTES) throw invalid(`an extension header of ${header.size} bytes`);
      return header;
    }
    if (header.size > MAX_KEPT_BYTES) throw invalid(`a file of ${header.size} bytes`);
    const extended = {
      ...header,
      path: this.#longPath ?? header.path,
      linkPath: this.#longLink ?? header.linkPath,
    };
    this.#longPath = undefined;
    this.#longLink = undefined;
    return extended;
  }

  #member(header: Header, data: Buffer): void {
    switch (header.typeFlag) {
      case 'L':
        this.#longPath = untilNul(data);
        return;
      case 'K':
        this.#longLink = untilNul(data);
        return;
      case 'x':
        for (const [key, value] of paxRecords(data)) {
          if (key === 'path') this.#longPath = value;
          if (key === 'linkpath') this.#longLink = value;
        }
        return;
      default:
        this.#keep(header, data);
    }
  }

  #keep(header: Header, data: Buffer): void {
    const path = normalise(header.path);
    if (path === '' || !this.#wants(path)) return;
    const mode = header.mode & 0o7777;
    switch (header.typeFlag) {
      case '0':
      case '\0':
        this.#keptBytes += data.length;
        if (this.#keptBytes > MAX_KEPT_BYTES) throw invalid(`files of more than ${MAX_KEPT_BYTES} bytes`);
        // Copied, so that one wanted file does not keep a whole chunk alive.
        this.members.set(path, { type: 'file', mode, data: Buffer.from(data) });
        return;
      case '5':
        this.members.set(path, { type: 'directory', mode });
        return;
      case '2':
        this.members.set(path, { type: 'symlink', target: header.linkPath });
        return;
      case '1':
        this.members.set(path, { type: 'hard-link', target: normalise(header.linkPath) });
        return;
      default:
        return; // devices and fifos: no package that we take carries one
    }
  }
}

function parseHeader(block: Buffer): Header {
  const stored = octal(block, 148, 8);
  let sum = 8 * 0x20; // the checksum field itself counts as spaces
  for (let index = 0; index < BLOCK_BYTES; index++) if (index < 148 || index >= 156) sum += block[index]!;
  if (sum !== stored) throw invalid(`a header checksum of ${stored}, computed ${sum}`);
  const isPosix = block.toString('latin1', 257, 263) === 'ustar\0';
  const prefix = isPosix ? untilNul(block.subarray(345, 500)) : '';
  const name = untilNul(block.subarray(0, 100));
  return {
    path: prefix === '' ? name : `${prefix}/${name}`,
    mode: octal(block, 100, 8),
    size: octal(block, 124, 12),
    typeFlag: String.fromCharCode(block[156]!),
    linkPath: untilNul(block.subarray(157, 257)),
  };
}

function octal(block: Buffer, offset: number, length: number): number {
  const text = block
    .toString('latin1', offset, offset + length)
    .replace(/[\0 ]+$/, '')
    .trimStart();
  if (!/^[0-7]*$/.test(text)) throw invalid(`the number ${JSON.stringify(text)}`);
  return text === '' ? 0 : Number.parseInt(text, 8);
}

/** Records are `length key=value\n`, the length in decimal and counting itself (POSIX pax, "Extended Header"). */
function paxRecords(data: Buffer): [string, string][] {
  const records: [string, string][] = [];
  let offset = 0;
  while (offset < data.length) {
    const digits = /^[1-9][0-9]{0,7}(?= )/.exec(data.toString('latin1', offset, offset + 9))?.[0] ?? '';
    const end = offset + Number(digits);
    const isWhole = end > offset + digits.length + 1 && end <= data.length && data[end - 1] === 0x0a;
    if (digits === '' || !isWhole) throw invalid('a pax record');
    const record = data.toString('utf8', offset + digits.length + 1, end - 1);
    const equals = record.indexOf('=');
    if (equals < 0) throw invalid('a pax record without =');
    records.push([record.slice(0, equals), record.slice(equals + 1)]);
    offset = end;
  }
  return records;
}

function untilNul(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString('utf8', 0, end < 0 ? bytes.length : end);
}

function normalise(path: string): string {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..') || path.includes('\0')) throw invalid(`the path ${JSON.stringify(path)}`);
  return parts.join('/');
}

function invalid(what: string): ImageError {
  return new ImageError('tar-invalid', `malformed tar archive: ${what}`);
}
