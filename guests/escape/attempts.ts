// All escape attempts, in the order of their ids.
import type { Attempt } from './attempt.ts';
import { readBeyondMemory } from './e01-read-beyond-memory/attempt.ts';
import { growMemory } from './e02-grow-memory/attempt.ts';
import { memoryOfItsOwn } from './e03-memory-of-its-own/attempt.ts';
import { importConfusion } from './e04-import-confusion/attempt.ts';
import { readADisk } from './e05a-read-a-disk/attempt.ts';
import { writeAFile } from './e05b-write-a-file/attempt.ts';
import { startAProgram } from './e05c-start-a-program/attempt.ts';
import { startTheEngine } from './e05d-start-the-engine/attempt.ts';
import { connectByTcp } from './e05e-connect-by-tcp/attempt.ts';
import { sendByUdp } from './e05f-send-by-udp/attempt.ts';
import { readANeighboursMemory } from './e05g-read-a-neighbours-memory/attempt.ts';
import { traceANeighbour } from './e05h-trace-a-neighbour/attempt.ts';
import { killANeighbour } from './e05i-kill-a-neighbour/attempt.ts';
import { hoardDescriptors } from './e05j-hoard-descriptors/attempt.ts';
import { publishWithoutTheRight } from './e06a-publish-without-the-right/attempt.ts';
import { publishAnImport } from './e06b-publish-an-import/attempt.ts';
import { publishAMemory } from './e06c-publish-a-memory/attempt.ts';
import { publishAStartFunction } from './e06d-publish-a-start-function/attempt.ts';
import { publishOverTheMachine } from './e06e-publish-over-the-machine/attempt.ts';
import { publishTableElements } from './e06f-publish-table-elements/attempt.ts';
import { codeThatIsNoMore } from './e07-code-that-is-no-more/attempt.ts';
import { compileBomb } from './e08-compile-bomb/attempt.ts';
import { recursionBomb } from './e09-recursion-bomb/attempt.ts';
import { leftoverMemory } from './e10-leftover-memory/attempt.ts';
import { leakingPadding } from './e11-leaking-padding/attempt.ts';
import { reservedBits } from './e12-reserved-bits/attempt.ts';
import { confusedDeputy } from './e13a-confused-deputy/attempt.ts';
import { synicPageOutside } from './e13b-synic-page-outside/attempt.ts';
import { memoryThatChanges } from './e14-memory-that-changes/attempt.ts';
import { privilegeProbing } from './e15a-privilege-probing/attempt.ts';
import { anothersRegisters } from './e15b-anothers-registers/attempt.ts';
import { clockWithoutLeave } from './e15c-clock-without-leave/attempt.ts';
import { forgedMessageTypes } from './e16a-forged-message-types/attempt.ts';
import { anothersConnection } from './e16b-anothers-connection/attempt.ts';
import { floodAPort } from './e17-flood-a-port/attempt.ts';
import { refuseToStop } from './e18a-refuse-to-stop/attempt.ts';
import { floodOfCalls } from './e18b-flood-of-calls/attempt.ts';
import { callWithoutEnd } from './e19-call-without-end/attempt.ts';
import { callPastTheKernel } from './e21-call-past-the-kernel/attempt.ts';
import { packetLongerThanItIs } from './e22a-packet-longer-than-it-is/attempt.ts';
import { indexOutsideTheRing } from './e22b-index-outside-the-ring/attempt.ts';
import { ringOutsideMemory } from './e22c-ring-outside-memory/attempt.ts';
import { descriptorLoop } from './e23-descriptor-loop/attempt.ts';
import { descriptorOutsideRam } from './e24-descriptor-outside-ram/attempt.ts';
import { queueMoves } from './e25-queue-moves/attempt.ts';
import { channelThatIsNot } from './e26a-channel-that-is-not/attempt.ts';
import { messageOfTheHypervisor } from './e26b-message-of-the-hypervisor/attempt.ts';
import { endlessBytes } from './e27-endless-bytes/attempt.ts';
import { answerLongerThanItsBuffer } from './e28-answer-longer-than-its-buffer/attempt.ts';
import { descriptorNamesTheDevice } from './e29-descriptor-names-the-device/attempt.ts';
import { lateCompletion } from './e30a-late-completion/attempt.ts';
import { connectionOfTheDead } from './e30b-connection-of-the-dead/attempt.ts';
import { answerForAnEarlierOpening } from './e30c-answer-for-an-earlier-opening/attempt.ts';
import { answersNobodyTakes } from './e31-answers-nobody-takes/attempt.ts';
import { consoleFlood } from './e32-console-flood/attempt.ts';
import { messageFlood } from './e33-message-flood/attempt.ts';
import { holesOfTheAddressSpace } from './e34-holes-of-the-address-space/attempt.ts';
import { readFromTheRootPartition } from './e35a-read-from-the-root-partition/attempt.ts';
import { startAProgramInRoot } from './e35b-start-a-program/attempt.ts';
import { connectOut } from './e35c-connect-out/attempt.ts';
import { makeCode } from './e35d-make-code/attempt.ts';
import { killANeighbourFromRoot } from './e35e-kill-a-neighbour/attempt.ts';
import { overlayPointsOutside } from './e36-overlay-points-outside/attempt.ts';
import { endlessControlMessageAttempt } from './e37-endless-control-message/attempt.ts';
import { diskByAnotherName } from './e38-disk-by-another-name/attempt.ts';
import { writePastTheEnd } from './e40a-write-past-the-end/attempt.ts';
import { writeToAReadOnlyDisk } from './e40b-write-to-a-read-only-disk/attempt.ts';
import { bytesOfAnother } from './e41-bytes-of-another/attempt.ts';
import { overlayOfAnotherBase } from './e42-overlay-of-another-base/attempt.ts';
import { allThatItsProcessHolds } from './e48-all-that-its-process-holds/attempt.ts';
import { shareAProcessor } from './e49-share-a-processor/attempt.ts';
import { loadUnderACoarseClock } from './e50-load-under-a-coarse-clock/attempt.ts';
import { fineClock } from './e51a-fine-clock/attempt.ts';
import { fineWallClock } from './e51b-fine-wall-clock/attempt.ts';
import { waitBetweenTicks } from './e51c-wait-between-ticks/attempt.ts';
import { billOneThread } from './e52-bill-one-thread/attempt.ts';
import { descriptorsOfResets } from './e58-descriptors-of-resets/attempt.ts';
import { auditText } from './e70a-audit-text/attempt.ts';
import { lastWordsAttempt } from './e70b-last-words/attempt.ts';
import { standardError } from './e70c-standard-error/attempt.ts';
import { counters } from './e71a-counters/attempt.ts';
import { walls } from './e71b-walls/attempt.ts';
import { swappedDependency } from './e72-swapped-dependency/attempt.ts';
import { debuggerAttempt } from './e73-debugger/attempt.ts';
import { coreDump } from './e74-core-dump/attempt.ts';

