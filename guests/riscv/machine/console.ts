// The machine's end of the console channel (abi/channels/console.ts): output collects in a buffer and leaves when it
// is full or when the machine comes up for air; input waits in the ring until a device has room for it.
//
//   CONSOLE_STATE  +0 channel | +4 bytes in the buffer | +8 bytes of the current input packet already given out
//                  +12 scratch | +16 1 = input is for virtio | +24 message: type u32, then up to CAPACITY bytes
import {
  CONSOLE_HEADER_BYTES,
  CONSOLE_INPUT,
  CONSOLE_OUTPUT,
} from '../../../hypervisor/abi/channels/console.ts';
import { CHANNEL_SERVICE_CONSOLE } from '../../../hypervisor/abi/channels/services.ts';
import { ringPayloadBytes, ringRead, ringRelease } from '../../lib/ring.ts';
import {
  channelHasPacket,
  channelIncomingBytes,
  channelIncomingRing,
  channelKick,
  channelQueue,
} from '../../lib/vmbus.ts';
import { CONSOLE_STATE } from './devices/device-memory.ts';
import { openMachineChannel } from './machine-channels.ts';

const CHANNEL: usize = CONSOLE_STATE;
const FILLED: usize = CONSOLE_STATE + 4;
const TAKEN: usize = CONSOLE_STATE + 8;
const INPUT_WORD: usize = CONSOLE_STATE + 12;
const IS_VIRTIO: usize = CONSOLE_STATE + 16;
const MESSAGE: usize = CONSOLE_STATE + 24;
const BYTES: usize = MESSAGE + CONSOLE_HEADER_BYTES;
const CAPACITY: u32 = 4096;

/** Opens the channel. @param isVirtio who gets the input */
export function openConsole(isVirtio: bool): void {
  store<u32>(IS_VIRTIO, isVirtio ? 1 : 0);
  store<u32>(CHANNEL, <u32>openMachineChannel(CHANNEL_SERVICE_CONSOLE, 'console', 16, 8));
  store<u32>(MESSAGE, CONSOLE_OUTPUT);
}

/** Whether input goes to the virtio console (the kernel's console is hvc0) and not to the UART. */
export function isConsoleVirtio(): bool {
  return load<u32>(IS_VIRTIO) != 0;
}

/** Sends one byte. */
export function consolePut(byte: u8): void {
  const filled = load<u32>(FILLED);
  store<u8>(BYTES + filled, byte);
  store<u32>(FILLED, filled + 1);
  if (filled + 1 == CAPACITY) consoleFlush();
}

/** Sends text, for the machine's own messages. */
export function consolePrint(text: string): void {
  for (let i: i32 = 0; i < text.length; i++) consolePut(<u8>text.charCodeAt(i));
}

/** Hands what has collected to the root partition; it has taken it when this returns. */
export function consoleFlush(): void {
  const filled = load<u32>(FILLED);
  if (filled == 0) return;
  store<u32>(FILLED, 0);
  const channel = <usize>load<u32>(CHANNEL);
  if (channel == 0) return;
  if (!channelQueue(channel, 0, MESSAGE, CONSOLE_HEADER_BYTES + filled)) return;
  channelKick(channel);
}

/** The next byte of input, -1 when there is none now. */
export function consoleTake(): i32 {
  const channel = <usize>load<u32>(CHANNEL);
  while (channel != 0 && channelHasPacket(channel)) {
    const ring = channelIncomingRing(channel);
    const ringBytes = channelIncomingBytes(channel);
    const payload = ringPayloadBytes(ring);
    const taken = load<u32>(TAKEN);
    if (taken == 0) ringRead(ring, ringBytes, 0, INPUT_WORD, min<u32>(payload, 4));
    const isInput = payload > CONSOLE_HEADER_BYTES && (taken > 0 || load<u32>(INPUT_WORD) == CONSOLE_INPUT);
    if (!isInput || taken >= payload - CONSOLE_HEADER_BYTES) {
      store<u32>(TAKEN, 0);
      ringRelease(ring, ringBytes);
      continue;
    }
    ringRead(ring, ringBytes, CONSOLE_HEADER_BYTES + taken, INPUT_WORD, 1);
    store<u32>(TAKEN, taken + 1);
    return load<u8>(INPUT_WORD);
  }
  return -1;
}

/** Takes back the byte that consoleTake gave out last, before anything else is asked of it. */
export function consoleUntake(): void {
  store<u32>(TAKEN, load<u32>(TAKEN) - 1);
}
