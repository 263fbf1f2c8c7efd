// What the game's process and the referee say to each other, over Node's IPC channel. A flag is never among it, but where
// the player's guest writes it to its console.
import type { Guest, HypervisorErrorCode, IsolationLevel } from '../../../hypervisor/index.ts';
import type { NeighbourState } from '../stage/neighbour.ts';
import type { FlagHashes } from './flags.ts';

/** What the player brings. */
export interface PlayerOptions {
  guest: Guest;
  memoryMib?: number | undefined;
  /** Of the neighbour, too. Default: the best that the machine offers. */
  isolation?: IsolationLevel | undefined;
  /** Boot arguments of the player's own. */
  arguments: Record<string, string>;
}

export type GameOrder =
  | { order: 'set-up'; player: PlayerOptions }
  | { order: 'begin' }
  /** Typed to the player's guest, in base64. */
  | { order: 'type'; bytes: string }
  | { order: 'stop' };

/** What everybody may know once the flags are out. */
export interface GameField {
  hashes: FlagHashes;
  isolation: IsolationLevel;
  neighbourPid: number;
  hypervisorPid: number;
  playerPid: number;
  flagFile: string;
  warnings: readonly string[];
}

export type GameMessage =
  | { kind: 'field'; field: GameField }
  | { kind: 'refused'; code: HypervisorErrorCode | undefined; message: string }
  /** Output of the player's guest, in base64. */
  | { kind: 'console'; bytes: string }
  | { kind: 'over'; exit: string; neighbour: NeighbourState };
