import { describe, expect, it } from 'vitest';
import { type GuestModuleOptions, guestModule } from '../isolation/testing/guest-module.ts';
import { createGuestMemory } from '../platform/guest-memory.ts';
import { AdmissionError, admitModule } from './admission.ts';

const QUOTA_PAGES = 64;
const admit = (options: GuestModuleOptions) => () => admitModule(guestModule(options), QUOTA_PAGES);
const importing = (module: string, name: string, rest = [0, 0]): GuestModuleOptions => ({
  imports: [{ module, name, rest }],
});

describe('admission', () => {
  it('admits a module that keeps the rules, with and without hv imports', () => {
    admit({})();
    admit(importing('hv', 'hypercall', [0, 2]))();
    admit(importing('hv', 'referenceTime', [0, 1]))();
  });

  const refused: Record<string, GuestModuleOptions> = {
    'another import module': importing('env', 'system'),
    'an unknown hv import': importing('hv', 'readFile'),
    'a name from the object prototype': importing('hv', 'constructor'),
    'the prototype itself': importing('hv', '__proto__'),
    'an hv import with another type': importing('hv', 'hypercall', [0, 1]),
    'an imported table': importing('env', 'table', [1, 0x70, 0, 1]),
    'an imported global': importing('env', 'global', [3, 0x7f, 0]),
    'a second memory import': importing('env', 'memory', [2, 3, 1, 0x80, 0x80, 4]),
    'a memory of its own': { memories: [1, 0, 1] },
    'an unshared memory': { memory: [1, 1, 0x80, 0x80, 4] },
    'a memory without maximum': { memory: [2, 1] },
    'a 64-bit memory': { memory: [7, 1, 0x80, 0x80, 4] },
    'more memory than its quota': { memory: [3, 65, 0x80, 0x80, 4] },
    'less memory than its quota': { memory: [3, 1, 63] },
    'two tables': { tables: [2, 0x70, 0, 1, 0x70, 0, 1] },
    'a huge table': { tables: [1, 0x70, 0, 0xff, 0xff, 0xff, 0x7f] },
    'no run export': { exportName: 'walk' },
  };
  for (const [what, options] of Object.entries(refused)) {
    it(`refuses ${what}`, () => expect(admit(options)).toThrow(AdmissionError));
  }

  it('says what was imported without obeying it', () => {
    const name = `\u001b[2J${'x'.repeat(100)}`;
    expect(admit(importing('env', name))).toThrow(
      `module imports env.?[2J${'x'.repeat(60)}…; a guest may import`,
    );
  });

  /** A module whose section `id` claims to have so many entries, and has one byte after that. */
  const claiming = (id: number, count: number[]): Uint8Array =>
    Uint8Array.from([...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0], id, count.length + 1, ...count, 0x60]);
  it.each([
    ['types', 1, [0x91, 0x4e]],
    ['imports', 2, [65]],
    ['functions', 3, [0xa1, 0x8d, 0x06]],
    ['exports', 7, [0x91, 0x4e]],
    ['values in a type', 1, [1, 0x60, 0xe9, 0x07]],
  ])('refuses more %s than anybody needs before it reads them', (what, id, count) => {
    const limit = new RegExp(`module has \\d+ ${what}, at most \\d+ are allowed`);
    expect(() => admitModule(claiming(id, count), QUOTA_PAGES)).toThrow(limit);
  });

  it('puts a maximum to a table that has none, and changes nothing else', () => {
    // ref.null func, i32.const 65535, table.grow 0: the old size, or -1
    const grow = [0xd0, 0x70, 0x41, 0xff, 0xff, 0x03, 0xfc, 0x0f, 0];
    const sizes = (tables: number[], body: number[]): number[] => {
      const bytes = guestModule({ tables, body: [...grow, 0x1a, ...body] });
      return [bytes, admitModule(bytes, QUOTA_PAGES)].map((each) => {
        const memory = createGuestMemory(QUOTA_PAGES);
        const { exports } = new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array(each)), {
          env: { memory },
        });
        return (exports['run'] as (vpIndex: number, budget: number) => number)(0, 0);
      });
    };
    expect(sizes([1, 0x70, 0, 1], grow)).toEqual([65_536, -1]);
    // table.size 0
    const size = [0xfc, 0x10, 0];
    expect(sizes([1, 0x70, 0, 1], size)).toEqual([65_536, 65_536]);
    expect(sizes([1, 0x70, 0, 0x82, 0x80, 0], size)).toEqual([65_537, 2]);
    expect(sizes([1, 0x70, 1, 1, 7], size)).toEqual([1, 1]);
    const bounded = guestModule({ tables: [1, 0x70, 1, 1, 7] });
    expect(admitModule(bounded, QUOTA_PAGES)).toEqual(bounded);
    expect(admit({ tables: [1, 0x70, 0, 1, 0] })).toThrow('something behind its table');
  });

  it('refuses every truncation that lacks an export, and throws nothing else beyond', () => {
    const bytes = guestModule(importing('hv', 'hypercall', [0, 2]));
    const exportsEnd = bytes.length - 8;
    for (let length = 0; length < bytes.length; length++) {
      // Between the export and the code section the engine is the one to refuse; before, it must be us.
      const attempt = () => admitModule(bytes.slice(0, length), QUOTA_PAGES);
      if (length < exportsEnd - 1) expect(attempt).toThrow(AdmissionError);
      else if (length !== exportsEnd) expect(() => tryTo(attempt)).not.toThrow();
    }
  });
});

/** Lets an AdmissionError pass and nothing else. */
function tryTo(attempt: () => void): void {
  try {
    attempt();
  } catch (error) {
    if (!(error instanceof AdmissionError)) throw error;
  }
}
