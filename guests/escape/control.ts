// What a control is: one thing that keeps a guest in, with the edit that takes just that away.
import type { Boundary } from './boundary.ts';
import type { SourceEdit } from './source-edit.ts';

export interface Control {
  /** In kebab-case; what `--without` takes. */
  id: string;
  /** What it does, in a sentence's predicate: "lets a module import … only". */
  holds: string;
  boundary: Boundary;
  removal: readonly SourceEdit[];
}
