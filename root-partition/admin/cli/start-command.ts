// `cofferdam start`, which is `npm start`: boots Linux with as little asked of the user as possible.
import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { listImages } from '../../../guests/images/index.ts';
import { escapeHelp } from './escape-keys.ts';
import { chooseGuest } from './guest-choice.ts';
import { buildImage } from './image-command.ts';
import { isTerminal } from './run-command.ts';
import { parseRunOptions } from './run-options.ts';
import { runSession } from './run-session.ts';
import { TextView } from './run-view.ts';

/** Sparse: it takes what the guest writes. */
const SCRATCH_BYTES = 256 * 1024 * 1024;
const REPORT_SCRIPT = 'uname -a; cat /proc/cpuinfo; ls /dev/vda*';

export function startCommand(finish: (status: number) => void): Command {
  return new Command('start')
    .description(
      'Boots Linux: the image linux-tiny if it is there, else linux, which is built on first use. At a terminal you get its shell; elsewhere it says what it is and powers off.',
    )
    .option('--stats', 'say afterwards how long the boot took, instructions, MIPS')
    .addHelpText(
      'after',
      '\nIts disk /dev/vda is scratch space that is gone afterwards.\n\nExamples:\n  cofferdam start\n  npm start',
    )
    .action(async (options: { stats?: boolean }) => finish(await start(options.stats ?? false)));
}

async function start(hasStatistics: boolean): Promise<number> {
  const image = await imageToStart();
  const isInteractive = isTerminal();
  const choice = await chooseGuest(
    image,
    parseRunOptions({ profile: 'fast', ...(isInteractive ? {} : { script: REPORT_SCRIPT }) }),
  );
  const scratch = new Scratch();
  try {
    return await runSession(
      choice,
      {
        disks: [{ path: scratch.file }],
        restartsOnReset: true,
        isInteractive,
        hasInput: isInteractive,
        hasScript: !isInteractive,
        // Open where it must be: from here on it exists without a name, and cannot be left behind.
        onCreated: () => scratch.remove(),
      },
      new TextView({ isQuiet: false, hasStatistics, hint: isInteractive ? escapeHelp : undefined }),
    );
  } finally {
    scratch.remove();
  }
}

async function imageToStart(): Promise<string> {
  const names = listImages().map((image) => image.manifest.name);
  const found = ['linux-tiny', 'linux'].find((name) => names.includes(name));
  if (found !== undefined) return found;
  process.stderr.write("cofferdam: no image yet: building linux out of Debian's packages, once\n");
  await buildImage('linux', { allowExpiredIndex: 'as-configured' }, false);
  return 'linux';
}

class Scratch {
  readonly file: string;
  readonly #folder = mkdtempSync(join(tmpdir(), 'cofferdam-'));

  constructor() {
    this.file = join(this.#folder, 'scratch');
    const fd = openSync(this.file, 'wx', 0o600);
    ftruncateSync(fd, SCRATCH_BYTES);
    closeSync(fd);
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
