// `cofferdam image …` and `cofferdam list`: the cache of guest images and what else can be run.
import { Command } from 'commander';
import {
  type BuildOptions,
  type BuiltImage,
  buildLinux,
  buildLinuxTiny,
  listImages,
  removeImage,
  type StoredImage,
} from '../../../guests/images/index.ts';
import { buildView } from './build-view.ts';
import { UsageError } from './exit-status.ts';
import { sampleNames } from './guest-choice.ts';
import { oneOf, profileNames } from './run-options.ts';
import { formatBytes, formatTable } from './text.ts';

export type ImageKind = 'linux' | 'linux-tiny';
const imageKinds: readonly ImageKind[] = ['linux', 'linux-tiny'];

interface TypedBuildOptions {
  name?: string;
  with?: string[];
  profile?: string;
  refresh?: boolean;
  allowExpiredIndex?: boolean;
  mirror?: string;
  keyring?: string;
  json?: boolean;
}

const words = (value: string, earlier: string[] = []): string[] => [
  ...earlier,
  ...value.split(/[\s,]+/).filter((word) => word !== ''),
];

export function listCommand(): Command {
  return new Command('list')
    .description('Lists what can be run: samples and images.')
    .option('--json', 'as one JSON object')
    .addHelpText('after', '\nExamples:\n  cofferdam list\n  cofferdam list --json')
    .action((options: { json?: boolean }) => {
      const samples = sampleNames();
      const images = listImages();
      if (options.json) return printJson({ samples, images: images.map(describeImage) });
      process.stdout.write(
        `Samples:\n${indented(
          samples.map((name) => [name]),
          'none: npm run build',
        )}`,
      );
      process.stdout.write(
        `Images:\n${indented(images.map(imageRow), 'none: cofferdam image build linux-tiny')}`,
      );
    });
}

export function imageCommand(): Command {
  const command = new Command('image').description('Builds, lists and removes Linux guest images.');
  command
    .command('list')
    .description('Lists the images in the cache, newest first.')
    .option('--json', 'as a JSON array')
    .action((options: { json?: boolean }) => {
      const images = listImages();
      if (options.json) return printJson(images.map(describeImage));
      process.stdout.write(indented(images.map(imageRow), 'no images: cofferdam image build linux-tiny'));
    });
  command
    .command('build')
    .description("Builds an image out of Debian's riscv64 packages, with the machine's own apt, as any user.")
    .argument('<kind>', "linux (Debian's kernel, unmodified) or linux-tiny (its source, compiled small)")
    .option('--name <name>', 'another name for the image')
    .option('--with <packages>', 'Debian packages to add; may be given again', words)
    .option('--profile <name>', 'stock or fast: what runs use that name none')
    .option('--refresh', 'ask the archive again even if an equal image is there')
    .option('--mirror <address>', "a Debian archive in place of the machine's own")
    .option('--keyring <file>', 'the keyring that signed it')
    .option(
      '--allow-expired-index',
      "accept a package index past its date (default: as the machine's apt does)",
    )
    .option('--json', 'progress and the image as JSON lines')
    .addHelpText(
      'after',
      '\nExamples:\n  cofferdam image build linux-tiny\n  cofferdam image build linux --with stress-ng --name linux-stress',
    )
    .action(async (kind: string, options: TypedBuildOptions) => {
      await build(oneOf('image build', kind, imageKinds), options);
    });
  command
    .command('remove')
    .description('Removes an image, or all of that name.')
    .argument('<name>')
    .argument('[id]', 'the id of one of them, or its beginning')
    .option('--json', 'the ids removed as a JSON array')
    .addHelpText(
      'after',
      '\nExamples:\n  cofferdam image remove linux-stress\n  cofferdam image remove linux 2b438b',
    )
    .action((name: string, id: string | undefined, options: { json?: boolean }) => {
      const ids = removeImage(name, id);
      if (options.json) printJson(ids);
      else for (const each of ids) process.stdout.write(`removed ${name} ${each}\n`);
    });
  return command;
}

async function build(kind: ImageKind, typed: TypedBuildOptions): Promise<void> {
  const isJson = typed.json ?? false;
  const { mirror, keyring } = typed;
  if (mirror !== undefined && !URL.canParse(mirror)) {
    throw new UsageError(`--mirror: expected the address of an archive, got ${JSON.stringify(mirror)}`);
  }
  const image = await buildImage(
    kind,
    {
      name: typed.name,
      with: typed.with,
      profile: typed.profile === undefined ? undefined : oneOf('--profile', typed.profile, profileNames),
      refresh: typed.refresh,
      mirror,
      keyring,
      allowExpiredIndex: typed.allowExpiredIndex === true ? true : 'as-configured',
    },
    isJson,
  );
  if (isJson)
    process.stdout.write(
      `${JSON.stringify({ event: 'image', isCached: image.isCached, ...describeImage(image) })}\n`,
    );
  else process.stdout.write(`${image.isCached ? 'there already' : 'built'}: ${imageRow(image).join('  ')}\n`);
}

/** Builds with progress on standard error (standard output with --json); Ctrl-C aborts and leaves nothing behind. */
export async function buildImage(
  kind: ImageKind,
  options: BuildOptions,
  isJson: boolean,
): Promise<BuiltImage> {
  const view = buildView(isJson ? process.stdout : process.stderr, isJson);
  const abort = new AbortController();
  const onSignal = (): void => abort.abort();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, onSignal);
  try {
    const builder = kind === 'linux' ? buildLinux : buildLinuxTiny;
    return await builder({ ...options, signal: abort.signal }, view.listen);
  } finally {
    view.end();
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.off(signal, onSignal);
  }
}

function describeImage(image: StoredImage): object {
  const { name, id, createdAt, kernelRelease, index, defaultProfile } = image.manifest;
  return {
    name,
    id,
    createdAt,
    kernelRelease,
    suite: index.suite,
    isIndexExpired: index.isExpired,
    defaultProfile,
    folder: image.folder,
  };
}

function imageRow(image: StoredImage): string[] {
  const { name, id, createdAt, kernelRelease, files } = image.manifest;
  const bytes = Object.values(files).reduce((sum, file) => sum + file.bytes, 0);
  return [name, id.slice(0, 12), kernelRelease, formatBytes(bytes), createdAt.slice(0, 16).replace('T', ' ')];
}

function indented(rows: readonly string[][], whenEmpty: string): string {
  if (rows.length === 0) return `  (${whenEmpty})\n`;
  return formatTable(rows).replace(/^/gm, '  ').replace(/ +$/, '');
}

function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}
