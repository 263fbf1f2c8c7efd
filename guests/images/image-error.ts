// The error of guests/images: a stable code, what was expected, what came, and what to do about it.

/** Stable: callers may branch on these. */
export type ImageErrorCode =
  | 'image-not-found'
  | 'image-corrupt'
  | 'image-name-invalid'
  | 'image-locked'
  | 'tool-missing'
  | 'tool-failed'
  | 'archive-not-configured'
  | 'archive-keyring-missing'
  | 'archive-unusable'
  | 'archive-expired'
  | 'package-missing'
  | 'package-corrupt'
  | 'kernel-invalid'
  | 'module-missing'
  | 'elf-invalid'
  | 'tar-invalid'
  | 'cpio-invalid'
  | 'script-too-long'
  | 'aborted';

export interface ImageErrorDetail {
  readonly expected?: string;
  readonly came?: string;
  /** One sentence in the imperative: what the user does next. */
  readonly remedy?: string;
  readonly cause?: unknown;
}

/** Thrown by everything in guests/images that fails for a reason outside this program. */
export class ImageError extends Error {
  readonly code: ImageErrorCode;
  readonly expected: string | undefined;
  readonly came: string | undefined;
  readonly remedy: string | undefined;

  constructor(code: ImageErrorCode, message: string, detail: ImageErrorDetail = {}) {
    const lines = [message];
    if (detail.expected !== undefined) lines.push(`expected: ${detail.expected}`);
    if (detail.came !== undefined) lines.push(`came: ${detail.came}`);
    if (detail.remedy !== undefined) lines.push(`to do: ${detail.remedy}`);
    super(lines.join('\n  '), detail.cause === undefined ? undefined : { cause: detail.cause });
    this.name = 'ImageError';
    this.code = code;
    this.expected = detail.expected;
    this.came = detail.came;
    this.remedy = detail.remedy;
  }
}
