// Fuzz target `tar`: archives as packages hold them, however they are cut into chunks.

import type { FuzzRandom } from '../../hypervisor/testing/fuzz/fuzz-random.ts';
import {
  BrokenInvariant,
  type FuzzSession,
  type FuzzTarget,
  must,
} from '../../hypervisor/testing/fuzz/fuzz-target.ts';
import { type TarMember, TarReader } from './tar-reader.ts';
import { orRefused } from './testing/image-boundary.ts';
import { paxRecord, putChecksum, type TarFields, tarEnd, tarMember } from './testing/tar-writer.ts';

const NAMES = [
  'a',
  './a/b',
  'usr/bin/x',
  '/etc/passwd',
  '../up',
  'a/../../b',
  '.',
  '',
  'a//b/',
  'ü',
  'a\0b',
  '..',
];
const SIZES = [
  '00000000000',
  '77777777777',
  '00000000001',
  '-1',
  '1e3',
  '0x10',
  '',
  '        12 ',
  '\x80\0\0\0\0\0\0\0\0\0\0\x01',
];
const RECORD_LENGTHS = ['0', '-5', '1e-9', '1.5', '0x1f', '', ' ', '9999999999', 'NaN', 'Infinity', '1', '3'];

function name(random: FuzzRandom): string {
  const parts = Array.from({ length: 1 + random.below(3) }, () => random.pick(NAMES));
  return random.oneIn(6) ? random.bytes(200).toString() : parts.join(random.pick(['/', '']));
}

function extension(random: FuzzRandom): Buffer {
  const type = random.pick(['x', 'g', 'L', 'K']);
  if (type === 'L' || type === 'K') {
    const long = `${name(random)}\0`;
    random.note(`long name ${type} ${JSON.stringify(long)}`);
    return tarMember({ name: '././@LongLink', type, data: Buffer.from(long) });
  }
  const records = Array.from({ length: random.below(4) }, () => {
    const record = paxRecord(random.pick(['path', 'linkpath', 'size', 'mtime']), name(random));
    return random.oneIn(3) ? record.replace(/^\d+/, random.pick(RECORD_LENGTHS)) : record;
  });
  random.note(`pax records ${type} ${JSON.stringify(records)}`);
  return tarMember({ name: 'pax', type, data: Buffer.from(records.join('')) });
}

function member(random: FuzzRandom): Buffer {
  if (random.below(4) === 3) return extension(random);
  const fields: TarFields = {
    name: name(random),
    type: random.pick(['0', '\0', '5', '2', '1', '3', '6', '7', random.pick(['S', 'V', '\xff'])]),
    data: random.bytes(random.pick([0, 1, 512, 513, 1500])),
    ...(random.oneIn(8) ? { size: random.pick(SIZES) } : {}),
    ...(random.oneIn(8) ? { mode: random.pick(SIZES) } : {}),
    link: name(random),
    ...(random.oneIn(3) ? { prefix: name(random) } : {}),
    ...(random.oneIn(4) ? { magic: 'ustar ' } : {}),
  };
  random.note(`member ${JSON.stringify({ ...fields, data: `${fields.data?.length} bytes` })}`);
  return tarMember(fields);
}

function archive(random: FuzzRandom): Buffer {
  const members = Array.from({ length: random.below(5) }, () => member(random));
  const bytes = Buffer.concat([...members, ...(random.oneIn(8) ? [] : [tarEnd])]);
  if (random.below(2) === 0) return bytes;
  random.note('and disturbed');
  random.disturb(bytes);
  // Most disturbances would only show that checksums are looked at.
  for (let at = 0; at + 512 <= bytes.length && !random.oneIn(4); at += 512) {
    if (bytes.toString('latin1', at + 257, at + 262) === 'ustar') putChecksum(bytes.subarray(at));
  }
  return bytes;
}

type Members = ReadonlyMap<string, TarMember>;

function readIn(chunks: readonly Buffer[]): Members | undefined {
  return orRefused(['tar-invalid'], () => {
    const reader = new TarReader((path) => path !== 'unwanted');
    for (const chunk of chunks) reader.write(chunk);
    return reader.finish();
  });
}

function cut(random: FuzzRandom, bytes: Buffer): Buffer[] {
  const chunks: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = random.pick([1 + random.below(700), 512, 4096]);
    chunks.push(bytes.subarray(at, at + length));
    at += length;
  }
  return chunks;
}

function checkPath(path: string): void {
  const isInside = path.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
  must(isInside && !path.includes('\0'), () => `the path ${JSON.stringify(path)} came out`);
}

function check(members: Members, archiveBytes: number): void {
  let bytes = 0;
  for (const [path, member] of members) {
    checkPath(path);
    if (member.type === 'hard-link' && member.target !== '') checkPath(member.target);
    if (member.type === 'file') bytes += member.data.length;
    if (member.type === 'file' || member.type === 'directory')
      must((member.mode & ~0o7777) === 0, () => `${path} has the mode ${member.mode.toString(8)}`);
  }
  must(bytes <= archiveBytes, () => `${bytes} bytes of files came out of ${archiveBytes}`);
}

const describe = (members: Members | undefined): string =>
  members === undefined ? 'refused' : JSON.stringify([...members]);

class TarSession implements FuzzSession {
  readonly outcomes = { read: 0, refused: 0 };

  runCase(random: FuzzRandom): void {
    const bytes = archive(random);
    const members = readIn([bytes]);
    this.outcomes[members === undefined ? 'refused' : 'read']++;
    if (members !== undefined) check(members, bytes.length);
    const chunks = cut(random, bytes);
    if (describe(readIn(chunks)) !== describe(members)) {
      throw new BrokenInvariant(`in ${chunks.length} chunks the archive reads otherwise`);
    }
  }
}

export const target: FuzzTarget = {
  name: 'tar',
  about:
    "Packages' archives: read or refused, paths stay inside, no more bytes than came, however they are cut.",
  decoders: ['guests/images/tar-reader.ts'],
  casesInTests: 1500,
  plantedBugs: [
    {
      name: 'paths lead upwards',
      file: 'guests/images/tar-reader.ts',
      from: "parts.includes('..') ||",
      to: "parts[0] === '..' ||",
      within: 3000,
    },
    {
      name: 'chunks lose a byte',
      file: 'guests/images/tar-reader.ts',
      from: 'this.#pending = [all.subarray(length)]',
      to: 'this.#pending = [all.subarray(this.#pending.length > 2 ? length + 1 : length)]',
      within: 3000,
    },
  ],
  start: () => new TarSession(),
};
