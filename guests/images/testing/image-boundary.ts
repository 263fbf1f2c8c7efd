// What the decoders of images promise: whatever they are given, they answer or refuse with an ImageError.
import { ImageError, type ImageErrorCode } from '../image-error.ts';

/** What `decode` gives, or undefined when it refuses with one of the codes. @throws anything else that it throws */
export function orRefused<T>(codes: readonly ImageErrorCode[], decode: () => T): T | undefined {
  try {
    return decode();
  } catch (error) {
    if (error instanceof ImageError && codes.includes(error.code)) return undefined;
    throw error;
  }
}
