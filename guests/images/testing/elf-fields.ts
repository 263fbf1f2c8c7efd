// Where the fields of a 64-bit ELF file's headers are (System V gABI, chapters 4 and 5): for tests that set them wrong.

export interface Field {
  readonly offset: number;
  readonly bytes: 2 | 4 | 8;
}

/** Offsets in the ELF header. */
export const elfFields = {
  entry: { offset: 24, bytes: 8 },
  programTable: { offset: 32, bytes: 8 },
  sectionTable: { offset: 40, bytes: 8 },
  programHeaderBytes: { offset: 54, bytes: 2 },
  programHeaders: { offset: 56, bytes: 2 },
  sectionHeaderBytes: { offset: 58, bytes: 2 },
  sections: { offset: 60, bytes: 2 },
  sectionNames: { offset: 62, bytes: 2 },
} as const satisfies Record<string, Field>;

/** Offsets in a section header. */
export const sectionFields = {
  name: { offset: 0, bytes: 4 },
  type: { offset: 4, bytes: 4 },
  fileOffset: { offset: 24, bytes: 8 },
  size: { offset: 32, bytes: 8 },
  link: { offset: 40, bytes: 4 },
  info: { offset: 44, bytes: 4 },
  alignment: { offset: 48, bytes: 8 },
} as const satisfies Record<string, Field>;

/** Offsets in a program header. */
export const segmentFields = {
  type: { offset: 0, bytes: 4 },
  fileOffset: { offset: 8, bytes: 8 },
  address: { offset: 24, bytes: 8 },
  fileBytes: { offset: 32, bytes: 8 },
  memoryBytes: { offset: 40, bytes: 8 },
} as const satisfies Record<string, Field>;

/** Writes the field of the header at `at`, if that lies within the file. */
export function putField(file: Buffer, at: number, field: Field, value: bigint): void {
  if (at < 0 || at + field.offset + field.bytes > file.length) return;
  const low = BigInt.asUintN(8 * field.bytes, value);
  for (let i = 0; i < field.bytes; i++) file[at + field.offset + i] = Number((low >> BigInt(8 * i)) & 255n);
}
