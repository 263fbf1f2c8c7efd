// The planted attacks by the ids of their attempts, and the one of the flag game.
import { readDisk } from './e05a-read-a-disk/planted.ts';
import { writeFile } from './e05b-write-a-file/planted.ts';
import { startProgram } from './e05c-start-a-program/planted.ts';
import { startEngine } from './e05d-start-the-engine/planted.ts';
import { connectByTcp } from './e05e-connect-by-tcp/planted.ts';
import { sendByUdp } from './e05f-send-by-udp/planted.ts';
import { readNeighboursMemory } from './e05g-read-a-neighbours-memory/planted.ts';
import { traceNeighbour } from './e05h-trace-a-neighbour/planted.ts';
import { killNeighbour } from './e05i-kill-a-neighbour/planted.ts';
import { hoardDescriptors } from './e05j-hoard-descriptors/planted.ts';
import { forgeHypervisorMessage } from './e26b-message-of-the-hypervisor/planted.ts';
import { endlessControlMessage } from './e37-endless-control-message/planted.ts';
import { readOwnProcess } from './e48-all-that-its-process-holds/planted.ts';
import { spinOnThreads } from './e52-bill-one-thread/planted.ts';
import { forgeAuditText } from './e70a-audit-text/planted.ts';
import { lastWords } from './e70b-last-words/planted.ts';
import { floodStandardError } from './e70c-standard-error/planted.ts';
import { forgeCounters } from './e71a-counters/planted.ts';
import { forgeWalls } from './e71b-walls/planted.ts';
import { takeFlags } from './game/planted.ts';
import type { PlantedAttack } from './planted.ts';

export const plantedAttacks: Readonly<Record<string, PlantedAttack>> = {
  E05a: readDisk,
  E05b: writeFile,
  E05c: startProgram,
  E05d: startEngine,
  E05e: connectByTcp,
  E05f: sendByUdp,
  E05g: readNeighboursMemory,
  E05h: traceNeighbour,
  E05i: killNeighbour,
  E05j: hoardDescriptors,
  E26b: forgeHypervisorMessage,
  E37: endlessControlMessage,
  E48: readOwnProcess,
  E52: spinOnThreads,
  E70a: forgeAuditText,
  E70b: lastWords,
  E70c: floodStandardError,
  E71a: forgeCounters,
  E71b: forgeWalls,
  GAME: takeFlags,
};
