// The neighbour partition on the stage: another tenant, whose canary nobody may read or change.
import { randomBytes } from 'node:crypto';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Console, Hypervisor, IsolationLevel, Partition } from '../../../hypervisor/index.ts';
import { guestFile } from './guest-file.ts';

const BEAT_TIMEOUT_MS = 10_000;
const DISK_BYTES = 65_536;
const CANARY_BYTES = 16;

export interface NeighbourState {
  /** Whether it answered. */
  beats: boolean;
  /** Whether its memory and its disk hold the canary and nothing else where they should. */
  isIntact: boolean;
}

export interface NeighbourOptions {
  /** Default: the best that the machine offers. */
  level: IsolationLevel | undefined;
  folder: string;
  /** Default: a random one. */
  canary?: string;
  /** Who may read its disk. Default: every user of the machine. */
  diskMode?: number;
}

export class Neighbour {
  readonly partition: Partition;
  readonly console: Console;
  readonly canary: string;
  /** Its disk, full of the canary. */
  readonly diskFile: string;
  #disk: Buffer;

  private constructor(partition: Partition, console: Console, canary: string, diskFile: string) {
    this.partition = partition;
    this.console = console;
    this.canary = canary;
    this.diskFile = diskFile;
    this.#disk = readFileSync(diskFile);
  }

  static async start(
    hypervisor: Hypervisor,
    { level, folder, canary = randomBytes(CANARY_BYTES).toString('hex'), diskMode = 0o644 }: NeighbourOptions,
  ): Promise<Neighbour> {
    const diskFile = join(folder, 'neighbour.img');
    writeFileSync(diskFile, canary.repeat(DISK_BYTES / canary.length).padEnd(DISK_BYTES), { mode: diskMode });
    // Whatever the umask says.
    chmodSync(diskFile, diskMode);
    const partition = await hypervisor.createPartition({
      name: 'neighbour',
      guest: { kind: 'unikernel', module: guestFile('neighbour') },
      ...(level === undefined ? {} : { isolation: level }),
      memoryMib: 2,
      disks: [{ path: diskFile }],
      arguments: { canary },
    });
    const console = await partition.attachConsole();
    partition.start();
    await console.waitFor('the neighbour is up');
    return new Neighbour(partition, console, canary, diskFile);
  }

  /** Asks it for a beat. */
  async check(timeoutMs = BEAT_TIMEOUT_MS): Promise<NeighbourState> {
    this.console.write('beat\n');
    const isDiskIntact = readFileSync(this.diskFile).equals(this.#disk);
    const answer = this.console.waitFor(/beat \d+: canary (\w+)\n/, { timeoutMs });
    const end = this.partition.exited.then(({ message }) => Promise.reject(new Error(message)));
    try {
      const [, state] = await Promise.race([answer, end]);
      return { beats: true, isIntact: state === 'intact' && isDiskIntact };
    } catch {
      return { beats: false, isIntact: isDiskIntact };
    }
  }

  /** Whether a text holds the canary, as it is or as hexadecimal digits of its bytes. */
  isSeenIn(text: string): boolean {
    return text.includes(this.canary) || text.includes(Buffer.from(this.canary).toString('hex'));
  }
}
