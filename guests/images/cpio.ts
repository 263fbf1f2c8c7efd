// A writer of "newc" cpio archives, the format of an initramfs (Linux Documentation/driver-api/early-userspace/
// buffer-format.rst). Writing the archive here, not by tools, lets an ordinary user put device nodes into it.
//
//   header (110 bytes): "070701" and 13 fields of 8 hexadecimal digits | name NUL, padded to 4 | data, padded to 4
import { ImageError } from './image-error.ts';

const HEADER_BYTES = 110;
const S_IFDIR = 0o040000;
const S_IFCHR = 0o020000;
const S_IFREG = 0o100000;
const S_IFLNK = 0o120000;
/** The name of the member that ends an archive. */
const TRAILER = 'TRAILER!!!';

export type CpioEntry =
  | { readonly type: 'directory'; readonly mode: number }
  | { readonly type: 'file'; readonly mode: number; readonly data: Uint8Array }
  | { readonly type: 'symlink'; readonly target: string }
  | {
      readonly type: 'character-device';
      readonly mode: number;
      readonly major: number;
      readonly minor: number;
    };

/** Path without a leading slash → entry. A Map, so that a path occurs once. */
export type CpioTree = Map<string, CpioEntry>;

/**
 * The archive's bytes. Missing parent directories are added (0755), entries come parents first in byte order,
 * everything belongs to root and carries `mtimeSeconds`: equal trees give equal bytes.
 */
export function writeCpio(tree: ReadonlyMap<string, CpioEntry>, mtimeSeconds = 0): Buffer {
  const complete = withParents(tree);
  const chunks: Buffer[] = [];
  let inode = 1;
  for (const path of [...complete.keys()].sort(compareBytes)) {
    chunks.push(...encodeEntry(path, complete.get(path)!, inode++, mtimeSeconds));
  }
  chunks.push(...encodeMember({ path: TRAILER, mode: 0, inode: 0, mtimeSeconds: 0 }));
  const archive = Buffer.concat(chunks);
  // Two archives may follow each other in one initrd; the kernel skips the zeros between them up to a multiple of 4.
  return Buffer.concat([archive, Buffer.alloc(-archive.length & 511)]);
}

function compareBytes(left: string, right: string): number {
  return Buffer.compare(Buffer.from(left), Buffer.from(right));
}

function withParents(tree: ReadonlyMap<string, CpioEntry>): Map<string, CpioEntry> {
  const complete = new Map<string, CpioEntry>();
  for (const [path, entry] of tree) {
    checkPath(path);
    const parts = path.split('/');
    for (let depth = 1; depth < parts.length; depth++) {
      const parent = parts.slice(0, depth).join('/');
      const known = tree.get(parent);
      if (known !== undefined && known.type !== 'directory') {
        throw new ImageError('cpio-invalid', `${path} lies below ${parent}, which is a ${known.type}`);
      }
      if (!complete.has(parent)) complete.set(parent, known ?? { type: 'directory', mode: 0o755 });
    }
    complete.set(path, entry);
  }
  return complete;
}

function checkPath(path: string): void {
  const parts = path.split('/');
  const bad = parts.some((part) => part === '' || part === '.' || part === '..');
  // As a directory, too, that name would end the archive.
  if (bad || path.includes('\0') || parts[0] === TRAILER) {
    throw new ImageError('cpio-invalid', `not a path for an archive: ${JSON.stringify(path)}`, {
      expected: 'a relative path without empty parts, ".", ".." or NUL',
    });
  }
}

function encodeEntry(path: string, entry: CpioEntry, inode: number, mtimeSeconds: number): Buffer[] {
  const common = { path, inode, mtimeSeconds };
  switch (entry.type) {
    case 'directory':
      return encodeMember({ ...common, mode: S_IFDIR | permissions(entry.mode), links: 2 });
    case 'file':
      return encodeMember({ ...common, mode: S_IFREG | permissions(entry.mode), data: entry.data });
    case 'symlink':
      return encodeMember({ ...common, mode: S_IFLNK | 0o777, data: Buffer.from(entry.target) });
    case 'character-device':
      return encodeMember({
        ...common,
        mode: S_IFCHR | permissions(entry.mode),
        major: entry.major,
        minor: entry.minor,
      });
    default: {
      const never: never = entry;
      throw new ImageError('cpio-invalid', `unknown entry ${JSON.stringify(never)}`);
    }
  }
}

function permissions(mode: number): number {
  return mode & 0o7777;
}

interface Member {
  readonly path: string;
  readonly mode: number;
  readonly inode: number;
  readonly mtimeSeconds: number;
  readonly links?: number;
  readonly major?: number;
  readonly minor?: number;
  readonly data?: Uint8Array;
}

function encodeMember(member: Member): Buffer[] {
  const name = Buffer.from(`${member.path}\0`);
  const data = member.data ?? new Uint8Array(0);
  const fields = [
    member.inode,
    member.mode,
    0, // uid
    0, // gid
    member.links ?? 1,
    member.mtimeSeconds,
    data.length,
    0, // device of the file system, major
    0, // and minor
    member.major ?? 0,
    member.minor ?? 0,
    name.length,
    0, // checksum: only in "070702"
  ];
  const header = `070701${fields.map(hexField).join('')}`;
  return [
    Buffer.from(header, 'latin1'),
    name,
    Buffer.alloc(-(HEADER_BYTES + name.length) & 3),
    Buffer.from(data.buffer, data.byteOffset, data.byteLength),
    Buffer.alloc(-data.length & 3),
  ];
}

function hexField(value: number): string {
  if (!Number.isInteger(value) || value < 0 || value > 0xffff_ffff) {
    throw new ImageError('cpio-invalid', `a header field must fit 32 bits, came ${value}`);
  }
  return value.toString(16).toUpperCase().padStart(8, '0');
}
