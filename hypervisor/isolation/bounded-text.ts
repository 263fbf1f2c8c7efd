// Reads what a process writes to its standard error at a bounded rate. Whoever owns the process may write for ever: the
// pipe fills, and the writer waits.
import type { Readable } from 'node:stream';
import { TokenBucket } from '../scheduler/token-bucket.ts';

const BYTES_PER_SECOND = 64 * 1024;

export function readBoundedText(stream: Readable | null, onText: (text: string) => void): void {
  const bucket = new TokenBucket(BYTES_PER_SECOND);
  stream?.setEncoding('utf8').on('data', (text: string) => {
    onText(text);
    if (bucket.charge(text.length)) return;
    stream.pause();
    setTimeout(() => stream.resume(), bucket.msUntil(0)).unref();
  });
}
