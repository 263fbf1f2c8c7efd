// Finds the Debian archive among the package sources of this machine (sources.list(5)): `.sources` files in deb822
// form and one-line `.list` files. Only the machine's own choice of mirror and keyring is used.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ImageError } from './image-error.ts';
import { parseStanzas, type Stanza } from './package-index.ts';

/** The keyring that Debian's own packages install. */
export const DEBIAN_ARCHIVE_KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** One `deb` source, without its components and architectures: we ask for our own. */
export interface AptSource {
  readonly uris: readonly string[];
  readonly suites: readonly string[];
  /** Path of a keyring, or an inline OpenPGP key; undefined when the source names none. */
  readonly signedBy: string | undefined;
}

export function parseDeb822Sources(text: string): AptSource[] {
  return parseStanzas(text)
    .filter((stanza) => words(stanza.get('types')).includes('deb'))
    .filter((stanza) => !/^(no|false|without|off|disable|0)$/i.test(stanza.get('enabled') ?? 'yes'))
    .map(toSource)
    .filter((source) => source.uris.length > 0 && source.suites.length > 0);
}

function toSource(stanza: Stanza): AptSource {
  return {
    uris: words(stanza.get('uris')),
    suites: words(stanza.get('suites')),
    signedBy: stanza.get('signed-by') || undefined,
  };
}

export function parseOneLineSources(text: string): AptSource[] {
  const sources: AptSource[] = [];
  for (const raw of text.split('\n')) {
    const line = raw.replace(/#.*$/, '').trim();
    const match = /^deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)/.exec(line);
    if (match === null) continue;
    const signedBy = words(match[1])
      .map((option) => /^signed-by=(.+)$/.exec(option)?.[1])
      .find((value) => value !== undefined);
    sources.push({ uris: [match[2]!], suites: [match[3]!], signedBy });
  }
  return sources;
}

function words(value: string | undefined): string[] {
  return (value ?? '').split(/\s+/).filter((word) => word !== '');
}

/**
 * True for the main archive: signed by the Debian archive's keyring or naming none, at a path that ends in `debian`.
 * Security, ports, derivatives and third parties have other paths or other keys.
 */
export function isDebianArchive(source: AptSource): boolean {
  const isDebianKey =
    source.signedBy === undefined ||
    /\/debian-archive-[a-z0-9-]*keyring\.(gpg|pgp|asc)$/.test(source.signedBy);
  return isDebianKey && archiveUris(source).length > 0;
}

function archiveUris(source: AptSource): string[] {
  return source.uris.filter((uri) =>
    /^(?:(?:https?|file|copy|tor\+https?):.*\/debian\/*|mirror\+[a-z]+:.*\/debian(?:\.list)?)$/.test(uri),
  );
}

/** Where to fetch from and whose signature to demand. */
export interface DebianArchive {
  readonly uris: readonly string[];
  readonly keyring: string;
  /** Suites that this machine itself uses from the archive, in order. */
  readonly hostSuites: readonly string[];
}

export interface ArchiveChoice {
  /** In place of the machine's own configuration. */
  readonly mirror?: string | undefined;
  readonly keyring?: string | undefined;
  /** /etc/apt of the machine; tests give their own. */
  readonly aptFolder?: string | undefined;
}

/** Takes the machine's Debian archive, or the caller's. Throws `archive-not-configured`, `archive-keyring-missing`. */
export function findDebianArchive(choice: ArchiveChoice = {}): DebianArchive {
  // It becomes a line of a source; a second line would be another source, or an option.
  if (choice.mirror !== undefined && !/^[\x21-\x7e]+$/.test(choice.mirror)) {
    throw new ImageError('archive-not-configured', `not an address: ${JSON.stringify(choice.mirror)}`);
  }
  const own = readSources(choice.aptFolder ?? '/etc/apt').filter(isDebianArchive);
  const uris = choice.mirror === undefined ? [...new Set(own.flatMap(archiveUris))] : [choice.mirror];
  if (uris.length === 0) {
    throw new ImageError('archive-not-configured', 'no Debian archive among the package sources', {
      expected: "a 'deb' source whose address ends in /debian in /etc/apt/sources.list or sources.list.d",
      remedy:
        'name one with --mirror, or give a kernel and an initramfs of your own with --kernel and --initrd',
    });
  }
  const signedBy = own.map((source) => source.signedBy).find((value) => value?.startsWith('/'));
  const keyring = choice.keyring ?? signedBy ?? DEBIAN_ARCHIVE_KEYRING;
  if (!existsSync(keyring)) {
    throw new ImageError('archive-keyring-missing', "Debian's archive keyring is not on this machine", {
      expected: keyring,
      remedy: 'install the package debian-archive-keyring, or name a keyring with --keyring',
    });
  }
  return { uris, keyring, hostSuites: [...new Set(own.flatMap((source) => source.suites))] };
}

function readSources(folder: string): AptSource[] {
  const files = [join(folder, 'sources.list')];
  const parts = join(folder, 'sources.list.d');
  if (existsSync(parts)) {
    files.push(
      ...readdirSync(parts)
        .sort()
        .map((name) => join(parts, name)),
    );
  }
  return files.flatMap((file) => {
    if (!/\.(list|sources)$/.test(file) || !existsSync(file)) return [];
    const text = readFileSync(file, 'utf8');
    return file.endsWith('.sources') ? parseDeb822Sources(text) : parseOneLineSources(text);
  });
}
