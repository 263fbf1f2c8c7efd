// What callers of the SDK get when they asked for something that cannot be.

/** Stable; scripts may depend on them. */
export type HypervisorErrorCode =
  | 'ENGINE_UNSUITABLE'
  | 'FILE_UNREADABLE'
  | 'INSTALLATION_CHANGED'
  | 'INVALID_ARGUMENT'
  | 'ISOLATION_UNAVAILABLE'
  | 'OUT_OF_MEMORY_POOL'
  | 'PARTITION_REFUSED'
  | 'PARTITION_STATE'
  | 'ROOT_PARTITION_FAILED'
  | 'CONSOLE_CLOSED'
  | 'TIMED_OUT';

/** The message says what was expected and what came. */
export class HypervisorError extends Error {
  readonly code: HypervisorErrorCode;

  constructor(code: HypervisorErrorCode, message: string, options?: { cause: unknown }) {
    super(message, options);
    this.name = 'HypervisorError';
    this.code = code;
  }
}
