// Bad input of every kind ends in a clear error or a stopped guest, and the neighbour's work finishes. Needs the build.
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Hypervisor, installationTop, type Partition, type PartitionOptions } from './index.ts';

const wasm = (name: string): string => join(installationTop, 'build/guests', `${name}.wasm`);
let hypervisor: Hypervisor;
let folder: string;

beforeAll(async () => {
  hypervisor = await Hypervisor.start();
  folder = mkdtempSync(join(tmpdir(), 'cofferdam-hostile-'));
});
afterAll(async () => {
  await hypervisor?.close();
  rmSync(folder, { recursive: true, force: true });
});

const file = (name: string, bytes: Uint8Array): string => {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
};
const sparse = (name: string, bytes: number): string => {
  const path = file(name, new Uint8Array(0));
  truncateSync(path, bytes);
  return path;
};
/** Reproducible bytes that look like nothing. */
const noise = (length: number, seed = 1): Uint8Array => {
  let state = seed;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return state >>> 16;
  });
};

/** A RISC-V Image header (boot-image-header.rst) with the fields given. */
function imageHeader(fields: { textOffset?: bigint; imageBytes?: bigint }, length = 4096): Uint8Array {
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(8, fields.textOffset ?? 0x20_0000n, true);
  view.setBigUint64(16, fields.imageBytes ?? BigInt(length), true);
  bytes.set(Buffer.from('RSC\x05', 'latin1'), 56);
  return bytes;
}

/** Runs the options' guest beside a neighbour that counts primes; returns the end and the console text. */
async function runBesideNeighbour(options: PartitionOptions): Promise<{ kind: string; text: string }> {
  await using neighbour = await hypervisor.createPartition({
    guest: { kind: 'unikernel', module: wasm('primes') },
  });
  await using partition: Partition = await hypervisor.createPartition(options);
  await using console = await partition.attachConsole();
  neighbour.start();
  partition.start();
  const { kind } = await partition.exited;
  expect(await neighbour.exited).toMatchObject({ kind: 'power-off', code: 0 });
  await partition.dispose();
  await console.closed;
  return { kind, text: console.text };
}

describe('kernels', () => {
  const cases: [string, Uint8Array, RegExp][] = [
    ['an empty file', new Uint8Array(0), /shorter than an image header/],
    ['a truncated header', imageHeader({}).subarray(0, 60), /shorter than an image header/],
    ['noise', noise(100_000), /not a RISC-V Linux Image/],
    ['an image larger than memory', imageHeader({ imageBytes: 1n << 40n }), /more memory than there is/],
    [
      'a text offset that wraps',
      imageHeader({ textOffset: 0xffff_ffff_ffff_f000n }),
      /more memory than there is/,
    ],
  ];
  for (const [index, [what, bytes, message]] of cases.entries()) {
    it(`refuses ${what}`, async () => {
      const kernel = file(`kernel${index}`, bytes);
      const { kind, text } = await runBesideNeighbour({ guest: { kind: 'linux', kernel }, memoryMib: 64 });
      expect(kind).toBe('machine-fault');
      expect(text).toMatch(message);
    });
  }

  it('refuses an initramfs that does not fit', async () => {
    const kernel = file('kernel-small', imageHeader({}));
    const initrd = sparse('initrd-large', 80 << 20);
    const { kind, text } = await runBesideNeighbour({
      guest: { kind: 'linux', kernel, initrd },
      memoryMib: 64,
    });
    expect(kind).toBe('machine-fault');
    expect(text).toMatch(/initramfs does not fit/);
  });

  it('survives a kernel of noise behind a good header', async () => {
    const bytes = noise(65_536, 7);
    bytes.set(imageHeader({ imageBytes: 65_536n }).subarray(0, 64));
    const kernel = file('kernel-noise', bytes);
    await using partition = await hypervisor.createPartition({
      guest: { kind: 'linux', kernel },
      memoryMib: 64,
    });
    partition.start();
    // Whatever it does, it does it to itself; a guest that spins in its own trap handler is stopped.
    const exit = await Promise.race([partition.exited, partition.stop()]);
    expect(['stopped', 'killed', 'machine-fault', 'power-off', 'guest-failure']).toContain(exit.kind);
  });
});

