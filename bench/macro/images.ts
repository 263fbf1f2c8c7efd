// The images that the benchmarks boot. A missing one is no error: its rows are left out, and the report says why.
import {
  type BootFiles,
  buildLinux,
  ImageError,
  openImage,
  type StoredImage,
} from '../../guests/images/index.ts';
import { buildView } from '../../root-partition/admin/cli/build-view.ts';
import { transportOf } from '../../root-partition/admin/cli/guest-choice.ts';
import type { GuestSettings } from './guest-shell.ts';

/** Debian's kernel with python3: that needs no compiler to build, and what is measured is the same on both machines. */
const PYTHON_IMAGE = 'linux-bench';

/** What stands in for an image that cannot be had. */
export interface MissingImage {
  reason: string;
}

export const isMissing = (image: StoredImage | MissingImage): image is MissingImage => 'reason' in image;

export async function findImage(name: string): Promise<StoredImage | MissingImage> {
  try {
    return await openImage(name);
  } catch (error) {
    return missing(error);
  }
}

/** Builds it on first use. */
export async function pythonImage(signal: AbortSignal): Promise<StoredImage | MissingImage> {
  const found = await findImage(PYTHON_IMAGE);
  if (!isMissing(found)) return found;
  process.stderr.write(`building the image ${PYTHON_IMAGE}, once\n`);
  const view = buildView(process.stderr, false);
  try {
    return await buildLinux(
      { name: PYTHON_IMAGE, with: ['python3-minimal'], allowExpiredIndex: 'as-configured', signal },
      view.listen,
    );
  } catch (error) {
    signal.throwIfAborted();
    return missing(error);
  } finally {
    view.end();
  }
}

function missing(error: unknown): MissingImage {
  if (error instanceof ImageError) return { reason: error.message.replace(/\s*\n\s*/g, '; ') };
  throw error;
}

export function settingsFor(
  image: StoredImage,
  files: BootFiles,
  memoryMib: number,
  signal: AbortSignal,
): GuestSettings {
  return {
    files,
    readyPattern: new RegExp(image.manifest.readyPattern),
    memoryMib,
    transport: transportOf(image),
    signal,
  };
}
