// Stanzas of Debian control files (deb-control(5), deb822(5)): `Field: value`, continuation lines begin with a
// blank, an empty line ends the stanza. Used for package indexes and for .sources files.

/** Field names are lower case; continuation lines are joined by newlines, without their leading blank. */
export type Stanza = ReadonlyMap<string, string>;

/** Parses stanzas; `#` lines are comments; a line that is neither field nor continuation is passed over. */
export function parseStanzas(text: string): Stanza[] {
  const stanzas: Map<string, string>[] = [];
  let current = new Map<string, string>();
  let field: string | undefined;
  const close = (): void => {
    if (current.size > 0) stanzas.push(current);
    current = new Map();
    field = undefined;
  };
  for (const raw of text.split('\n')) {
    const line = raw.replace(/\r$/, '');
    if (line.startsWith('#')) continue;
    if (line.trim() === '') close();
    else if (/^[ \t]/.test(line)) {
      if (field !== undefined) current.set(field, `${current.get(field)}\n${line.trim()}`);
    } else {
      const colon = line.indexOf(':');
      field = colon > 0 ? line.slice(0, colon).trim().toLowerCase() : undefined;
      if (field !== undefined) current.set(field, line.slice(colon + 1).trim());
    }
  }
  close();
  return stanzas;
}

/** One version of one package as the signed index describes it. */
export interface PackageRecord {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  readonly sha256: string;
  readonly bytes: number;
  /** Names in Depends and Pre-Depends, first alternative each, without versions. */
  readonly depends: readonly string[];
}

/** Undefined when the stanza lacks what a download needs, as one from a truncated index does. */
export function toPackageRecord(stanza: Stanza): PackageRecord | undefined {
  const name = stanza.get('package');
  const version = stanza.get('version');
  const architecture = stanza.get('architecture');
  const sha256 = stanza.get('sha256');
  const bytes = Number(stanza.get('size'));
  if (name === undefined || !/^[a-z0-9][a-z0-9+.-]+$/.test(name)) return undefined;
  if (version === undefined || !/^[A-Za-z0-9.+~:-]+$/.test(version)) return undefined;
  if (architecture === undefined || !/^[a-z0-9][a-z0-9-]*$/.test(architecture)) return undefined;
  if (sha256 === undefined || !/^[0-9a-f]{64}$/.test(sha256)) return undefined;
  if (!Number.isSafeInteger(bytes) || bytes <= 0) return undefined;
  const relations = [stanza.get('pre-depends'), stanza.get('depends')].filter((value) => value !== undefined);
  const depends = relations
    .flatMap((relation) => relation.split(','))
    .map((alternatives) => /^\s*([a-z0-9][a-z0-9+.-]+)/.exec(alternatives)?.[1])
    .filter((dependency) => dependency !== undefined);
  return { name, version, architecture, sha256, bytes, depends };
}
