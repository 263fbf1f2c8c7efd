// Finds the kernel in a Debian kernel package and checks that it is a RISC-V Image (Linux
// Documentation/arch/riscv/boot-image-header.rst).
import { decompress } from './decompress.ts';
import { ImageError } from './image-error.ts';
import type { TarMember } from './tar-reader.ts';

const MAGIC2_OFFSET = 0x38;
const MAGIC2 = 'RSC\x05';
const GZIP_MAGIC = 0x1f8b;
/** Debian's kernels have some 30 MiB. */
const MAX_IMAGE_BYTES = 256 * 1024 * 1024;

/** Newer packages keep it beside the modules, older ones in /boot. */
export function findKernel(files: ReadonlyMap<string, TarMember>, release: string): Buffer {
  const paths = [`usr/lib/modules/${release}/vmlinuz`, `boot/vmlinuz-${release}`, `boot/vmlinux-${release}`];
  const member = paths.map((path) => files.get(path)).find((candidate) => candidate?.type === 'file');
  if (member?.type !== 'file') {
    throw new ImageError('kernel-invalid', `the packages of ${release} hold no kernel`, {
      expected: paths.map((path) => `/${path}`).join(' or '),
    });
  }
  return toRiscvImage(member.data);
}

/** Uncompresses a gzipped Image; refuses anything that is not a RISC-V Image in the end. */
export function toRiscvImage(bytes: Buffer): Buffer {
  const isGzip = bytes.length > 2 && bytes.readUInt16BE(0) === GZIP_MAGIC;
  const image = isGzip ? decompress('gzip', bytes, 'the kernel', MAX_IMAGE_BYTES) : bytes;
  const magic = image.toString('latin1', MAGIC2_OFFSET, MAGIC2_OFFSET + MAGIC2.length);
  if (magic !== MAGIC2) {
    throw new ImageError('kernel-invalid', 'not a RISC-V kernel Image', {
      expected: `${JSON.stringify(MAGIC2)} at offset ${MAGIC2_OFFSET}`,
      came: JSON.stringify(magic),
    });
  }
  return image;
}
