// What a build of an image tells its caller while it runs.

export type BuildPhase =
  | 'cache'
  | 'index'
  | 'resolve'
  | 'download'
  | 'unpack'
  | 'assemble'
  | 'compile'
  | 'store';

export interface BuildEvent {
  readonly phase: BuildPhase;
  /** One line for people. */
  readonly text: string;
  /** Bytes when downloading, files when compiling. */
  readonly done?: number;
  readonly total?: number;
  /** Something the user should know even when all goes well, such as an accepted expired index. */
  readonly isWarning?: boolean;
}

export type BuildProgress = (event: BuildEvent) => void;
