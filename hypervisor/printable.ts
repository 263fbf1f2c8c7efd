// Words of guests, and of processes that may no longer be ours, on their way to people: a terminal, a log, a page.

/** At most so many characters of printable ASCII; line breaks become semicolons, whatever else is not printable a `?`. */
export function printable(text: string, mostCharacters: number): string {
  const line = text.slice(0, mostCharacters).replaceAll(/\s*\n\s*/g, '; ');
  return line.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, mostCharacters);
}