export const attempts: readonly Attempt[] = [
  readBeyondMemory,
  growMemory,
  memoryOfItsOwn,
  importConfusion,
  readADisk,
  writeAFile,
  startAProgram,
  startTheEngine,
  connectByTcp,
  sendByUdp,
  readANeighboursMemory,
  traceANeighbour,
  killANeighbour,
  hoardDescriptors,
  publishWithoutTheRight,
  publishAnImport,
  publishAMemory,
  publishAStartFunction,
  publishOverTheMachine,
  publishTableElements,
  codeThatIsNoMore,
  compileBomb,
  recursionBomb,
  leftoverMemory,
  leakingPadding,
  reservedBits,
  confusedDeputy,
  synicPageOutside,
  memoryThatChanges,
  privilegeProbing,
  anothersRegisters,
  clockWithoutLeave,
  forgedMessageTypes,
  anothersConnection,
  floodAPort,
  refuseToStop,
  floodOfCalls,
  callWithoutEnd,
  callPastTheKernel,
  packetLongerThanItIs,
  indexOutsideTheRing,
  ringOutsideMemory,
  descriptorLoop,
  descriptorOutsideRam,
  queueMoves,
  channelThatIsNot,
  messageOfTheHypervisor,
  endlessBytes,
  answerLongerThanItsBuffer,
  descriptorNamesTheDevice,
  lateCompletion,
  connectionOfTheDead,
  answerForAnEarlierOpening,
  answersNobodyTakes,
  consoleFlood,
  messageFlood,
  holesOfTheAddressSpace,
  readFromTheRootPartition,
  startAProgramInRoot,
  connectOut,
  makeCode,
  killANeighbourFromRoot,
  overlayPointsOutside,
  endlessControlMessageAttempt,
  diskByAnotherName,
  writePastTheEnd,
  writeToAReadOnlyDisk,
  bytesOfAnother,
  overlayOfAnotherBase,
  allThatItsProcessHolds,
  shareAProcessor,
  loadUnderACoarseClock,
  fineClock,
  fineWallClock,
  waitBetweenTicks,
  billOneThread,
  descriptorsOfResets,
  auditText,
  lastWordsAttempt,
  standardError,
  counters,
  walls,
  swappedDependency,
  debuggerAttempt,
  coreDump,
];

export function findAttempt(id: string): Attempt {
  const attempt = attempts.find((each) => each.id === id);
  if (attempt !== undefined) return attempt;
  throw new RangeError(`no attempt ${JSON.stringify(id)}; "cofferdam escape" lists them`);
}

/** The attempts that a word names: one, or with E05 all of E05a, E05b and so on. @throws RangeError for none */
export function attemptsCalled(word: string): Attempt[] {
  const id = word.toUpperCase();
  const found = attempts.filter(
    (each) => each.id.toUpperCase() === id || each.id.replace(/[a-z]$/, '') === id,
  );
  return found.length > 0 ? found : [findAttempt(word)];
}
