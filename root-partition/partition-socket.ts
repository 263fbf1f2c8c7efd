// The root partition's end of a partition's socket. Its descriptor is written to directly, too (outgoing-frames.ts): whoever
// does so is told before the descriptor is closed, whoever closes it and why, because its number may be another partition's next.
import { Socket } from 'node:net';

export class PartitionSocket extends Socket {
  beforeClose: (() => void) | undefined;

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.beforeClose?.();
    super._destroy(error, callback);
  }
}
