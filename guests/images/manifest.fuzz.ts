// Fuzz target `manifest`: the description of an image in the cache, and what a boot is made of from it.
import { join } from 'node:path';
import type { FuzzRandom } from '../../hypervisor/testing/fuzz/fuzz-random.ts';
import { type FuzzSession, type FuzzTarget, must } from '../../hypervisor/testing/fuzz/fuzz-target.ts';
import { ImageError } from './image-error.ts';
import { bootFiles } from './index.ts';
import { type ImageManifest, parseManifest } from './manifest.ts';
import { sampleManifest } from './testing/manifest-fixture.ts';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

const FOLDER = '/cache/images/sample/0';
const KEYS = [
  'kernel',
  'initramfs',
  'stock',
  'fast',
  'device',
  'kind',
  '__proto__',
  'constructor',
  'toString',
  '../x',
  'a/b',
];
const TEXTS = [
  '',
  'kernel',
  '../../etc/shadow',
  '/dev/mem',
  'fast',
  'hvc0',
  '(',
  '(a+)+$',
  'a'.repeat(64),
  'a\0b',
  'a\nb',
  '\ud800',
  'constructor',
  '__proto__',
];
/** A message says what came, not all of it. */
const MOST_MESSAGE = 1500;

function deep(random: FuzzRandom): Json {
  let value: Json = 0;
  for (let left = random.pick([3, 100, 20_000]); left > 0; left--) value = [value];
  return value;
}

function value(random: FuzzRandom, depth = 0): Json {
  switch (random.below(depth > 2 ? 6 : 9)) {
    case 0:
      return random.pick([0, 1, -1, 0.5, 64, 2 ** 53, 1e300]);
    case 1:
      return random.pick(TEXTS);
    case 2:
      return random.pick([true, false, null]);
    case 3:
      return random.oneIn(8) ? 'x'.repeat(random.pick([1000, 100_000])) : random.bytes(30).toString();
    case 4:
      return random.oneIn(10) ? deep(random) : [];
    case 5:
      return { toString: null, valueOf: 1 };
    case 6:
      return Array.from({ length: random.below(4) }, () => value(random, depth + 1));
    default:
      return object(random, depth);
  }
}

/** Own properties, whatever they are called. */
function object(random: FuzzRandom, depth: number): Json {
  const made: { [key: string]: Json } = {};
  for (let left = random.below(4); left > 0; left--) put(made, random.pick(KEYS), value(random, depth + 1));
  return made;
}

function put(target: { [key: string]: Json }, key: string, to: Json): void {
  Object.defineProperty(target, key, { value: to, enumerable: true, configurable: true, writable: true });
}

/** Changes one place somewhere in the tree. */
function change(random: FuzzRandom, root: Json): void {
  let at = root;
  for (;;) {
    if (typeof at !== 'object' || at === null) return;
    const keys = Object.keys(at);
    const isNew = keys.length === 0 || random.oneIn(6);
    const key = !isNew ? random.pick(keys) : Array.isArray(at) ? String(at.length) : random.pick(KEYS);
    const holder = at as { [key: string]: Json };
    const inner = Object.hasOwn(holder, key) ? holder[key] : undefined;
    if (typeof inner === 'object' && inner !== null && random.below(3) > 0) {
      at = inner;
      continue;
    }
    if (random.oneIn(6) && !Array.isArray(at)) delete holder[key];
    else put(holder, key, value(random));
    random.note(`${key} becomes ${typeof holder[key]}`);
    return;
  }
}

function text(random: FuzzRandom): string {
  const manifest = structuredClone(sampleManifest());
  const fast = { commandLine: '', initramfs: random.pick(KEYS) };
  const profiles = random.oneIn(4) ? { ...manifest.profiles, fast } : manifest.profiles;
  const tree = { ...manifest, profiles } as unknown as Json;
  for (let left = random.below(4); left > 0; left--) change(random, tree);
  const whole = write(tree);
  if (!random.oneIn(8)) return whole;
  const bytes = Buffer.from(whole);
  random.disturb(bytes);
  return bytes.toString();
}

/** JSON.stringify, but for any depth. */
function write(tree: Json): string {
  if (typeof tree !== 'object' || tree === null) return JSON.stringify(tree);
  if (Array.isArray(tree) && tree.length === 1) {
    let [depth, inner] = [0, tree as Json];
    for (; Array.isArray(inner) && inner.length === 1; depth++) inner = inner[0] as Json;
    return `${'['.repeat(depth)}${write(inner)}${']'.repeat(depth)}`;
  }
  if (Array.isArray(tree)) return `[${tree.map(write).join()}]`;
  return `{${Object.entries(tree)
    .map(([key, inner]) => `${JSON.stringify(key)}:${write(inner)}`)
    .join()}}`;
}

const isText = (value: unknown): boolean => typeof value === 'string';

function check(manifest: ImageManifest): void {
  const { files, profiles, consoles, packages, index } = manifest;
  for (const [name, file] of Object.entries(files)) {
    must(
      join(FOLDER, name) === `${FOLDER}/${name}`,
      () => `the file ${JSON.stringify(name)} is not in the folder`,
    );
    must(/^[0-9a-f]{64}$/.test(file.sha256) && file.bytes >= 0, () => `${name} has no hash or length`);
  }
  for (const profile of [profiles.stock, profiles.fast])
    must(Object.hasOwn(files, profile.initramfs), () => `${profile.initramfs} is no file of the image`);
  const isTyped =
    [manifest.name, manifest.id, manifest.readyPattern, index.suite].every(isText) &&
    typeof index.isExpired === 'boolean' &&
    consoles.every(({ device, kind }) => isText(device) && isText(kind)) &&
    packages.every((each) => [each.name, each.version, each.architecture, each.sha256].every(isText));
  must(isTyped, 'a field is not what its type says');
  new RegExp(manifest.readyPattern);
  const boot = bootFiles({ folder: FOLDER, manifest }, {});
  must(boot.initramfsPath.startsWith(`${FOLDER}/`), () => `boots ${boot.initramfsPath}`);
}

class ManifestSession implements FuzzSession {
  readonly outcomes = { read: 0, refused: 0 };

  runCase(random: FuzzRandom): void {
    const json = text(random);
    try {
      check(parseManifest(json, 'here'));
      this.outcomes.read++;
    } catch (error) {
      if (!(error instanceof ImageError)) throw error;
      must(error.message.length < MOST_MESSAGE, () => `a message of ${error.message.length} characters`);
      must(['image-corrupt', 'script-too-long'].includes(error.code), () => `refused as ${error.code}`);
      this.outcomes.refused++;
    }
  }
}

export const target: FuzzTarget = {
  name: 'manifest',
  about: "An image's description in the cache: refused in a few words, or every field is what its type says.",
  decoders: ['guests/images/manifest.ts'],
  casesInTests: 3000,
  plantedBugs: [
    {
      name: 'an initramfs need not be among the files',
      file: 'guests/images/manifest.ts',
      from: 'if (!Object.hasOwn(files, value as string))',
      to: 'if (!((value as string) in files))',
      within: 20_000,
    },
    {
      name: 'what is wrong is shown whole',
      file: 'guests/images/manifest.ts',
      from: "return Array.isArray(value) ? 'a list' : 'an object';",
      to: 'return JSON.stringify(value);',
      within: 5000,
    },
  ],
  start: () => new ManifestSession(),
};
