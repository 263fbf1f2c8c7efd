// Plants a bug: this thread, and no other, sees one source file with one place changed.
import { registerHooks } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { PlantedBug } from './fuzz-target.ts';
import { top } from './targets.ts';

/** To be called before the file is imported for the first time. @returns whether the file has been seen since */
export function plant({ file, from, to }: PlantedBug): () => boolean {
  const planted = pathToFileURL(join(top, file)).href;
  let isSeen = false;
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context);
      if (url !== planted) return loaded;
      const source = String(
        loaded.source instanceof Uint8Array ? new TextDecoder().decode(loaded.source) : loaded.source,
      );
      const places = source.split(from).length - 1;
      if (places !== 1)
        throw new Error(`${file}: ${JSON.stringify(from)} occurs ${places} times, expected once`);
      isSeen = true;
      return { ...loaded, source: source.replace(from, () => to) };
    },
  });
  return () => isSeen;
}
