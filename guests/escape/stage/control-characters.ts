/** Whether a text could move a terminal's cursor or begin a line of its own. */
export const hasControlCharacters = (text: string): boolean =>
  [...text].some((character) => character < ' ' || (character >= '\x7f' && character < '\xa0'));
