// One suite of the Debian archive seen through apt, with state of its own (apt.conf(5), apt-get(8), apt-cache(8)):
// nothing of the machine's package database is read or changed, no root is needed. Signatures, hashes and validity
// dates are checked by apt; what the machine's configuration may have loosened is set back here.
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DebianArchive } from './apt-sources.ts';
import type { BuildProgress } from './build-progress.ts';
import { ImageError } from './image-error.ts';
import { type PackageRecord, parseStanzas, toPackageRecord } from './package-index.ts';
import { findTool, runCommand } from './subprocess.ts';

export interface AptArchiveOptions {
  readonly archive: DebianArchive;
  readonly architecture: string;
  /** A folder of ours; apt's lists and configuration go into it. */
  readonly folder: string;
  readonly allowExpiredIndex: ExpiredIndexPolicy;
  readonly progress: BuildProgress;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Whether to accept an index past its validity date. `true`: the user said so. `'as-configured'`: only if this
 * machine's apt is configured not to check (Acquire::Check-Valid-Until false), as its administrator chose for all
 * that apt does. Either way it is reported as a warning and recorded in the manifest.
 */
export type ExpiredIndexPolicy = boolean | 'as-configured';

/** What the signed Release file says about the index in use. */
export interface IndexState {
  readonly suite: string;
  readonly date: string | undefined;
  readonly validUntil: string | undefined;
  /** Past its validity date and accepted because the caller said so. */
  readonly isExpired: boolean;
}

export class AptArchive {
  readonly index: IndexState;
  readonly #options: AptArchiveOptions;
  readonly #folder: string;

  private constructor(options: AptArchiveOptions, folder: string, index: IndexState) {
    this.#options = options;
    this.#folder = folder;
    this.index = index;
  }

  /** Fetches a suite's index. Throws `archive-expired` or `archive-unusable`. */
  static async open(suite: string, options: AptArchiveOptions): Promise<AptArchive> {
    for (const tool of ['apt-get', 'apt-cache', 'dpkg-deb']) requireAptTool(tool);
    const folder = join(options.folder, `apt-${suite}-${options.architecture}`);
    const checksDates = !(await acceptsExpired(options));
    writeConfiguration(folder, suite, options, checksDates);
    options.progress({ phase: 'index', text: `fetching the ${options.architecture} index of ${suite}` });
    try {
      await runCommand('apt-get', ['-c', join(folder, 'apt.conf'), '-qq', 'update'], {
        signal: options.signal,
      });
    } catch (cause) {
      throw indexError(suite, cause);
    }
    const index = readIndexState(suite, join(folder, 'lists'));
    if (index.isExpired) {
      const why = options.allowExpiredIndex === true ? 'as asked' : "as this machine's apt is configured";
      const text = `the index of ${suite} is past its validity date (${index.validUntil}); accepted ${why}`;
      options.progress({ phase: 'index', text, isWarning: true });
    }
    return new AptArchive(options, folder, index);
  }