describe('ELF programs', () => {
  /** One segment at 0x80000000 that stores 1 to tohost, which is behind it. */
  function program(change: (view: DataView) => void): Uint8Array {
    const bytes = new Uint8Array(64 + 56 + 16);
    const view = new DataView(bytes.buffer);
    bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
    view.setUint16(16, 2, true);
    view.setUint16(18, 243, true);
    view.setBigUint64(24, 0x8000_0000n, true);
    view.setBigUint64(32, 64n, true);
    view.setUint16(54, 56, true);
    view.setUint16(56, 1, true);
    view.setUint16(58, 64, true);
    view.setUint32(64, 1, true);
    view.setBigUint64(72, 120n, true);
    view.setBigUint64(88, 0x8000_0000n, true);
    view.setBigUint64(96, 16n, true);
    view.setBigUint64(104, 16n, true);
    // lui t0, 0x100; lui t1, 0x5; addi t1, t1, 0x555; sw t1, 0(t0): the finisher's power-off
    for (const [index, word] of [0x0010_02b7, 0x0000_5337, 0x5553_0313, 0x0062_a023].entries()) {
      view.setUint32(120 + index * 4, word, true);
    }
    change(view);
    return bytes;
  }
  const run = (name: string, bytes: Uint8Array) =>
    runBesideNeighbour({ guest: { kind: 'bare-metal', elf: file(name, bytes) }, memoryMib: 16 });

  it('runs the good one', async () => {
    expect(
      (
        await run(
          'good.elf',
          program(() => {}),
        )
      ).kind,
    ).toBe('power-off');
  });

  const broken: [string, (view: DataView) => void, RegExp][] = [
    ['another machine', (view) => view.setUint16(18, 62, true), /not a little-endian RISC-V ELF64/],
    [
      'program headers outside',
      (view) => view.setBigUint64(32, 1n << 63n, true),
      /headers are outside the file/,
    ],
    ['many program headers', (view) => view.setUint16(56, 0xffff, true), /headers are outside the file/],
    [
      'a segment outside the file',
      (view) => view.setBigUint64(72, 0xffff_ffff_ffff_fff0n, true),
      /outside the file/,
    ],
    ['a segment below RAM', (view) => view.setBigUint64(88, 0x1000n, true), /does not fit into memory/],
    ['a segment that wraps', (view) => view.setBigUint64(104, 0xffff_ffff_ffff_ffffn, true), /does not fit/],
  ];
  for (const [what, change, message] of broken) {
    it(`refuses ${what}`, async () => {
      const { kind, text } = await run('broken.elf', program(change));
      expect(kind).toBe('machine-fault');
      expect(text).toMatch(message);
    });
  }

  it('stops at --max-instructions', async () => {
    const elf = file(
      'loop.elf',
      program((view) => view.setUint32(120, 0x0000_006f, true)),
    );
    const guest = { kind: 'bare-metal', elf, maxInstructions: 1_000_000n } as const;
    expect((await runBesideNeighbour({ guest, memoryMib: 16 })).kind).toBe('limit-reached');
  });

  it('looks around though a program does nothing but trap, which no limit of instructions counts', async () => {
    const elf = file(
      'trap.elf',
      program((view) => view.setUint32(120, 0, true)),
    );
    const guest = { kind: 'bare-metal', elf, maxInstructions: 100n } as const;
    await using partition = await hypervisor.createPartition({ guest, isolation: 'thread', memoryMib: 16 });
    partition.start();
    await delay(200);
    await partition.pause();
    expect(partition.state).toBe('paused');
  });
});

describe('arguments and files', () => {
  const hello = { kind: 'unikernel', module: wasm('hello') } as const;
  const create = (options: Partial<PartitionOptions>) =>
    hypervisor.createPartition({ guest: hello, ...options });

  it('names the file that cannot be used', async () => {
    await expect(create({ disks: [{ path: '/nonexistent.img' }] })).rejects.toMatchObject({
      code: 'FILE_UNREADABLE',
      message: expect.stringContaining('/nonexistent.img'),
    });
    await expect(create({ disks: [{ path: folder }] })).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
    const guest = { kind: 'linux', kernel: '/nonexistent' } as const;
    await expect(create({ guest })).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
  });

  it('refuses a disk that is in use and an overlay that is none', async () => {
    const path = sparse('shared.img', 1 << 20);
    await using _owner = await create({ disks: [{ path }] });
    await expect(create({ disks: [{ path }] })).rejects.toThrow(/VOLUME_LOCKED/);
    const overlay = file('noise.overlay', noise(8192));
    const base = sparse('base.img', 1 << 20);
    await expect(create({ disks: [{ path: base, overlay }] })).rejects.toThrow(/OVERLAY_MALFORMED/);
  });

  it.each([0, -1, 1.5, Number.NaN, 5000])('refuses %s MiB of memory', async (memoryMib) => {
    await expect(create({ memoryMib })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it('refuses boot arguments that are too long or that forge a line', async () => {
    for (const value of ['x'.repeat(5000), 'a\nmode=bare']) {
      await expect(create({ arguments: { key: value } })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    }
  });

  it('leaves nothing in the table after a refusal', async () => {
    await create({ memoryMib: -1 }).catch(() => {});
    await create({ disks: [{ path: '/nonexistent.img' }] }).catch(() => {});
    expect(hypervisor.partitions).toEqual([]);
  });
});

describe('guests that attack their devices', () => {
  const attack = (mode: string, count: number, disks: PartitionOptions['disks'] = []) =>
    runBesideNeighbour({
      guest: { kind: 'unikernel', module: join(installationTop, 'build/test-guests/hostile-guest.wasm') },
      arguments: { mode, count: String(count) },
      disks,
    });
  const residentMib = (): number => {
    const status = readFileSync(`/proc/${hypervisor.rootPid}/status`, 'utf8');
    return Number(status.match(/VmRSS:\s+(\d+)/)?.[1]) / 1024;
  };

  it('lets a guest write 1 GiB to a console that nobody reads, at no cost in memory', async () => {
    const before = residentMib();
    await using partition = await hypervisor.createPartition({
      guest: { kind: 'unikernel', module: join(installationTop, 'build/test-guests/hostile-guest.wasm') },
      arguments: { mode: 'flood-console', count: '1024' },
    });
    partition.start();
    expect(await partition.exited).toMatchObject({ kind: 'power-off' });
    const { root } = await partition.statistics();
    expect(root['console.outputBytes']).toBe(2 ** 30);
    expect(residentMib() - before).toBeLessThan(64);
  });

  it('counts and refuses a flood of meaningless hypercalls', async () => {
    expect((await attack('flood-hypercalls', 1_000_000)).kind).toBe('power-off');
  });

  it('survives a guest that closes its disk with requests under way', async () => {
    const path = sparse('unplugged.img', 1 << 20);
    expect((await attack('unplug', 40, [{ path }])).kind).toBe('power-off');
  });

  it('closes a channel whose ring is broken', async () => {
    const path = sparse('ring.img', 1 << 20);
    expect((await attack('break-ring', 1, [{ path }])).kind).toBe('power-off');
  });
});
