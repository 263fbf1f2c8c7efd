// What planted JavaScript knows of its surroundings: `key=value` lines, the boot arguments of its guest.
export type Targets = Readonly<Record<string, string>>;

export function parseTargets(lines: string): Targets {
  const pairs = lines.split('\n').map((line) => line.split('='));
  return Object.fromEntries(pairs.map(([key = '', ...value]) => [key, value.join('=')]));
}
