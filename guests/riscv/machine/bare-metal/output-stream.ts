// A byte stream to a file of the host's (abi/channels/console.ts: a channel whose label is not "console"), buffered.
//
//   state at `stream`: +0 channel | +4 bytes in the buffer | +8 message: type u32, then CAPACITY bytes
import { CONSOLE_HEADER_BYTES, CONSOLE_OUTPUT } from '../../../../hypervisor/abi/channels/console.ts';
import { CHANNEL_SERVICE_CONSOLE } from '../../../../hypervisor/abi/channels/services.ts';
import { channelKick, channelQueue } from '../../../lib/vmbus.ts';
import { allocateRings } from '../devices/device-memory.ts';
import { openMachineChannel } from '../machine-channels.ts';

const CHANNEL: usize = 0;
const FILLED: usize = 4;
const MESSAGE: usize = 8;
const BYTES: usize = 12;
const CAPACITY: u32 = 32_768;
const STREAM_PAGES: u32 = 9;
const RING_PAGES: u32 = 16;

/** Opens the stream with this label; 0 when the host did not ask for it. */
export function openStream(label: string): usize {
  const channel = openMachineChannel(CHANNEL_SERVICE_CONSOLE, label, RING_PAGES, 1);
  const stream = channel == 0 ? 0 : allocateRings(STREAM_PAGES);
  if (stream == 0) return 0;
  store<u32>(stream + CHANNEL, <u32>channel);
  store<u32>(stream + MESSAGE, CONSOLE_OUTPUT);
  return stream;
}

export function streamPut(stream: usize, byte: u8): void {
  const filled = load<u32>(stream + FILLED);
  store<u8>(stream + BYTES + filled, byte);
  store<u32>(stream + FILLED, filled + 1);
  if (filled + 1 == CAPACITY) streamFlush(stream);
}

export function streamText(stream: usize, text: string): void {
  for (let i: i32 = 0; i < text.length; i++) streamPut(stream, <u8>text.charCodeAt(i));
}

/** `value` as `digits` lower-case hexadecimal digits. */
export function streamHex(stream: usize, value: u64, digits: i32): void {
  for (let shift = (digits - 1) * 4; shift >= 0; shift -= 4) {
    const digit = <u8>((value >> <u64>shift) & 15);
    streamPut(stream, digit < 10 ? 0x30 + digit : 0x57 + digit);
  }
}

/** Hands what has collected to the root partition. */
export function streamFlush(stream: usize): void {
  const filled = load<u32>(stream + FILLED);
  const channel = <usize>load<u32>(stream + CHANNEL);
  if (filled == 0) return;
  store<u32>(stream + FILLED, 0);
  // The kick returns when the ring is empty, so a second try always finds room.
  while (!channelQueue(channel, 0, stream + MESSAGE, CONSOLE_HEADER_BYTES + filled)) channelKick(channel);
  channelKick(channel);
}
