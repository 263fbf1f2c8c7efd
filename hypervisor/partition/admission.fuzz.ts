// Fuzz target `guest-modules`: Wasm modules that are to become guests, nearly right and wild. Of what admission lets
// pass, the engine may say that it is not valid; but what both let pass imports the hypervisor's functions and its own
// memory and nothing else, and that memory fits.
import { guestModule } from '../isolation/testing/guest-module.ts';
import { createGuestMemory } from '../platform/guest-memory.ts';
import type { FuzzRandom } from '../testing/fuzz/fuzz-random.ts';
import { type FuzzSession, type FuzzTarget, must } from '../testing/fuzz/fuzz-target.ts';
import { AdmissionError, admitModule, hvImportNames } from './admission.ts';

const QUOTA_PAGES = 64;
const leb = (value: number): number[] =>
  value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...leb(Math.floor(value / 128))];

const section = (id: number, body: number[]): number[] => [id, body.length, ...body];
const name = (text: string): number[] => [text.length, ...Buffer.from(text)];

/** The hypervisor's functions, themselves of Wasm: the engine links these only where the types are the same. */
const hv = new WebAssembly.Instance(
  new WebAssembly.Module(
    Uint8Array.from([
      ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
      ...section(1, [
        3,
        ...[0x60, 6, 0x7f, 0x7f, 0x7f, 0x7f, 0x7f, 0x7f, 1, 0x7f],
        ...[0x60, 0, 1, 0x7c],
        ...[0x60, 1, 0x7c, 1, 0x7f],
      ]),
      ...section(3, [3, 0, 1, 2]),
      ...section(7, [3, ...name('hypercall'), 0, 0, ...name('referenceTime'), 0, 1, ...name('idle'), 0, 2]),
      ...section(10, [3, ...[3, 0, 0, 0x0b], ...[3, 0, 0, 0x0b], ...[3, 0, 0, 0x0b]]),
    ]),
  ),
).exports;

class AdmissionSession implements FuzzSession {
  readonly outcomes = { refused: 0, 'refused by the engine': 0, admitted: 0 };
  readonly #memory = createGuestMemory(QUOTA_PAGES);

  #module(random: FuzzRandom): Uint8Array<ArrayBuffer> {
    const number = (usual: number): number[] => leb(random.oneIn(4) ? random.word() : usual);
    const imports = Array.from({ length: random.below(3) }, () => ({
      module: random.pick(['hv', 'hv', 'hv', 'env', 'hv\0', 'node']),
      name: random.pick(['hypercall', 'referenceTime', 'memory', 'table', '__proto__', 'fs']),
      rest: random.pick([
        [0, 2],
        [0, 1],
        [0, ...number(2)],
        [1, 0x70, 0, 1],
        [2, 3, 1, ...leb(64)],
        [3, 0x7f, random.below(2)],
        [4, 0, 0],
      ]),
    }));
    const flags = random.oneIn(4) ? random.below(16) : 3;
    const tables = random.oneIn(3)
      ? [random.below(3), random.pick([0x70, 0x6f]), random.below(4), ...number(4)]
      : [];
    const made = guestModule({
      imports,
      memory: [flags, ...number(1), ...number(65_536)],
      ...(tables.length > 0 ? { tables } : {}),
      ...(random.oneIn(8) ? { memories: [random.below(2), 0, 1] } : {}),
      exportName: random.oneIn(8) ? 'walk' : 'run',
    });
    const bytes = Uint8Array.from(made);
    if (random.oneIn(3)) random.disturb(bytes.subarray(8), 2);
    return random.oneIn(10) ? bytes.slice(0, random.below(bytes.length + 1)) : bytes;
  }

  runCase(random: FuzzRandom): void {
    const bytes = this.#module(random);
    if (random.isTraced) random.note(`module ${Buffer.from(bytes).toString('hex')}`);
    let admitted: Uint8Array<ArrayBuffer>;
    try {
      admitted = admitModule(bytes, QUOTA_PAGES);
    } catch (error) {
      must(error instanceof AdmissionError, () => `threw ${error}`);
      must(
        error.message.length < bytes.length + 200,
        () => `a message of ${error.message.length} characters`,
      );
      this.outcomes.refused++;
      return;
    }
    must(
      WebAssembly.validate(admitted) === WebAssembly.validate(bytes),
      'what is compiled is another module',
    );
    must(
      Buffer.from(admitModule(admitted, QUOTA_PAGES)).equals(admitted),
      'something was left to be bounded',
    );
    if (!WebAssembly.validate(bytes)) {
      this.outcomes['refused by the engine']++;
      return;
    }
    this.#enter(new WebAssembly.Module(admitted));
    this.outcomes.admitted++;
  }

  #enter(module: WebAssembly.Module): void {
    for (const { module: from, name, kind } of WebAssembly.Module.imports(module)) {
      const isOwn = from === 'env' && name === 'memory' && kind === 'memory';
      const isCall = from === 'hv' && hvImportNames.includes(name) && kind === 'function';
      must(isOwn || isCall, () => `it imports ${kind} ${from}.${name}`);
    }
    try {
      const { exports } = new WebAssembly.Instance(module, { env: { memory: this.#memory }, hv });
      must(typeof exports['run'] === 'function', 'it exports no function run');
    } catch (error) {
      // A segment or a start function may trap; what it is given must fit.
      must(error instanceof WebAssembly.RuntimeError, () => `cannot be made: ${error}`);
    }
  }
}

const FILE = 'hypervisor/partition/admission.ts';

export const target: FuzzTarget = {
  name: 'guest-modules',
  about: "A guest's module: refused, or with hv's functions and one memory within its quota for all imports.",
  decoders: [FILE],
  casesInTests: 8000,
  plantedBugs: [
    {
      name: 'a function of any type is taken for a hypercall',
      file: FILE,
      from: 'type === undefined || !hasType(type, expected)',
      to: 'type === undefined',
      within: 20_000,
    },
    {
      name: 'a memory may be larger than the quota',
      file: FILE,
      from: 'if (initial > memoryPages) {',
      to: 'if (initial > 2 ** 32) {',
      within: 20_000,
    },
    {
      name: 'imports of other modules are passed over',
      file: FILE,
      from: "module === 'hv' && Object.hasOwn(hvImports, name)",
      to: "module !== 'env' && Object.hasOwn(hvImports, name)",
      within: 20_000,
    },
  ],
  start: () => new AdmissionSession(),
};
