// A bare-metal program for the RV64 machine that is a hostile virtio driver: it sets up a queue of the console or of the
// first disk (virtio 1.3 §4.2.2, §2.7) with one chain that it was told to make, kicks the device, and powers off; or says
// that it failed, where a word has changed that no device was told of.
import * as e from '../../riscv/oracle/generator/encoding.ts';
import { BareProgram, DATA, xor } from './bare-program.ts';

/** For what the driver gives the device to read. */
export const PAYLOAD = DATA;
/** A word that is zero, and that no device is told of. */
export const UNTOUCHED = DATA + 0x800;
/** Registers of the first disk. */
export const DISK_REGISTERS = 0x1000_2000;
export const DEVICE_ID = 8;

const QUEUE = DATA + 0x1000;
const SECOND_QUEUE = DATA + 0x1400;
const DRIVER_RING = 0x100;
const DEVICE_RING = 0x200;
const QUEUE_SIZE = 8;
const SECOND_QUEUE_SIZE = 4;

const FLAG_NEXT = 1;
const FLAG_WRITE = 2;

export interface Descriptor {
  address: number;
  length: number;
  /** Index of the descriptor that follows. */
  next?: number;
  /** For the device to write to. */
  isWritable?: boolean;
}

export interface HostileDriver {
  chain: readonly Descriptor[];
  /** Whose queue it is. Default: the console's, which transmits. */
  device?: 'console' | 'disk';
  payload?: Uint8Array;
  /** A second queue's chain: the driver writes that queue's size and addresses over the first one's when it is live. */
  afterwards?: readonly Descriptor[];
  /** The word that is not to change. Default: `UNTOUCHED`. */
  watched?: number;
}

type RegisterWrite = readonly [register: number, value: number];

const devices = {
  console: { registers: 0x1000_1000, queue: 1 },
  disk: { registers: DISK_REGISTERS, queue: 0 },
} as const;

/** Size and addresses of a queue, as registers of the MMIO transport. */
const layOut = (queue: number, size: number): RegisterWrite[] => [
  [0x38, size],
  [0x80, queue],
  [0x90, queue + DRIVER_RING],
  [0xa0, queue + DEVICE_RING],
];

/** @returns the ELF file */
export function virtioProgram(driver: HostileDriver): Uint8Array {
  const { chain, device = 'console', payload, afterwards, watched = UNTOUCHED } = driver;
  const { registers, queue } = devices[device];
  const program = new BareProgram();
  const loadWatched = (register: number): void => {
    program.loadWord(register, watched);
    // An address, not a signed number.
    program.put(e.slli(register, register, 32), e.srli(register, register, 32), e.lw(register, register, 0));
  };
  loadWatched(8);
  program.put(e.lui(5, registers >>> 12));
  const steps: RegisterWrite[] = [
    ...([0, 3] as const).map((status) => [0x70, status] as const),
    [0x24, 1],
    [0x20, 1],
    [0x70, 11],
    [0x30, queue],
    ...layOut(QUEUE, QUEUE_SIZE),
    [0x44, 1],
    [0x70, 15],
    ...(afterwards === undefined ? [] : layOut(SECOND_QUEUE, SECOND_QUEUE_SIZE)),
    [0x50, queue],
  ];
  for (const [register, value] of steps) {
    program.loadWord(6, value);
    program.put(e.sw(6, 5, register));
  }
  loadWatched(9);
  program.put(xor(8, 8, 9));
  program.endBy(8);
  program.data(QUEUE, queueWith(chain));
  if (afterwards !== undefined) program.data(SECOND_QUEUE, queueWith(afterwards));
  if (payload !== undefined) program.data(PAYLOAD, payload);
  return program.elf();
}

function queueWith(chain: readonly Descriptor[]): Uint8Array {
  const bytes = new Uint8Array(DEVICE_RING);
  const view = new DataView(bytes.buffer);
  chain.forEach(({ address, length, next, isWritable }, index) => {
    const at = 16 * index;
    view.setBigUint64(at, BigInt(address), true);
    view.setUint32(at + 8, length, true);
    view.setUint16(at + 12, (next === undefined ? 0 : FLAG_NEXT) | (isWritable ? FLAG_WRITE : 0), true);
    view.setUint16(at + 14, next ?? 0, true);
  });
  // One chain is offered: that of descriptor 0.
  view.setUint16(DRIVER_RING + 2, 1, true);
  return bytes;
}
