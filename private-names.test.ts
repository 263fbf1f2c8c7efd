import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { runInNewContext } from 'node:vm';
import { parseSync, Visitor } from 'rolldown/utils';
import { describe, expect, it } from 'vitest';
import { withOrdinaryNames } from './private-names.ts';

const built = (code: string): string => withOrdinaryNames(code, 'a.ts').toString();

describe('private names of programs that are interpreted', () => {
  it('become ordinary ones of their class', () => {
    expect(
      built(
        'class A { #x = 1; static #y: number; get #z() { return this.#x + A.#y; } m(o: A) { return o.#z; } }',
      ),
    ).toBe(
      'class A { A_x = 1; static A_y: number; get A_z() { return this.A_x + A.A_y; } m(o: A) { return o.A_z; } }',
    );
  });

  it('keep those of a subclass, of a class around it and public ones apart', () => {
    const code = `
      class A { #x = 1; x = 2; a() { return this.#x; } }
      class B extends A { #x = 3; b() { const outer = this; return new (class C { #y = 4; c() { return this.#y + outer.#x; } })().c(); } }
      const b = new B();
      [b.a(), b.x, b.b()].join();`;
    expect(built(code)).not.toContain('#');
    expect(runInNewContext(built(code))).toBe('1,2,7');
  });

  it('leave text and comments alone', () => {
    const code = `class A { #x = '#x'; /* #x */ y = \`#x \${this.#x}\`; }`;
    expect(built(code)).toBe(`class A { A_x = '#x'; /* #x */ y = \`#x \${this.A_x}\`; }`);
  });

  it('belong to the innermost class that declares them', () => {
    const code = `class A { #x = 1; static { A.seen = new A()?.#x; } inner() { return class B { #x = 2; x() { return this.#x; } }; } } // é`;
    expect(built(code)).toBe(
      'class A { A_x = 1; static { A.seen = new A()?.A_x; } inner() { return class B { B_x = 2; x() { return this.B_x; } }; } } // é',
    );
    expect(built("class A { é = '🙂'; #x = 1; }")).toBe("class A { é = '🙂'; A_x = 1; }");
  });

  it('are refused where an ordinary name would not do', () => {
    expect(() => built('class A { #x; is(o) { return #x in o; } }')).toThrow(
      'a.ts: #x in o has no ordinary form',
    );
    expect(() => built('export const a = class { #x; };')).toThrow(
      'a.ts: a class without a name has private names',
    );
    expect(() => built('class A { #x; A_x; }')).toThrow('a.ts: A_x means something already');
    expect(() => built('class A extends o.b { #x; }')).toThrow('a base that has no name');
    const seen = new Set<string>();
    withOrdinaryNames('class A { #x; }', 'a.ts', seen);
    expect(() => withOrdinaryNames('class A { #y; }', 'b.ts', seen)).toThrow('b.ts: a second class A has');
  });

  it('are in no program that is interpreted', () => {
    const path = fileURLToPath(new URL('dist/root-partition.js', import.meta.url));
    const found: string[] = [];
    const visitor = new Visitor({ PrivateIdentifier: ({ name }) => void found.push(name) });
    visitor.visit(parseSync(path, readFileSync(path, 'utf8')).program);
    expect(found).toEqual([]);
  });
});
