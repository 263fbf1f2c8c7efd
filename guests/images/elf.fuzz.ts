// Fuzz target `elf`: programs, libraries and kernel modules out of packages, as the builder of images reads them.
import type { FuzzRandom } from '../../hypervisor/testing/fuzz/fuzz-random.ts';
import { type FuzzSession, type FuzzTarget, must } from '../../hypervisor/testing/fuzz/fuzz-target.ts';
import { readDynamicLinking, readModinfo, readSections } from './elf.ts';
import { cutSignature } from './kernel-modules.ts';
import { stripModule } from './strip-module.ts';
import { elfFields, putField, sectionFields, segmentFields } from './testing/elf-fields.ts';
import { makeElf, makeModule, makeRelocatable, signModule } from './testing/elf-fixture.ts';
import { orRefused } from './testing/image-boundary.ts';

const program = makeElf({ needed: ['libone.so.1', 'libtwo.so'], interpreter: '/lib/ld.so' });
const module = makeRelocatable({
  symbols: [
    { name: '.L1', bind: 0, type: 0, value: 1 },
    { name: 'static_function', bind: 0, type: 2, value: 2 },
    { name: '.L2', bind: 0, type: 0, value: 3 },
    { name: 'init_module', bind: 1, type: 2, value: 5 },
    { name: 'printk', bind: 1, type: 0, value: 0 },
  ],
  relocations: [3, 5, 3, 4],
  modinfo: ['depends=x', 'alias=a', 'alias=b'],
});
const seeds = [program, module, signModule(module, 40), makeModule(['depends=a,b-c'])];

/** A section's header takes 64 bytes and names a string of up to 4096; little else is named. */
const MOST_TEXT_PER_BYTE = 80;
/** Padding, and the tables that are written anew. */
const MOST_GROWTH = 64 * 4096;

function sectionAt(file: Buffer, index: number): number {
  return Number(file.readBigUInt64LE(elfFields.sectionTable.offset)) + 64 * index;
}

function value(random: FuzzRandom, file: Buffer): bigint {
  const kind = random.below(4);
  if (kind === 0) return BigInt(random.below(16));
  if (kind === 1) return BigInt(random.between(0, file.length + 1));
  return kind === 2 ? random.word64() : BigInt(file.length - random.below(65));
}

function setField(random: FuzzRandom, file: Buffer): void {
  const [fields, at] = random.pick([
    [elfFields, 0],
    [sectionFields, sectionAt(file, random.below(10))],
    [sectionFields, sectionAt(file, random.below(10))],
    [segmentFields, 64],
  ] as const);
  const [name, field] = random.pick(Object.entries(fields));
  const came = value(random, file);
  random.note(`${name} of the header at ${at} becomes ${came}`);
  putField(file, at, field, came);
}

/** Many sections that are one and the same: whatever is done for each is done often. */
function repeatSection(random: FuzzRandom, file: Buffer): Buffer {
  const at = sectionAt(file, random.below(9));
  if (at + 64 > file.length) return file;
  const times = random.between(1, 300);
  const large = random.pick(['none', 'none', 'names', 'itself']);
  random.note(`the section header at ${at} comes ${times} times more; large: ${large}`);
  const room = Buffer.alloc(large === 'none' ? 1 : 20_000, 0x41);
  room[room.length - 1] = 0;
  const table = file.subarray(
    sectionAt(file, 0),
    sectionAt(file, file.readUInt16LE(elfFields.sections.offset)),
  );
  const repeated = Buffer.concat(Array.from({ length: times }, () => file.subarray(at, at + 64)));
  const longer = Buffer.concat([file, room, table, repeated]);
  putField(longer, 0, elfFields.sectionTable, BigInt(file.length + room.length));
  putField(longer, 0, elfFields.sections, BigInt(table.length / 64 + times));
  const changed = large === 'names' ? [file.readUInt16LE(elfFields.sectionNames.offset)] : [];
  if (large === 'itself')
    changed.push(...Array.from({ length: times }, (_, index) => table.length / 64 + index));
  for (const section of changed) {
    putField(longer, sectionAt(longer, section), sectionFields.fileOffset, BigInt(file.length));
    putField(longer, sectionAt(longer, section), sectionFields.size, BigInt(room.length));
  }
  return longer;
}

