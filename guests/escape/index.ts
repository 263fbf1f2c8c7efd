// The escape attempts as the command line uses them.
export type { Attempt } from './attempt.ts';
export { attempts, attemptsCalled } from './attempts.ts';
export { type Boundary, boundaries } from './boundary.ts';
export type { Control } from './control.ts';
export { controlSet, controls, nameOfSet } from './controls.ts';
export {
  type FlagHashes,
  type FlagName,
  flagBoundaries,
  flagClaimed,
  flagNames,
} from './game/flags.ts';
export type { GameField, PlayerOptions } from './game/protocol.ts';
export { type Severity, severityOf } from './game/severity.ts';
export { type Campaign, halvesOf, type OnCampaignEvent, playAll } from './runner/campaign.ts';
export { type GameEnd, GameProcess } from './runner/game-process.ts';
export { htmlReport } from './runner/html-report.ts';
export { buildInstallations } from './runner/installations.ts';
export { type Half, type PlayedHalf, titleOf } from './runner/play.ts';
export { isHeldBy } from './runner/verdict.ts';
