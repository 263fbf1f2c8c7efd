// What a guest sent on a console channel or a byte stream (abi/channels/console.ts).
import {
  CONSOLE_HEADER_BYTES,
  CONSOLE_MAX_CHUNK_BYTES,
  CONSOLE_OUTPUT,
} from '../../hypervisor/abi/channels/console.ts';
import { getWord } from '../../hypervisor/vmbus/frame-header.ts';

/** Whether the packet is OUTPUT; its bytes follow the CONSOLE_HEADER_BYTES. */
export function isConsoleOutput(payload: Uint8Array): boolean {
  return (
    payload.length > CONSOLE_HEADER_BYTES &&
    payload.length <= CONSOLE_HEADER_BYTES + CONSOLE_MAX_CHUNK_BYTES &&
    getWord(payload, 0) === CONSOLE_OUTPUT
  );
}
