// What can run in a partition, and how each kind becomes a module, boot arguments and devices.
import { HypervisorError } from './hypervisor-error.ts';

const MIB = 1024 * 1024;
const WASM_PAGE_BYTES = 65_536;
/** What the RV64 machine needs beside guest RAM: its state, decoded code, rings (guests/riscv/machine/memory). */
const MACHINE_BYTES = 96 * MIB;
const MAX_MACHINE_RAM_MIB = 3072;
const MAX_UNIKERNEL_MIB = 4095;
const MAX_BOOT_ARGUMENTS_BYTES = 4096;

/** A Wasm module that is the guest itself: a path or the bytes. */
export interface UnikernelGuest {
  kind: 'unikernel';
  module: string | Uint8Array;
}

/** How the RV64 machine runs code: interpreted, or what is hot translated to WebAssembly. */
export type Engine = 'interpreter' | 'translator';
export const engines: readonly Engine[] = ['interpreter', 'translator'];
const DEFAULT_ENGINE: Engine = 'translator';

/** For tests and measurements of the translator. */
export interface TranslatorSettings {
  /** Instructions interpreted from a place on after which it is translated. */
  heat?: number;
  /** Pieces of translated code kept at a time; older ones make room. */
  units?: number;
}

/** A kernel `Image` or `vmlinux` for the RV64 machine, entered in S mode with SBI. */
export interface LinuxGuest {
  kind: 'linux';
  kernel: string;
  initrd?: string;
  /** The kernel's command line. */
  append?: string;
  /** On which bus virtio devices are. Stock Debian kernels have only PCI built in. Default `pci`. */
  transport?: 'pci' | 'mmio';
  /** Default `translator`. */
  engine?: Engine;
  translator?: TranslatorSettings;
}

/** An ELF program for the RV64 machine, entered in M mode; ends by HTIF (`tohost`). */
export interface BareMetalGuest {
  kind: 'bare-metal';
  elf: string;
  maxInstructions?: bigint;
  /** File for the memory between `begin_signature` and `end_signature`. */
  signature?: { file: string; granularity: 4 | 8 };
  /** File for one line per retired instruction. */
  trace?: string;
  /** Default `translator`. */
  engine?: Engine;
  translator?: TranslatorSettings;
}

export type Guest = UnikernelGuest | LinuxGuest | BareMetalGuest;

/** Whether a guest may add translated code to its own table. */
export const mayPublishCode = (guest: Guest): boolean =>
  guest.kind !== 'unikernel' && (guest.engine ?? DEFAULT_ENGINE) === 'translator';

/** 64 KiB pages of linear memory for a guest that gets `memoryMib`. @throws HypervisorError INVALID_ARGUMENT */
export function memoryPages(guest: Guest, memoryMib: number): number {
  const most = guest.kind === 'unikernel' ? MAX_UNIKERNEL_MIB : MAX_MACHINE_RAM_MIB;
  if (!Number.isInteger(memoryMib) || memoryMib < 1 || memoryMib > most) {
    throw new HypervisorError('INVALID_ARGUMENT', `memory is ${memoryMib} MiB, expected 1 to ${most}`);
  }
  const machineBytes = guest.kind === 'unikernel' ? 0 : MACHINE_BYTES;
  return (memoryMib * MIB + machineBytes) / WASM_PAGE_BYTES;
}

/** The `key=value` lines for a guest. @throws HypervisorError INVALID_ARGUMENT when they do not fit */
export function bootArguments(guest: Guest, memoryMib: number, extra: Record<string, string>): string {
  const lines: Record<string, string> = { memory: String(memoryMib), ...extra };
  if (guest.kind !== 'unikernel') {
    lines['engine'] = guest.engine ?? DEFAULT_ENGINE;
    const { heat, units } = guest.translator ?? {};
    if (heat !== undefined) lines['translate-from'] = String(heat);
    if (units !== undefined) lines['translate-units'] = String(units);
  }
  if (guest.kind === 'linux') {
    lines['mode'] = 'linux';
    lines['append'] = guest.append ?? '';
    lines['transport'] = guest.transport ?? 'pci';
  }
  if (guest.kind === 'bare-metal') {
    lines['mode'] = 'bare';
    if (guest.maxInstructions !== undefined) lines['max-instructions'] = String(guest.maxInstructions);
    if (guest.signature !== undefined) lines['signature-granularity'] = String(guest.signature.granularity);
    if (guest.trace !== undefined) lines['trace'] = '1';
  }
  const text = Object.entries(lines)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('');
  if (Object.entries(lines).some(([key, value]) => /[\n\0]/.test(key + value) || key.includes('='))) {
    throw new HypervisorError(
      'INVALID_ARGUMENT',
      'a boot argument contains a line break, a NUL or "=" in its name',
    );
  }
  if (Buffer.byteLength(text) >= MAX_BOOT_ARGUMENTS_BYTES) {
    throw new HypervisorError(
      'INVALID_ARGUMENT',
      `boot arguments have ${Buffer.byteLength(text)} bytes, expected less than ${MAX_BOOT_ARGUMENTS_BYTES}`,
    );
  }
  return text;
}
