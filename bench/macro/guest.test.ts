// `npm run bench:guest` where there is nothing to measure: no images, no QEMU, no compiler. Needs `npm run build`.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';

const empty = mkdtempSync(join(tmpdir(), 'cofferdam-no-images-'));
const temporary = mkdtempSync(join(tmpdir(), 'cofferdam-temporary-'));
afterAll(() => {
  for (const folder of [empty, temporary]) rmSync(folder, { recursive: true, force: true });
});

const bench = (...words: string[]) => {
  const program = fileURLToPath(new URL('./guest.ts', import.meta.url));
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--no-warnings', program, ...words], {
    encoding: 'utf8',
    env: { PATH: empty, HOME: empty, XDG_CACHE_HOME: empty, TMPDIR: temporary },
    timeout: 60_000,
  });
  return { status, stdout, stderr };
};

describe('the guest benchmarks', () => {
  it('explain themselves', () => {
    expect(bench('--help')).toMatchObject({ status: 0, stderr: '' });
    expect(bench('--help').stdout).toContain('Examples:');
  });

  it('refuse what cannot be meant with status 2', () => {
    const { status, stdout, stderr } = bench('--samples', 'many');
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain('"many"');
  });

  it('refuse to leave out everything: each text of --only names a row', () => {
    for (const words of [['P1,P2'], ['P1', 'P5'], ['']]) {
      const { status, stdout, stderr } = bench(...words.flatMap((word) => ['--only', word]));
      expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
      expect(stderr).toContain(`got ${JSON.stringify(words.at(-1))}`);
    }
  });

  it('say what is missing, have status 1 when that is all, and leave nothing behind', () => {
    const { status, stdout, stderr } = bench('--json', '--only', 'P4', '--only', 'core', '--svg', 'no.svg');
    const { rows, skipped, machine, compiler } = JSON.parse(stdout);
    expect({ status, rows, compiler, qemu: machine.qemu }).toEqual({
      status: 1,
      rows: [],
      compiler: null,
      qemu: null,
    });
    expect(skipped.map(({ name }: { name: string }) => name)).toEqual([
      'core',
      'Debian, stock',
      'Debian, fast profile',
      'tiny kernel',
    ]);
    expect(skipped[3].reason).toContain('cofferdam image build linux-tiny');
    expect(stderr).toContain('qemu-system-riscv64 is not installed');
    expect(stderr).toContain('no.svg was not written');
    expect(readdirSync(temporary)).toEqual([]);
  });
});
