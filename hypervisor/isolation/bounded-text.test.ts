import { Readable } from 'node:stream';
import { expect, it } from 'vitest';
import { readBoundedText } from './bounded-text.ts';

const CHUNK = 'x'.repeat(16 * 1024);

it('takes the first words of a process at once, and not all of them however many there are', async () => {
  let produced = 0;
  const chatty = new Readable({
    read() {
      produced++;
      this.push(produced < 2000 ? CHUNK : null);
    },
  });
  let characters = 0;
  readBoundedText(chatty, (text) => {
    characters += text.length;
  });
  for (let turn = 0; turn < 1000; turn++) await new Promise(setImmediate);
  chatty.destroy();
  expect(characters).toBeGreaterThan(CHUNK.length);
  expect(produced).toBeLessThan(500);
});
