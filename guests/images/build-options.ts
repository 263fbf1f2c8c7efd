// What a caller may choose about a build, and what comes back.
import type { ExpiredIndexPolicy } from './apt-archive.ts';

import type { StoredImage } from './image-store.ts';
import type { ProfileName } from './manifest.ts';

export interface BuildOptions {
  /** Name of the image in the store; `linux` or `linux-tiny` when absent. */
  readonly name?: string | undefined;
  /** Debian packages to add to the initramfs, with all that they depend on. */
  readonly with?: readonly string[] | undefined;
  /** Kernel modules to add. */
  readonly modules?: readonly string[] | undefined;
  /** The profile used when a run names none. Both are always built. */
  readonly profile?: ProfileName | undefined;
  /** Suites to try, in order. */
  readonly suites?: readonly string[] | undefined;
  /** Address of a Debian archive, in place of the machine's own. */
  readonly mirror?: string | undefined;
  readonly keyring?: string | undefined;
  /** Not accepted when absent. */
  readonly allowExpiredIndex?: ExpiredIndexPolicy | undefined;
  /** Ask the archive again even if an equal request was built before. */
  readonly refresh?: boolean | undefined;
  readonly cacheFolder?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** /etc/apt, for tests. */
  readonly aptFolder?: string | undefined;
}

export interface BuiltImage extends StoredImage {
  /** True when it was there already. */
  readonly isCached: boolean;
}
