// Plants a bug: this thread, and no other, sees one source file with one place changed. A target that has threads of its
// own plants the bug in these as well.
import { registerHooks } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { PlantedBug } from './fuzz-target.ts';
import { top } from './targets.ts';

let here: PlantedBug | undefined;
let isLoaded = false;

/** To be called before the file is imported for the first time. */
export function plant(bug: PlantedBug | undefined): void {
  if (bug === undefined) return;
  here = bug;
  const { file, from, to } = bug;
  const planted = pathToFileURL(join(top, file)).href;
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
      isLoaded = true;
      return { ...loaded, source: source.replace(from, () => to) };
    },
  });
}

/** What is planted in this thread, for the threads that it starts. */
export function plantedHere(): PlantedBug | undefined {
  return here;
}

/** A thread that this one started has loaded it. */
export function notePlantedElsewhere(): void {
  isLoaded = true;
}

/** @throws when a bug was planted in a file that nobody has loaded */
export function checkPlanted(): void {
  if (here !== undefined && !isLoaded) throw new Error(`nobody loads ${here.file}`);
}
