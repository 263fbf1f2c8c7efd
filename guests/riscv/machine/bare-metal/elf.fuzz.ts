// Fuzz target `programs`: bare-metal ELF files, loaded by the machine inside its sandbox, against a second reading of
// the same file.

import type { FuzzRandom } from '../../../../hypervisor/testing/fuzz/fuzz-random.ts';
import { type FuzzSession, type FuzzTarget, must } from '../../../../hypervisor/testing/fuzz/fuzz-target.ts';
import { notePlantedElsewhere, plantedHere } from '../../../../hypervisor/testing/fuzz/planted-bug.ts';
import {
  elfFields,
  type Field,
  putField,
  sectionFields,
  segmentFields,
} from '../../../images/testing/elf-fields.ts';
import { DeviceMachine, RAM_GPA } from '../devices/testing/device-machine.ts';

const RAM_BASE = 0x600_0000;
const RAM_BYTES = 1 << 20;
const HEADER_BYTES = 64;
const SEGMENT_BYTES = 56;
const SECTION_BYTES = 64;
const PAYLOAD_BYTES = 1024;
const FILLER = 0xc3;

/** Header, segments, payload, symbols, their names, sections. */
function program(segments: number): Buffer {
  const symbolsAt = HEADER_BYTES + segments * SEGMENT_BYTES + PAYLOAD_BYTES;
  const names = Buffer.from('\0begin_signature\0tohost\0');
  const sectionsAt = symbolsAt + 48 + names.length;
  const file = Buffer.alloc(sectionsAt + 3 * SECTION_BYTES);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  file.writeUInt16LE(243, 18);
  for (let at = symbolsAt - PAYLOAD_BYTES; at < symbolsAt; at++) file[at] = at & 0xff;
  putField(file, 0, elfFields.entry, RAM_GPA);
  putField(file, 0, elfFields.programTable, BigInt(HEADER_BYTES));
  putField(file, 0, elfFields.programHeaderBytes, BigInt(SEGMENT_BYTES));
  putField(file, 0, elfFields.programHeaders, BigInt(segments));
  putField(file, 0, elfFields.sectionTable, BigInt(sectionsAt));
  putField(file, 0, elfFields.sectionHeaderBytes, BigInt(SECTION_BYTES));
  putField(file, 0, elfFields.sections, 3n);
  for (let segment = 0; segment < segments; segment++) {
    const at = HEADER_BYTES + segment * SEGMENT_BYTES;
    putField(file, at, segmentFields.type, 1n);
    putField(file, at, segmentFields.fileOffset, BigInt(symbolsAt - PAYLOAD_BYTES + 100 * segment));
    putField(file, at, segmentFields.address, RAM_GPA + BigInt(0x1000 * segment));
    putField(file, at, segmentFields.fileBytes, 300n);
    putField(file, at, segmentFields.memoryBytes, 500n);
  }
  file.writeUInt32LE(names.indexOf('tohost'), symbolsAt + 24);
  file.writeBigUInt64LE(RAM_GPA + 0x800n, symbolsAt + 32);
  names.copy(file, symbolsAt + 48);
  for (const [index, type, at, size, link] of [
    [1, 2, symbolsAt, 48, 2],
    [2, 3, symbolsAt + 48, names.length, 0],
  ] as const) {
    const section = sectionsAt + index * SECTION_BYTES;
    for (const [field, value] of [
      [sectionFields.type, type],
      [sectionFields.fileOffset, at],
      [sectionFields.size, size],
      [sectionFields.link, link],
    ] as const)
      putField(file, section, field, BigInt(value));
  }
  return file;
}

function value(random: FuzzRandom, bytes: number): bigint {
  switch (random.below(5)) {
    case 0:
      return BigInt(random.below(2 * bytes));
    case 1:
      return (
        RAM_GPA + BigInt(random.pick([random.below(RAM_BYTES), RAM_BYTES - random.below(0x3000), RAM_BYTES]))
      );
    case 2:
      return (1n << 64n) - BigInt(random.below(bytes));
    case 3:
      return BigInt(bytes - random.below(70));
    default:
      return random.word64();
  }
}

function setField(random: FuzzRandom, file: Buffer): void {
  const sections = Number(file.readBigUInt64LE(elfFields.sectionTable.offset));
  const [fields, at] = random.pick([
    [elfFields, 0],
    [segmentFields, HEADER_BYTES + SEGMENT_BYTES * random.below(3)],
    [segmentFields, HEADER_BYTES + SEGMENT_BYTES * random.below(3)],
    [sectionFields, sections + SECTION_BYTES * random.below(3)],
  ] as const) as [Record<string, Field>, number];
  const [name, field] = random.pick(Object.entries(fields));
  const came = value(random, file.length);
  random.note(`${name} of the header at ${at} becomes 0x${came.toString(16)}`);
  putField(file, at, field, came);
}

