// Files that are read, with their formats, and what is typed on the command line.
import { child, children, nameOf, nodesOf } from '../source-file.ts';
import type { SourceTree } from '../source-tree.ts';
import type { Boundary, FoundSurface, SurfaceGroup } from '../surface.ts';
import { callsOf } from './syntax-queries.ts';

const areas: readonly { pattern: string; boundary: Boundary }[] = [
  { pattern: 'guests/images/**/*.ts', boundary: 'file → image builder' },
  { pattern: 'root-partition/**/*.ts', boundary: 'file → root partition' },
  { pattern: 'hypervisor/{,*/,*/*/}*.ts', boundary: 'file → hypervisor' },
];
const CLI = 'root-partition/admin/cli/';

/** Names of functions and classes that take foreign bytes or text apart: by this convention they are found. */
const DECODER =
  /^(parse|decode|admit|check|read|load)[A-Z]|Reader$|^strip|^toRiscv|^toPackage|^SymbolTable$|^isElf$/;
const READING = /^(readFileSync|readSync|readFile|createReadStream|read|readdirSync)$/;

function each(tree: SourceTree, find: (path: string, boundary: Boundary) => FoundSurface[]): FoundSurface[] {
  return areas.flatMap(({ pattern, boundary }) =>
    tree
      .sources(pattern)
      .filter((path) => !path.startsWith('hypervisor/docs/'))
      .flatMap((path) => find(path, path.startsWith(CLI) ? 'file → hypervisor' : boundary)),
  );
}

/** Every file whose code reads files: what it does with the bytes is the business of its validators. */
const fileReaders: SurfaceGroup = {
  name: 'file-readers',
  find: (tree) =>
    each(tree, (path, boundary) => {
      const file = tree.file(path);
      const read = nodesOf(file.program, 'ImportDeclaration')
        .filter((node) => nameOf(child(node, 'source')) === 'node:fs')
        .flatMap((node) => children(node, 'specifiers'))
        .map((specifier) => nameOf(child(specifier, 'imported')))
        .filter((name) => name !== undefined && READING.test(name));
      if (read.length === 0) return [];
      return [{ id: `file.${path}`, boundary, file: path, texts: [file.textOf(file.program)] }];
    }),
};

const formats: SurfaceGroup = {
  name: 'formats',
  find: (tree) =>
    each(tree, (path, boundary) => {
      if (boundary === 'file → root partition' && !path.startsWith('root-partition/storage/')) return [];
      if (
        boundary === 'file → hypervisor' &&
        !/\/partition\/admission\.ts$|^root-partition\/admin/.test(path)
      )
        return [];
      const file = tree.file(path);
      return [...file.declarations]
        .filter(([name, { isExported }]) => isExported && DECODER.test(name))
        .map(([name, { node }]) => ({
          id: `format.${path.slice(path.lastIndexOf('/') + 1, -'.ts'.length)}.${name}`,
          boundary,
          file: path,
          texts: [file.textOf(node)],
        }));
    }),
};

/** Options and arguments with a value, of every command. */
const commandLine: SurfaceGroup = {
  name: 'command-line',
  find: (tree) =>
    tree.sources(`${CLI}*.ts`).flatMap((path) => {
      const file = tree.file(path);
      const command = path.slice(CLI.length, -'.ts'.length).replace(/-command$/, '');
      return ['option', 'argument'].flatMap((method) =>
        callsOf(file.program, method).flatMap((call) => {
          const text = nameOf(children(call, 'arguments')[0]);
          if (text === undefined || !/[<[]/.test(text)) return [];
          // A chain of calls holds all the calls before it: only this one's arguments count.
          const own = children(call, 'arguments').map((argument) => file.textOf(argument));
          const boundary = 'administrator → hypervisor' as const;
          return [{ id: `command.${command} ${text.split(' ')[0]}`, boundary, file: path, texts: own }];
        }),
      );
    }),
};

export const filesAndCommands: readonly SurfaceGroup[] = [fileReaders, formats, commandLine];
