// v86 in a process of its own, with the guest's serial line as standard input and output, as QEMU has it. It boots a
// kernel by the BIOS that it is given. Arguments: kernel, initramfs, command line, memory in MiB, folder of the BIOSes.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What we use of v86's interface. */
interface Emulator {
  add_listener(event: 'serial0-output-byte', listener: (byte: number) => void): void;
  serial0_send(text: string): void;
}
type V86Package = { V86: new (options: Record<string, unknown>) => Emulator };

/** Not a literal: v86 is no dependency, the types are checked without it. */
const packageName: string = 'v86';

function image(path: string): { buffer: ArrayBuffer } {
  const bytes = readFileSync(path);
  return { buffer: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer };
}

const [kernel, initramfs, commandLine, memoryMib, biosFolder] = process.argv.slice(2) as [
  string,
  string,
  string,
  string,
  string,
];
const { V86 } = (await import(packageName)) as V86Package;
const emulator = new V86({
  wasm_path: join(dirname(fileURLToPath(import.meta.resolve(packageName))), 'v86.wasm'),
  memory_size: Number(memoryMib) * 2 ** 20,
  vga_memory_size: 2 ** 21,
  bios: image(join(biosFolder, 'bios.bin')),
  vga_bios: image(join(biosFolder, 'vgabios-stdvga.bin')),
  bzimage: image(kernel),
  initrd: image(initramfs),
  cmdline: commandLine,
  autostart: true,
  disable_speaker: true,
  fastboot: true,
});

let waiting: number[] = [];
emulator.add_listener('serial0-output-byte', (byte) => {
  // One write for all that the guest prints in one stretch.
  if (waiting.length === 0)
    setImmediate(() => {
      process.stdout.write(Uint8Array.from(waiting));
      waiting = [];
    });
  waiting.push(byte);
});
process.stdin.setEncoding('utf8').on('data', (text: string) => emulator.serial0_send(text));
