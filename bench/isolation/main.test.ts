// `npm run bench:isolation` as a program, and the checks of its guest: what it measures is right, and a wrong result is
// noticed. Needs `npm run build`.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Hypervisor } from '../../hypervisor/index.ts';
import { BenchGuest, benchGuestFile, WrongResult } from './bench-guest.ts';
import { computeReference } from './compute-reference.ts';
import { BareModule, BarePair, bareImportLoop } from './floors.ts';
import type { Report } from './report.ts';
import { VolumeFile } from './volume-file.ts';

const program = fileURLToPath(new URL('./main.ts', import.meta.url));
const run = (...words: string[]) =>
  spawnSync(process.execPath, ['--no-warnings', program, ...words], { encoding: 'utf8' });

describe('npm run bench:isolation', () => {
  it('measures a row and gives it as JSON, with the machine and the verdict', () => {
    const { stdout } = run('--only', 'compute', '--isolation', 'thread', '--samples', '1', '--json');
    const { rows, verdicts, machine, samples } = JSON.parse(stdout) as Report;
    expect(rows.map(({ name, cases }) => [name, cases.map(({ level }) => level)])).toEqual([
      ['compute', ['thread']],
    ]);
    expect(verdicts.map(({ bar }) => bar.id)).toEqual(['P8']);
    expect(machine.cores).toBeGreaterThan(0);
    expect(samples).toBe(1);
  });

  it('explains itself, and refuses what it does not know', () => {
    expect(run('--help')).toMatchObject({ status: 0, stdout: expect.stringContaining('Examples:') });
    expect(run('--isolation', 'none')).toMatchObject({ status: 2, stdout: '' });
    const nothing = run('--only', 'P6,P7', '--samples', '1');
    expect(nothing).toMatchObject({ status: 2, stdout: '', stderr: expect.stringContaining('"P6,P7"') });
  });
});

describe('the guest and the floors', () => {
  let hypervisor: Hypervisor;
  const volume = new VolumeFile();
  beforeAll(async () => {
    hypervisor = await Hypervisor.start();
  });
  afterAll(async () => {
    await hypervisor.close();
    volume[Symbol.dispose]();
  });

  const startGuest = async (path = volume.path): Promise<BenchGuest> => {
    const disks = [{ path, isReadOnly: true }];
    return (await BenchGuest.start(hypervisor, 'thread', { disks })).ready();
  };

  it('make every kind of call that the rows count', async () => {
    await using guest = await startGuest();
    for (const letter of ['h', 'm', 'c', 'l']) expect(await guest.calls(letter, 5)).toBeGreaterThan(0);
    for (const bytes of [4096, 65_536, 1_048_576])
      expect(await guest.calls('r', 3, bytes)).toBeGreaterThan(0);
  });

  it('compute what the reference computes, in the partition and bare', async () => {
    await using guest = await startGuest();
    await using bare = new BareModule(benchGuestFile);
    const expected = computeReference(3);
    expect((await guest.order('k', 3)).check).toBe(expected);
    expect((await bare.compute(3)).checksum).toBe(expected);
    expect(computeReference(4)).not.toBe(expected);
  });

  it('notice a file that does not hold what it should', async () => {
    await using guest = await startGuest(benchGuestFile);
    await expect(guest.calls('r', 2, 4096)).rejects.toThrow(WrongResult);
    await using pair = await BarePair.start(benchGuestFile);
    await expect(pair.run({ count: 2, readBytes: 4096 })).rejects.toThrow(/2 of 2/);
  });

  it('make bare calls and round trips, all of which arrive', async () => {
    expect(bareImportLoop()(1000)).toBe(1000);
    await using pair = await BarePair.start(volume.path);
    expect(await pair.run({ count: 3 })).toBeGreaterThan(0);
    expect(await pair.run({ count: 3, readBytes: 65_536 })).toBeGreaterThan(0);
  });
});
