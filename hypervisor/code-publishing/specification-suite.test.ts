// The official test suite of WebAssembly against the check: its modules, right, invalid and malformed, as they are and
// piece by piece in the place of a unit's own.
import { beforeAll, describe, expect, it } from 'vitest';
import { checkUnitModule } from './check-module.ts';
import { type SuiteModule, specificationSuite } from './testing/specification-suite.ts';
import { type CheckResult, newCheckResult, tryModule } from './testing/try-module.ts';
import { HEADER, leb, unitModule } from './testing/unit-module.ts';

const CODE = 10;
/** The sections of a unit, in order. */
const UNIT_SECTIONS = [1, 2, 3, 7, CODE];

interface RawSection {
  id: number;
  /** Id, length and body as they stand, up to where they can be told apart. */
  raw: number[];
  body: Uint8Array;
}

let suite: SuiteModule[];
beforeAll(() => {
  suite = specificationSuite();
}, 180_000);

/** A number's value, and where the next byte is; undefined when it is cut off. */
function numberAt(bytes: Uint8Array, at: number): [value: number, next: number] | undefined {
  let value = 0;
  for (let next = at; next < bytes.length && next < at + 8; next++) {
    const byte = bytes[next] as number;
    value += (byte & 0x7f) * 128 ** (next - at);
    if (byte < 0x80) return [value, next + 1];
  }
  return undefined;
}

/** The sections of a module that may be malformed: what cannot be told apart is the last one's. */
function rawSections(bytes: Uint8Array): RawSection[] {
  const sections: RawSection[] = [];
  for (let at = HEADER.length; at < bytes.length; ) {
    const [length, start] = numberAt(bytes, at + 1) ?? [bytes.length, at + 1];
    const end = Math.min(start + length, bytes.length);
    sections.push({
      id: bytes[at] as number,
      raw: [...bytes.subarray(at, end)],
      body: bytes.subarray(start, end),
    });
    at = end;
  }
  return sections;
}

/** The function bodies of a code section, as far as they can be told apart. */
function bodies(code: Uint8Array): Uint8Array[] {
  const found: Uint8Array[] = [];
  let at = numberAt(code, 0)?.[1] ?? code.length;
  while (at < code.length) {
    const [length, start] = numberAt(code, at) ?? [0, code.length];
    found.push(code.subarray(start, start + length));
    at = start + length;
  }
  return found;
}

/** Constant expressions, from an `i32.const` or `i64.const` to the next `end`: what globals and segments begin with. */
function* constants(body: Uint8Array): Generator<Uint8Array> {
  for (const [at, byte] of body.subarray(0, 16).entries()) {
    const end = body.indexOf(0x0b, at + 1) + 1;
    if ((byte === 0x41 || byte === 0x42) && end > 0 && end - at < 16) yield body.subarray(at, end);
  }
}

/** Units in which one piece is the suite module's. */
function* grafts({ bytes }: SuiteModule): Generator<Uint8Array<ArrayBuffer>> {
  for (const { id, raw, body } of rawSections(bytes)) {
    const place = UNIT_SECTIONS.indexOf(id);
    if (place >= 0)
      yield unitModule({ arrange: (own) => own.map((each, at) => (at === place ? raw : each)) });
    else for (const where of ['first', 'beforeCode', 'last']) yield unitModule({ [where]: raw });
    for (const code of constants(body)) yield unitModule({ code: [...code] });
    if (id === CODE)
      for (const each of bodies(body)) yield unitModule({ bodies: [1, ...leb(each.length), ...each] });
  }
  yield unitModule({ header: [...bytes.subarray(0, HEADER.length)] });
}

describe('modules of the official test suite', () => {
  it('are there', () => {
    const count = (kind: string): number => suite.filter((module) => module.kind === kind).length;
    expect(count('malformed')).toBeGreaterThan(600);
    expect(count('invalid')).toBeGreaterThan(1000);
    expect(count('module')).toBeGreaterThan(800);
  });

  it('are refused, all of them: none is a unit', () => {
    const admitted = suite.filter(({ bytes }) => typeof checkUnitModule(bytes) !== 'string');
    expect(admitted.map(({ where }) => where)).toEqual([]);
  });

  it('piece by piece in a unit, are refused unless they are well-formed and have no other surface', () => {
    const results: Record<string, CheckResult> = {};
    for (const module of suite) {
      results[module.kind] ??= newCheckResult();
      for (const graft of grafts(module)) tryModule(graft, module.where, results[module.kind] as CheckResult);
    }
    expect(Object.values(results).flatMap(({ faults }) => faults)).toEqual([]);
    // What is wrong with a malformed module lies mostly in what a unit has not, or in one piece of several.
    expect(results['malformed']?.refused).toBeGreaterThan(1000);
    expect(results['invalid']?.invalid).toBeGreaterThan(1000);
    expect(results['module']?.valid).toBeGreaterThan(1000);
  });
});