  /** The newest record of each package. Throws `package-missing`. */
  async show(names: readonly string[]): Promise<PackageRecord[]> {
    let text = '';
    try {
      text = (await this.#run('apt-cache', ['show', '--no-all-versions', ...names])).toString('utf8');
    } catch (cause) {
      if (!(cause instanceof ImageError) || cause.code !== 'tool-failed') throw cause;
    }
    const records = parseStanzas(text)
      .map(toPackageRecord)
      .filter((record) => record !== undefined);
    return names.map((name) => {
      const [wanted, version] = name.split('=');
      const found = records.find(
        (record) => record.name === wanted && (version === undefined || record.version === version),
      );
      if (found === undefined) throw this.#missing([name]);
      return found;
    });
  }

  /** Names that begin with the prefix, in no particular order. */
  async names(prefix: string): Promise<string[]> {
    const text = (await this.#run('apt-cache', ['pkgnames', prefix])).toString('utf8');
    return text.split('\n').filter((name) => name !== '');
  }

  /** The packages and everything they depend on (not what they recommend), as apt resolves it. */
  async closure(names: readonly string[]): Promise<PackageRecord[]> {
    if (names.length === 0) return [];
    await this.show(names);
    const text = (await this.#run('apt-get', ['-s', '-qq', 'install', ...names])).toString('utf8');
    const versions = [...text.matchAll(/^Inst ([^ :]+)\S* (?:\[[^\]]*\] )?\((\S+) /gm)].map(
      (match) => `${match[1]}=${match[2]}`,
    );
    return this.show(versions);
  }

  /** Downloads into `folder`; paths come back in order, sizes and hashes verified against the signed index. */
  async download(records: readonly PackageRecord[], folder: string): Promise<string[]> {
    mkdirSync(folder, { recursive: true });
    const total = records.reduce((sum, record) => sum + record.bytes, 0);
    let reported = -1;
    const report = (done: number): void => {
      if (done === reported) return;
      reported = done;
      this.#options.progress({ phase: 'download', text: `${records.length} packages`, done, total });
    };
    report(0);
    const names = records.map((record) => `${record.name}=${record.version}`);
    try {
      await this.#run('apt-get', ['-qq', '-o', 'APT::Status-Fd=3', 'download', ...names], folder, (line) => {
        const percent = Number(/^dlstatus:\d+:([\d.]+):/.exec(line)?.[1]);
        if (percent >= 0) report(Math.round((total * percent) / 100));
      });
    } catch (cause) {
      if (!(cause instanceof ImageError) || cause.code !== 'tool-failed') throw cause;
      throw new ImageError('package-corrupt', 'apt refused a package', {
        expected: 'files that match the signed index',
        came: cause.came ?? cause.message,
        remedy: 'try again; a mirror that is being updated can be in this state for a while',
        cause,
      });
    }
    report(total);
    return records.map((record) => checkDownload(record, folder));
  }

  #run(tool: string, args: string[], cwd?: string, onStatusLine?: (line: string) => void): Promise<Buffer> {
    return runCommand(tool, ['-c', join(this.#folder, 'apt.conf'), ...args], {
      signal: this.#options.signal,
      ...(cwd === undefined ? {} : { cwd }),
      ...(onStatusLine === undefined ? {} : { onStatusLine }),
    });
  }

  #missing(names: readonly string[]): ImageError {
    return new ImageError('package-missing', `not in ${this.index.suite}: ${names.join(', ')}`, {
      remedy: 'check the name, or choose another suite',
    });
  }
}

function requireAptTool(tool: string): void {
  if (findTool(tool) !== undefined) return;
  throw new ImageError('tool-missing', `${tool} is not on this machine`, {
    expected: 'a system with apt and dpkg',
    remedy:
      'build the image on a Debian-like system, or give a kernel and an initramfs with --kernel and --initrd',
  });
}

async function acceptsExpired(options: AptArchiveOptions): Promise<boolean> {
  if (options.allowExpiredIndex !== 'as-configured') return options.allowExpiredIndex;
  const dump = await runCommand('apt-config', ['dump', 'Acquire::Check-Valid-Until'], {
    signal: options.signal,
  });
  return /"(?:false|no|0|off|disable|without)";/i.test(dump.toString('utf8'));
}

function writeConfiguration(
  folder: string,
  suite: string,
  options: AptArchiveOptions,
  checksDates: boolean,
): void {
  for (const name of ['lists/partial', 'state', 'cache/archives/partial']) {
    mkdirSync(join(folder, name), { recursive: true });
  }
  // Under root apt fetches as the user _apt, who must be able to come here.
  chmodSync(folder, 0o755);
  writeFileSync(join(folder, 'status'), '');
  const source = [
    'Types: deb',
    `URIs: ${options.archive.uris.join(' ')}`,
    `Suites: ${suite}`,
    'Components: main',
    `Architectures: ${options.architecture}`,
    'Targets: Packages',
    `Signed-By: ${options.archive.keyring}`,
  ];
  writeFileSync(join(folder, 'debian.sources'), `${source.join('\n')}\n`);
  writeFileSync(join(folder, 'apt.conf'), configuration(folder, options, checksDates));
}

function configuration(folder: string, options: AptArchiveOptions, checksDates: boolean): string {
  const values: Record<string, string> = {
    'APT::Architecture': options.architecture,
    'APT::Install-Recommends': 'false',
    'APT::Default-Release': '',
    'APT::Update::Error-Mode': 'any',
    'APT::Get::AllowUnauthenticated': 'false',
    'Acquire::AllowInsecureRepositories': 'false',
    'Acquire::AllowWeakRepositories': 'false',
    'Acquire::AllowDowngradeToInsecureRepositories': 'false',
    'Acquire::Check-Valid-Until': checksDates ? 'true' : 'false',
    'Acquire::Check-Date': 'true',
    'Acquire::Languages': 'none',
    'Dir::State': join(folder, 'state'),
    'Dir::State::lists': join(folder, 'lists'),
    'Dir::State::status': join(folder, 'status'),
    'Dir::Cache': join(folder, 'cache'),
    // Container images switch these off; without them every call reads the whole index again.
    'Dir::Cache::pkgcache': 'pkgcache.bin',
    'Dir::Cache::srcpkgcache': 'srcpkgcache.bin',
    'Dir::Etc::sourcelist': join(folder, 'debian.sources'),
    'Dir::Etc::sourceparts': '-',
    'Dir::Etc::preferences': '-',
    'Dir::Etc::preferencesparts': '-',
  };
  const lines = Object.entries(values).map(([key, value]) => `${key} "${value}";`);
  // Hooks would act on the machine; the lists of architectures would otherwise be appended to.
  const cleared = ['APT::Architectures', 'APT::Update::Pre-Invoke', 'APT::Update::Post-Invoke'];
  cleared.push('APT::Update::Post-Invoke-Success', 'DPkg::Pre-Install-Pkgs', 'Acquire::Languages');
  return [
    ...cleared.map((key) => `#clear ${key};`),
    `APT::Architectures { "${options.architecture}"; };`,
    ...lines,
    '',
  ].join('\n');
}

function indexError(suite: string, cause: unknown): unknown {
  if (!(cause instanceof ImageError) || cause.code !== 'tool-failed') return cause;
  // Errors, with the lines that explain them; not the warnings before.
  const came = (cause.came ?? cause.message).replace(/^(?:exit status \d+; )?(?:W: .*\n)*/, '');
  if (/is expired|is not valid yet/.test(came)) {
    return new ImageError('archive-expired', `the index of ${suite} is outside its validity dates`, {
      expected: 'a Release file that is valid today',
      came,
      remedy: 'use an up-to-date mirror, check the clock, or accept it with --allow-expired-index',
      cause,
    });
  }
  return new ImageError('archive-unusable', `the index of ${suite} cannot be used`, { came, cause });
}

function readIndexState(suite: string, listsFolder: string): IndexState {
  const name = readdirSync(listsFolder).find((file) => /_(In)?Release$/.test(file));
  const text = name === undefined ? '' : readFileSync(join(listsFolder, name), 'utf8');
  const field = (key: string): string | undefined =>
    new RegExp(`^${key}: *(.+)$`, 'm').exec(text)?.[1]?.trim();
  const validUntil = field('Valid-Until');
  const isExpired = validUntil !== undefined && Date.parse(validUntil) < Date.now();
  return { suite, date: field('Date'), validUntil, isExpired };
}

function checkDownload(record: PackageRecord, folder: string): string {
  const version = record.version.replaceAll(':', '%3a');
  const path = join(folder, `${record.name}_${version}_${record.architecture}.deb`);
  const came = sha256Hex(readFileSync(path));
  if (came !== record.sha256) {
    rmSync(path);
    throw new ImageError('package-corrupt', `${record.name} ${record.version} is not what the index says`, {
      expected: `sha256 ${record.sha256}`,
      came: `sha256 ${came}`,
    });
  }
  return path;
}

export function sha256Hex(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Opens the first suite whose index is complete; the others' troubles are reported as warnings. */
export async function openFirstUsableSuite(
  suites: readonly string[],
  options: AptArchiveOptions,
): Promise<AptArchive> {
  const failures: ImageError[] = [];
  for (const suite of suites) {
    try {
      return await AptArchive.open(suite, options);
    } catch (error) {
      const isSuites = error instanceof ImageError && error.code.startsWith('archive-');
      if (!isSuites) throw error;
      failures.push(error);
      options.progress({ phase: 'index', text: error.message, isWarning: true });
    }
  }
  const expired = failures.find((failure) => failure.code === 'archive-expired');
  throw new ImageError(expired?.code ?? 'archive-unusable', `no usable suite among ${suites.join(', ')}`, {
    came: failures.map((failure) => `${failure.message.split('\n')[0]} (${lastWords(failure)})`).join('; '),
    ...(expired?.remedy === undefined ? {} : { remedy: expired.remedy }),
  });
}

function lastWords(failure: ImageError): string {
  return /^E: (.*)$/m.exec(failure.came ?? '')?.[1] ?? failure.code;
}
