// Writes SVG: elements as nested values, with whatever text they hold made harmless (SVG 2, §5.1; XML 1.0, §2.4).

export interface Element {
  name: string;
  attributes: Record<string, string | number>;
  content: readonly (Element | string)[];
}

export function element(
  name: string,
  attributes: Record<string, string | number> = {},
  ...content: readonly (Element | string)[]
): Element {
  return { name, attributes, content };
}

const escaped: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escapeText = (text: string): string =>
  text.replace(/[&<>"]/g, (character) => escaped[character] as string);

/** Numbers with at most two digits behind the point: nobody sees more. */
const show = (value: string | number): string =>
  typeof value === 'number' ? String(Math.round(value * 100) / 100) : escapeText(value);

/** One element a line, but for text. */
export function writeSvg(root: Element): string {
  return `${write(root, '')}\n`;
}

function write({ name, attributes, content }: Element, indent: string): string {
  const written = Object.entries(attributes).map(([key, value]) => ` ${key}="${show(value)}"`);
  const open = `${indent}<${name}${written.join('')}`;
  if (content.length === 0) return `${open}/>`;
  if (content.every((part) => typeof part === 'string'))
    return `${open}>${content.map(escapeText).join('')}</${name}>`;
  const inner = content.map((part) =>
    typeof part === 'string' ? `${indent}  ${escapeText(part)}` : write(part, `${indent}  `),
  );
  return `${open}>\n${inner.join('\n')}\n${indent}</${name}>`;
}
