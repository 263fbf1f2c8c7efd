// Tables of text: for terminals, and for Markdown.

/** Columns two spaces apart: the first `leftColumns` to the left, numbers to the right. */
export function alignColumns(rows: readonly (readonly string[])[], leftColumns = 2): string[] {
  const width = (column: number): number => Math.max(...rows.map((row) => row[column]?.length ?? 0));
  return rows.map((row) =>
    row
      .map((cell, column) =>
        column < leftColumns ? cell.padEnd(width(column)) : cell.padStart(width(column)),
      )
      .join('  ')
      .trimEnd(),
  );
}

const tableLine = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

/** Text to the left, numbers to the right. */
export function markdownTable(
  heads: readonly string[],
  rows: readonly (readonly string[])[],
  leftColumns = 1,
): string[] {
  const rule = heads.map((_, column) => (column < leftColumns ? '---' : '---:'));
  return [tableLine(heads), `|${rule.join('|')}|`, ...rows.map(tableLine)];
}
