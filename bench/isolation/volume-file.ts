// A file to read from, that of itself tells what was read: the last word of every page is the page's number.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PAGE_BYTES = 4096;
const PAGES = 256;

export class VolumeFile {
  readonly #folder = mkdtempSync(join(tmpdir(), 'cofferdam-bench-'));
  readonly path = join(this.#folder, 'volume');

  constructor() {
    const bytes = Buffer.alloc(PAGES * PAGE_BYTES);
    for (let page = 0; page < PAGES; page++) bytes.writeUInt32LE(page, (page + 1) * PAGE_BYTES - 4);
    writeFileSync(this.path, bytes);
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
