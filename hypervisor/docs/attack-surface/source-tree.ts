// The project's sources, read when they are asked for, and the hash of what makes up a surface.
import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { SourceFile } from './source-file.ts';

/** Constants from here belong to what uses them: a limit that changes is another surface. */
const ABI = 'hypervisor/abi/';
const HASH_CHARACTERS = 16;

/** A declaration, as `path/from/the/top.ts#name` or `…#Class.member`. */
export type SymbolReference = `${string}.ts#${string}`;

/** The path and the name; a private member's name has a # of its own. */
const partsOf = (reference: SymbolReference): [path: string, name: string] => {
  const at = reference.indexOf('#');
  return [reference.slice(0, at), reference.slice(at + 1)];
};

/** Files that were parsed, by path: the same text is parsed once, in whatever tree it is. */
const parsed = new Map<string, SourceFile>();

function parse(path: string, text: string): SourceFile {
  const before = parsed.get(path);
  if (before?.text === text) return before;
  const file = new SourceFile(path, text);
  parsed.set(path, file);
  return file;
}

export class SourceTree {
  readonly top: string;
  readonly #files = new Map<string, SourceFile>();
  readonly #texts = new Map<SymbolReference, string[]>();

  constructor(top: string) {
    this.top = top;
  }

  file(path: string): SourceFile {
    let file = this.#files.get(path);
    if (file === undefined) {
      file = parse(path, readFileSync(join(this.top, path), 'utf8'));
      this.#files.set(path, file);
    }
    return file;
  }

  exists(path: string): boolean {
    return existsSync(join(this.top, path));
  }

  /** Sources that run in production: no tests, no fixtures, no probes of the walls, nothing generated. */
  sources(pattern: string): string[] {
    return globSync(pattern, { cwd: this.top })
      .filter((path) => !/\.(test|fuzz|generated|d)\.ts$|\/(testing|fixtures|probes)\//.test(path))
      .sort();
  }

  fuzzTargetFiles(): string[] {
    return globSync('{hypervisor,root-partition,guests}/**/*.fuzz.ts', { cwd: this.top }).sort();
  }

  /** Runs a module of the tree: for tables that are computed. Fresh for each tree. */
  async evaluate(path: string): Promise<Record<string, unknown>> {
    const text = this.hashOf([this.file(path).textOf(this.file(path).program)]);
    return await import(`${pathToFileURL(join(this.top, path)).href}?${text}`);
  }

  /** Undefined, or why the reference leads nowhere. */
  problemWith(reference: SymbolReference): string | undefined {
    const [path, name] = partsOf(reference);
    if (!this.exists(path)) return `${path} does not exist`;
    try {
      this.file(path).find(name);
    } catch (error) {
      return (error as Error).message;
    }
    return this.file(path).isExported(name) ? undefined : `${path} does not export ${name}`;
  }

  /** Everything that a declaration is made of: its file's part of it, and the ABI constants in that. */
  textsOf(reference: SymbolReference): string[] {
    let texts = this.#texts.get(reference);
    if (texts === undefined) {
      texts = this.#collectTexts(reference);
      this.#texts.set(reference, texts);
    }
    return texts;
  }

  #collectTexts(reference: SymbolReference): string[] {
    const [path, name] = partsOf(reference);
    const file = this.file(path);
    const { texts, imported } = file.closureOf(name);
    const constants = imported.flatMap((local) => {
      const from = file.imports.get(local);
      if (from === undefined || !from.file.startsWith(ABI)) return [];
      return this.file(from.file).closureOf(from.name).texts;
    });
    return [...texts, ...constants];
  }

  hashOf(texts: readonly string[]): string {
    const hash = createHash('sha256');
    for (const text of texts) hash.update(`${text}\0`);
    return hash.digest('hex').slice(0, HASH_CHARACTERS);
  }
}
