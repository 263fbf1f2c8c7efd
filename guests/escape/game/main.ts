// The program of the game's process: the hypervisor that the player attacks. It puts the flags out, runs the player's
// guest beside the neighbour, and takes everything down again; early, when the referee lets go. No flag leaves it but
// by what the player finds a way for. Argument: a folder of its own, which is gone afterwards.
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Console, Hypervisor, HypervisorError, type Partition } from '../../../hypervisor/index.ts';
import { Neighbour } from '../stage/neighbour.ts';
import { type FlagHashes, hashOf, newFlag } from './flags.ts';
import type { GameMessage, GameOrder, PlayerOptions } from './protocol.ts';

const PRIVATE_FILE = 0o600;

interface Game {
  player: Partition;
  console: Console;
  neighbour: Neighbour;
}

const [, , folder = ''] = process.argv;
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

/** The flag in this process's memory. */
const ownFlag = newFlag();
const flagFile = join(folder, 'flag');

/** Resolves when the message is on its way. */
function tell(message: GameMessage): Promise<void> {
  return new Promise((resolve) => {
    if (process.connected) process.send?.(message, undefined, {}, () => resolve());
    else resolve();
  });
}

/** Leaves no copy in this process's memory. @returns the hash */
function putFlagIntoFile(): string {
  const flag = newFlag();
  writeFileSync(flagFile, flag, { mode: PRIVATE_FILE });
  const hash = hashOf(flag);
  flag.fill(0);
  return hash;
}

async function setUp(hypervisor: Hypervisor, options: PlayerOptions): Promise<Game> {
  const canary = newFlag().toString();
  const neighbour = await Neighbour.start(hypervisor, {
    level: options.isolation,
    folder,
    canary,
    diskMode: PRIVATE_FILE,
  });
  const hashes: FlagHashes = {
    neighbour: hashOf(canary),
    hypervisor: hashOf(ownFlag),
    file: putFlagIntoFile(),
  };
  const { isolation, pid: neighbourPid } = neighbour.partition;
  const player = await hypervisor.createPartition({
    name: 'player',
    guest: options.guest,
    isolation,
    ...(options.memoryMib === undefined ? {} : { memoryMib: options.memoryMib }),
    arguments: {
      'neighbour-pid': String(neighbourPid),
      'hypervisor-pid': String(process.pid),
      'flag-file': flagFile,
      ...options.arguments,
    },
  });
  const console = await player.attachConsole();
  console.onOutput((bytes) => void tell({ kind: 'console', bytes: Buffer.from(bytes).toString('base64') }));
  await tell({
    kind: 'field',
    field: {
      ...{ hashes, isolation, neighbourPid, flagFile },
      hypervisorPid: process.pid,
      playerPid: player.pid,
      warnings: hypervisor.warnings,
    },
  });
  return { player, console, neighbour };
}

async function play({ player, console, neighbour }: Game): Promise<void> {
  player.start();
  const exit = await player.exited;
  await player.dispose();
  await console.closed;
  await tell({ kind: 'over', exit: exit.message, neighbour: await neighbour.check() });
}

const starting = Hypervisor.start();
let settingUp: Promise<Game> | undefined;

async function obey(given: GameOrder): Promise<void> {
  switch (given.order) {
    case 'set-up':
      settingUp = starting.then((hypervisor) => setUp(hypervisor, given.player));
      await settingUp;
      break;
    case 'begin':
      if (settingUp !== undefined) await play(await settingUp);
      break;
    case 'type':
      (await settingUp)?.console.write(Buffer.from(given.bytes, 'base64'));
      break;
    case 'stop':
      await (await settingUp)?.player.stop();
      break;
  }
}

async function leave(): Promise<never> {
  await (await starting).close();
  process.exit(0);
}

process.on('message', (message) => {
  obey(message as GameOrder).catch(async (error: Error) => {
    const code = error instanceof HypervisorError ? error.code : undefined;
    await tell({ kind: 'refused', code, message: error.message });
  });
});
process.on('disconnect', () => void leave());
// An interrupt at the terminal is the referee's to see.
for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => {});