function elf(random: FuzzRandom): Buffer {
  let file: Buffer = Buffer.from(random.pick(seeds));
  if (random.oneIn(4)) file = repeatSection(random, file);
  for (let left = random.below(5); left > 0; left--) setField(random, file);
  if (random.oneIn(4)) random.disturb(file);
  return random.oneIn(6) ? file.subarray(0, random.between(0, file.length)) : file;
}

const refusal = ['elf-invalid'] as const;
const textBytes = (texts: readonly string[]): number => texts.reduce((sum, text) => sum + text.length, 0);

function checkNames(file: Buffer): void {
  const sections = orRefused(refusal, () => readSections(file));
  const linking = orRefused(refusal, () => readDynamicLinking(file));
  const info = orRefused(refusal, () => readModinfo(file));
  const texts = [
    ...(sections ?? []).map(({ name }) => name),
    ...(linking?.needed ?? []),
    linking?.interpreter ?? '',
    ...[...(info ?? [])].flatMap(([key, values]) => [key, ...values]),
  ];
  must(textBytes(texts) <= MOST_TEXT_PER_BYTE * file.length, () => `${textBytes(texts)} bytes of names`);
}

function symbolsThatStay(file: Buffer): string[] | undefined {
  const sections = readSections(file);
  const table = sections.find(({ type }) => type === 2);
  const names = table === undefined ? undefined : sections[table.link]?.bytes;
  if (table === undefined || names === undefined) return undefined;
  return Array.from({ length: Math.floor(table.bytes.length / 24) }, (_, index) => index)
    .filter((index) => table.bytes[24 * index + 4] !== 0)
    .map((index) => {
      const start = table.bytes.readUInt32LE(24 * index);
      return `${names.toString('latin1', start, names.indexOf(0, start))} ${table.bytes.readBigUInt64LE(24 * index + 8)}`;
    });
}

class ElfSession implements FuzzSession {
  readonly outcomes = { stripped: 0, 'left alone': 0, refused: 0 };

  runCase(random: FuzzRandom): void {
    const file = elf(random);
    const before = Buffer.from(file);
    checkNames(file);
    const unsigned = orRefused(refusal, () => cutSignature(file));
    const stripped = unsigned && orRefused(refusal, () => stripModule(unsigned));
    must(file.equals(before), 'the file was changed');
    if (unsigned === undefined || stripped === undefined) this.outcomes.refused++;
    else if (stripped === unsigned) this.outcomes['left alone']++;
    else {
      this.outcomes.stripped++;
      this.#checkStripped(unsigned, stripped);
    }
  }

  #checkStripped(file: Buffer, stripped: Buffer): void {
    must(
      stripped.length <= file.length + MOST_GROWTH,
      () => `${file.length} bytes became ${stripped.length}`,
    );
    const [was, is] = [file, stripped].map((each) =>
      readSections(each).map(({ name, type }) => `${name} ${type}`),
    );
    must(was?.join() === is?.join(), () => `the sections ${was?.join()} became ${is?.join()}`);
    const [kept, came] = [symbolsThatStay(file), symbolsThatStay(stripped)];
    must(kept?.join() === came?.join(), () => `the symbols ${kept?.join()} became ${came?.join()}`);
  }
}

export const target: FuzzTarget = {
  name: 'elf',
  about:
    "Packages' ELF files: read or refused, text in proportion to the file, a stripped module keeps what it needs.",
  decoders: ['guests/images/elf.ts', 'guests/images/strip-module.ts', 'guests/images/kernel-modules.ts'],
  casesInTests: 2000,
  plantedBugs: [
    {
      name: 'sections may lie outside',
      file: 'guests/images/elf.ts',
      from: '!Number.isSafeInteger(end) || end > bytes.length',
      to: '!Number.isSafeInteger(end)',
      within: 3000,
    },
    {
      name: 'names of any length',
      file: 'guests/images/elf.ts',
      from: 'table.subarray(0, offset + MAX_STRING_BYTES)',
      to: 'table',
      within: 3000,
    },
    {
      name: 'sections that overlap are written out',
      file: 'guests/images/strip-module.ts',
      from: '<= module.length &&',
      to: '>= 0 &&',
      within: 5000,
    },
    {
      name: 'section names are packed as symbols',
      file: 'guests/images/strip-module.ts',
      from: 'sectionNames?.type === SHT_STRTAB',
      to: 'sectionNames !== undefined',
      within: 40_000,
    },
  ],
  start: () => new ElfSession(),
};
