// What the machine's own translator writes keeps the rules, and the engine accepts it.
import { beforeAll, describe, expect, it } from 'vitest';
import { checkUnitModule } from './check-module.ts';
import { translatedUnits } from './testing/translated-units.ts';

describe('the translator', () => {
  let modules: Uint8Array<ArrayBuffer>[];
  beforeAll(async () => {
    ({ modules } = await translatedUnits(5n, 8));
  }, 120_000);

  it('writes modules that are admitted and that the engine accepts', () => {
    expect(modules.length).toBeGreaterThan(100);
    for (const module of modules) {
      expect(checkUnitModule(module)).toBeUndefined();
      expect(WebAssembly.validate(module)).toBe(true);
    }
  });
});
