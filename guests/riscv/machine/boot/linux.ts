// Boots a Linux kernel image: header, placement, initramfs, device tree (Linux Documentation/arch/riscv/boot.rst and
// boot-image-header.rst). Entered in S mode with a0 = hart id, a1 = device tree.
//
//   RAM  +text_offset kernel … | initramfs, ending 2 MiB below the top | device tree, 2 MiB below the top
import { bootArgumentIs, bootArgumentLength, findBootArgument } from '../../../lib/boot-arguments.ts';
import { BOOT_ARGUMENTS } from '../devices/device-memory.ts';
import { hartReset } from '../hart/hart.ts';
import { RAM_BYTES, SBI_MODE } from '../hart/state.ts';
import { RAM_BASE, RAM_GPA } from '../memory/layout.ts';
import { attachVirtioDevices } from '../virtio/devices.ts';
import { bootFailure } from './boot-failure.ts';
import { BootDescription, writeDeviceTree } from './device-tree.ts';
import { readSeed, SEED_BYTES } from './seed.ts';
import { openVolume, readVolume, volumeBytes } from './volume-reader.ts';

const MEBIBYTE: u32 = 0x10_0000;
const TREE_ROOM: u32 = 2 * MEBIBYTE;
/** Below this nothing that a kernel needs has its place. */
const MIN_RAM_BYTES: u32 = 8 * MEBIBYTE;
const DEFAULT_TEXT_OFFSET: u32 = 0x20_0000;
/** "RSC\x05" at +56 of the image header. */
const IMAGE_MAGIC2: u32 = 0x0543_5352;
const HEADER_BYTES: u32 = 64;

/** Loads everything and sets the hart to the kernel's entry; false after saying what is wrong. */
export function bootLinux(): bool {
  const ramBytes = load<u32>(RAM_BYTES);
  if (ramBytes < MIN_RAM_BYTES) return bootFailure('a Linux kernel needs at least 8 MiB of memory');
  const top = RAM_BASE + ramBytes - TREE_ROOM;
  const kernel = openVolume('kernel');
  if (kernel == 0) return bootFailure('no kernel was given');
  const kernelBytes = volumeBytes(kernel);
  if (kernelBytes < HEADER_BYTES) return bootFailure('the kernel is shorter than an image header');
  const start = RAM_BASE + DEFAULT_TEXT_OFFSET;
  if (kernelBytes > <u64>(top - start)) return bootFailure('the kernel does not fit into memory');
  if (!readVolume(kernel, 0, <u32>kernelBytes, start)) return bootFailure('the kernel could not be read');
  if (load<u32>(start + 56) != IMAGE_MAGIC2) {
    return bootFailure('the kernel is not a RISC-V Linux Image (no RSC\\x05 at byte 56)');
  }
  const entry = placeKernel(start, <u32>kernelBytes, top);
  if (entry == 0) return bootFailure("the kernel's header asks for more memory than there is");
  const boot = new BootDescription();
  if (!loadInitrd(boot, top, entry, <u32>kernelBytes)) return false;
  const line = findBootArgument(BOOT_ARGUMENTS, 'append');
  boot.commandLine = line;
  boot.commandLineBytes = line == 0 ? 0 : bootArgumentLength(BOOT_ARGUMENTS, line);
  const seed = readSeed();
  boot.seed = seed;
  boot.seedBytes = seed == 0 ? 0 : SEED_BYTES;
  boot.hasPci = !bootArgumentIs(BOOT_ARGUMENTS, 'transport', 'mmio');
  boot.virtioMmioSlots = attachVirtioDevices(boot.hasPci);
  writeDeviceTree(top, boot);
  store<u32>(SBI_MODE, 1);
  hartReset(RAM_GPA + (entry - RAM_BASE), 0, RAM_GPA + (top - RAM_BASE), 1);
  return true;
}

/** Moves the kernel to where its header wants it; returns its address, 0 when it does not fit. */
function placeKernel(start: usize, bytes: u32, top: usize): usize {
  const textOffset = load<u64>(start + 8);
  const imageBytes = load<u64>(start + 16);
  const room = <u64>(top - RAM_BASE);
  if (textOffset > room || imageBytes > room - textOffset || (textOffset & 7) != 0) return 0;
  const wanted = RAM_BASE + <usize>textOffset;
  if (<u64>bytes > room - textOffset) return 0;
  if (wanted != start) memory.copy(wanted, start, bytes);
  return wanted;
}

function loadInitrd(boot: BootDescription, top: usize, kernel: usize, kernelBytes: u32): bool {
  const volume = openVolume('initrd');
  if (volume == 0) return true;
  const bytes = volumeBytes(volume);
  // A header may say less than there is.
  const kernelEnd = kernel + max<usize>(<usize>load<u64>(kernel + 16), kernelBytes);
  if (bytes == 0 || bytes > <u64>(top - kernelEnd))
    return bootFailure('the initramfs does not fit into memory');
  const at = (top - <usize>bytes) & ~0xfff;
  if (at < kernelEnd) return bootFailure('the initramfs does not fit into memory');
  if (!readVolume(volume, 0, <u32>bytes, at)) return bootFailure('the initramfs could not be read');
  boot.initrdGpa = RAM_GPA + (at - RAM_BASE);
  boot.initrdBytes = <u32>bytes;
  return true;
}