function elf(random: FuzzRandom): Buffer {
  const file = program(random.below(4));
  for (let left = random.below(4); left > 0; left--) setField(random, file);
  if (random.oneIn(4)) random.disturb(file);
  return random.oneIn(6) ? file.subarray(0, random.between(0, file.length)) : file;
}

const isWithin = (offset: bigint, length: bigint, bytes: bigint): boolean => offset + length <= bytes;

/** What loading the file should do to RAM below `limit`; undefined when it is to be refused, `ram` being as far as it got. */
function load(file: Buffer, ram: Buffer, limit: number): 'loaded' | 'refused' {
  const word = (at: number): bigint => file.readBigUInt64LE(at);
  const [table, count] = [word(32), file.readUInt16LE(56)];
  if (file.readUInt16LE(54) !== SEGMENT_BYTES) return 'refused';
  if (!isWithin(table, BigInt(count * SEGMENT_BYTES), BigInt(file.length))) return 'refused';
  for (let at = Number(table); at < Number(table) + count * SEGMENT_BYTES; at += SEGMENT_BYTES) {
    if (file.readUInt32LE(at) !== 1) continue;
    const [offset, gpa, fileBytes, memoryBytes] = [8, 24, 32, 40].map((field) => word(at + field)) as [
      bigint,
      bigint,
      bigint,
      bigint,
    ];
    if (memoryBytes === 0n) continue;
    if (!isWithin(offset, fileBytes, BigInt(file.length)) || fileBytes > memoryBytes) return 'refused';
    if (gpa < RAM_GPA || !isWithin(gpa - RAM_GPA, memoryBytes, BigInt(limit))) return 'refused';
    const start = Number(gpa - RAM_GPA);
    ram.fill(0, start, start + Number(memoryBytes));
    file.copy(ram, start, Number(offset), Number(offset + fileBytes));
  }
  return 'loaded';
}

const results = ['no program', 'refused', 'loaded'] as const;

class ProgramSession implements FuzzSession {
  readonly outcomes = { 'no program': 0, refused: 0, loaded: 0, 'with tohost': 0 };
  readonly #machine: DeviceMachine;
  readonly #sandbox: Buffer;
  readonly #expected = Buffer.alloc(RAM_BYTES);

  constructor(module: WebAssembly.Module) {
    this.#machine = new DeviceMachine(module, { ramBytes: RAM_BYTES });
    this.#sandbox = Buffer.from(this.#machine.memory.buffer);
  }

  get #ram(): Buffer {
    return this.#sandbox.subarray(RAM_BASE, RAM_BASE + RAM_BYTES);
  }

  runCase(random: FuzzRandom): void {
    const file = elf(random);
    // As bare-metal/program.ts places it.
    const at = (RAM_BYTES - file.length) & ~0xfff;
    for (const ram of [this.#ram, this.#expected]) ram.fill(FILLER).set(file, at);
    const { exports } = this.#machine;
    const result = results[exports.tryElf(RAM_BASE + at, file.length)] as (typeof results)[number];
    this.outcomes[result]++;
    if (result !== 'no program') {
      const wanted = load(file, this.#expected, at);
      must(result === wanted, () => `${result}, but it should be ${wanted}`);
      if (exports.tohostOf(RAM_BASE + at, file.length) !== 0n) this.outcomes['with tohost']++;
    }
    must(this.#ram.equals(this.#expected), 'RAM is not what the segments say');
    must(
      this.#sandbox.subarray(0, 0x400).every((byte) => byte === 0),
      'the machine’s own memory was written',
    );
  }
}

const loader = 'guests/riscv/machine/bare-metal/elf.ts';

export const target: FuzzTarget = {
  name: 'programs',
  about:
    'Bare-metal ELF files in the sandbox: no exception, and RAM is what a second reading of the segments says.',
  decoders: [loader],
  casesInTests: 4000,
  plantedBugs: [
    {
      name: 'sums wrap',
      file: loader,
      from: 'return offset <= bytes && length <= bytes - offset;',
      to: 'return offset + length <= bytes;',
      within: 8000,
    },
  ],
  async start() {
    const bug = plantedHere();
    const module = await DeviceMachine.compile(bug);
    if (bug !== undefined) notePlantedElsewhere();
    return new ProgramSession(module);
  },
};
