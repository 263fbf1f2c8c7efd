// What an entry of the attack surface is, and where it comes from.
import type { SourceTree, SymbolReference } from './source-tree.ts';

/** Who writes → who must not believe it. */
export const boundaries = [
  'guest → hypervisor',
  'guest → root partition',
  'guest software → machine in the sandbox',
  'partition process → hypervisor',
  'partition process → root partition',
  'partition process → kernel',
  'root partition → hypervisor',
  'root partition → partition process',
  'root partition → kernel',
  'hypervisor → partition process',
  'hypervisor → root partition',
  'administrator → hypervisor',
  'file → hypervisor',
  'file → root partition',
  'file → image builder',
  'file → machine in the sandbox',
] as const;
export type Boundary = (typeof boundaries)[number];

/** One thing that crosses a boundary, found in the code. */
export interface FoundSurface {
  /** Unique, and the same as long as the thing is the same. */
  id: string;
  boundary: Boundary;
  /** The file that declares it. */
  file: string;
  /** Its own source. */
  texts: readonly string[];
}

/** A kind of surface: how its entries are found. The group's name is that of its review. */
export interface SurfaceGroup {
  name: string;
  find(tree: SourceTree): FoundSurface[] | Promise<FoundSurface[]>;
}

/** What holds one or more entries. Every entry is named: nothing new is covered by what is here already. */
export interface SurfaceLinks {
  /** Ids; `prefix` is put in front of each. */
  prefix: string;
  entries: readonly string[];
  /** What refuses bad input; their source is part of the entry's hash. */
  validators: readonly SymbolReference[];
  /** Names of fuzz targets, or tests of random input; or the test that goes through all there is, where that is few
   *  enough; or why there is nothing to fuzz, because nothing is taken apart. */
  fuzz: readonly string[] | { exhaustive: string } | `opaque: ${string}`;
  /** Folders of guests/escape; or the reason why there is none. */
  attempts: readonly string[] | `none: ${string}`;
}

/** As attack-surface.json has it. */
export interface SurfaceEntry {
  id: string;
  group: string;
  boundary: Boundary;
  declaredIn: string;
  hash: string;
  validators: readonly string[];
  fuzz: readonly string[] | string;
  attempts: readonly string[] | string;
  /** The record that signs this hash off, null where there is none. */
  review: string | null;
}
