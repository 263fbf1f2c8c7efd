// How a control is taken away: an exact edit of a source file, made while a test build reads it. Production code has no
// switch for it, and an edit that no longer fits its file fails the build.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface SourceEdit {
  /** From the repository's top. */
  file: string;
  /** Text that occurs exactly once in the file. */
  from: string;
  to: string;
}

/** @throws unless `from` occurs exactly once */
export function applyEdit(text: string, { file, from, to }: SourceEdit): string {
  const pieces = text.split(from);
  if (pieces.length !== 2) {
    throw new Error(
      `${file}: expected the text of a control's removal once, found it ${pieces.length - 1} times:\n${from}`,
    );
  }
  return pieces.join(to);
}

/** The files that the edits change, with their texts afterwards. */
export function editedSources(top: string, edits: readonly SourceEdit[]): Map<string, string> {
  const sources = new Map<string, string>();
  for (const edit of edits) {
    const text = sources.get(edit.file) ?? readFileSync(join(top, edit.file), 'utf8');
    sources.set(edit.file, applyEdit(text, edit));
  }
  return sources;
}
