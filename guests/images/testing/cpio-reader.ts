// Reads newc archives back in tests: written from the format's description, not from the writer.

export interface CpioMember {
  readonly mode: number;
  readonly mtime: number;
  readonly major: number;
  readonly minor: number;
  readonly data: Buffer;
}

export function readCpio(archive: Buffer): Map<string, CpioMember> {
  const members = new Map<string, CpioMember>();
  for (let offset = 0; offset < archive.length; ) {
    // Between two archives there may be zeros.
    if (archive[offset] === 0) {
      offset += 4;
      continue;
    }
    const magic = archive.toString('latin1', offset, offset + 6);
    if (magic !== '070701') throw new Error(`magic ${JSON.stringify(magic)} at ${offset}`);
    const field = (index: number): number => {
      const text = archive.toString('latin1', offset + 6 + index * 8, offset + 14 + index * 8);
      if (!/^[0-9A-F]{8}$/i.test(text))
        throw new Error(`field ${index} at ${offset} is ${JSON.stringify(text)}`);
      return Number.parseInt(text, 16);
    };
    const nameEnd = offset + 110 + field(11);
    const name = archive.toString('utf8', offset + 110, nameEnd - 1);
    const dataStart = (nameEnd + 3) & ~3;
    const dataEnd = dataStart + field(6);
    if (dataEnd > archive.length) throw new Error(`${name} ends behind the archive`);
    if (name !== 'TRAILER!!!') {
      if (members.has(name)) throw new Error(`${name} occurs twice`);
      const data = archive.subarray(dataStart, dataEnd);
      members.set(name, { mode: field(1), mtime: field(5), major: field(9), minor: field(10), data });
    }
    offset = (dataEnd + 3) & ~3;
  }
  return members;
}
