// Fuzz target `compressed-kernels`: kernels and modules of packages, compressed, damaged, or far larger than they look.
import { gzipSync, zstdCompressSync } from 'node:zlib';
import type { FuzzRandom } from '../../hypervisor/testing/fuzz/fuzz-random.ts';
import { type FuzzSession, type FuzzTarget, must } from '../../hypervisor/testing/fuzz/fuzz-target.ts';
import { decompress } from './decompress.ts';
import { toRiscvImage } from './kernel-image.ts';
import { orRefused } from './testing/image-boundary.ts';

const LIMIT_BYTES = 65_536;
const plain = [
  Buffer.alloc(0),
  Buffer.alloc(2000, 'kernel'),
  Buffer.alloc(LIMIT_BYTES),
  Buffer.alloc(LIMIT_BYTES + 1),
];
const image = Buffer.alloc(256);
image.write('RSC\x05', 0x38, 'latin1');
const bomb = Buffer.alloc(2 ** 24);
const compressed = {
  gzip: [...plain, image, bomb].map((bytes) => gzipSync(bytes)),
  zstd: [...plain, image, bomb].map((bytes) => zstdCompressSync(bytes)),
};
const kernels = [
  image,
  gzipSync(image),
  gzipSync(Buffer.alloc(300)),
  Buffer.alloc(0),
  image.subarray(0, 0x3a),
];

class CompressedSession implements FuzzSession {
  readonly outcomes = { decompressed: 0, refused: 0, 'taken as a kernel': 0, 'no kernel': 0 };

  runCase(random: FuzzRandom): void {
    if (random.below(4) === 3) this.#kernel(random);
    else this.#decompress(random);
  }

  #decompress(random: FuzzRandom): void {
    const compression = random.pick(['gzip', 'zstd'] as const);
    const which = random.below(6);
    const bytes = Buffer.from(compressed[compression][which] as Buffer);
    random.note(`${compression} data number ${which}`);
    if (random.below(3) > 0) random.disturb(bytes);
    const cut = random.oneIn(4) ? bytes.subarray(0, random.below(bytes.length + 1)) : bytes;
    const joined = random.oneIn(6) ? Buffer.concat([cut, cut]) : cut;
    const came = orRefused(['package-corrupt'], () => decompress(compression, joined, 'it', LIMIT_BYTES));
    must(came === undefined || came.length <= LIMIT_BYTES, () => `${came?.length} bytes came out`);
    this.outcomes[came === undefined ? 'refused' : 'decompressed']++;
  }

  #kernel(random: FuzzRandom): void {
    const bytes = Buffer.from(random.pick(kernels));
    if (random.below(2) === 1) random.disturb(bytes);
    const came = orRefused(['package-corrupt', 'kernel-invalid'], () => toRiscvImage(bytes));
    must(came === undefined || came.toString('latin1', 0x38, 0x3c) === 'RSC\x05', 'taken without its magic');
    this.outcomes[came === undefined ? 'no kernel' : 'taken as a kernel']++;
  }
}

export const target: FuzzTarget = {
  name: 'compressed-kernels',
  about: 'Compressed kernels and modules: refused, or no larger than the limit, and a kernel has its magic.',
  decoders: ['guests/images/decompress.ts', 'guests/images/kernel-image.ts'],
  casesInTests: 500,
  plantedBugs: [
    {
      name: 'there is no limit',
      file: 'guests/images/decompress.ts',
      from: '{ maxOutputLength: limitBytes }',
      to: '{}',
      within: 200,
    },
  ],
  start: () => new CompressedSession(),
};
