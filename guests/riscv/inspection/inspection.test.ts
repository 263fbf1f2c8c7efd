// A bare-metal program under `cofferdam run --time-profile --dump-unit`: what is said of the guest's translated code is
// what the program is. Needs `npm run build`.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { installationTop } from '../../../hypervisor/index.ts';
import { buildElf } from '../oracle/elf.ts';
import { Assembler } from '../oracle/generator/assembler.ts';
import * as e from '../oracle/generator/encoding.ts';
import { LOCAL_DOUBLES, LOCAL_NARROW0 } from '../translator/locals.ts';
import { leaveCounts, leavePlaces } from './leaves.ts';
import { localName, stateName } from './state-names.ts';
import { unitCode } from './unit-code.ts';

const BASE = 0x8000_0000;
const TOHOST = BASE + 0x1000;
const DATA = BASE + 0x2000;
const [S0, T0, T1, T2, A0] = [8, 5, 6, 7, 10];

const folder = mkdtempSync(join(tmpdir(), 'cofferdam-inspection-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A loop of five instructions, two million times round; then the end. @returns the file, and where the loop begins */
function loopingProgram(): { file: string; loop: number } {
  const asm = new Assembler();
  asm.loadAddress(S0, DATA);
  asm.word(e.lui(T0, 0x200), 'lui');
  const loop = asm.here;
  asm.word(e.ld(A0, S0, 16), 'ld');
  asm.word(e.add(T1, T1, A0), 'add');
  asm.word(e.addiw(T2, T2, 3), 'addiw');
  asm.word(e.addi(T0, T0, -1), 'addi');
  asm.word(e.bne(T0, 0, loop - asm.here), 'bne');
  asm.word(e.addi(3, 0, 1), 'addi');
  asm.loadAddress(30, TOHOST);
  const again = asm.here;
  asm.word(e.sw(3, 30, 0), 'sw');
  asm.word(e.sw(0, 30, 4), 'sw');
  asm.word(e.jal(0, again - asm.here), 'jal');
  const image = new Uint8Array(0x3000);
  image.set(asm.code.subarray(0, TOHOST - BASE));
  const file = join(folder, 'loop.elf');
  writeFileSync(file, buildElf(image, { tohost: TOHOST }));
  return { file, loop };
}

const cofferdam = (...words: string[]) =>
  spawnSync(process.execPath, [join(installationTop, 'root-partition/admin/cli/bin.mjs'), ...words], {
    encoding: 'utf8',
    input: '',
    timeout: 60_000,
  });

const hex = (address: number): string => address.toString(16).padStart(16, '0');

describe('looking into a guest', () => {
  const { file, loop } = loopingProgram();
  const run = (...words: string[]) => cofferdam('run', file, '--isolation', 'thread', ...words);
  const result = (...words: string[]) =>
    JSON.parse(
      run('--json', ...words)
        .stdout.trim()
        .split('\n')
        .at(-1) ?? '',
    );

  it("shows a unit's instructions, and beside each what it became", () => {
    const { unit } = result('--dump-unit', `0x${loop.toString(16)}`);
    expect(unit.dumps).toHaveLength(1);
    const [{ name, isInPlace, lines }] = unit.dumps;
    expect({ name, isInPlace }).toEqual({ name: `unit ${hex(loop)}`, isInPlace: true });
    const guest = lines
      .filter((line: string) => line.startsWith('00000000'))
      .map((line: string) => line.slice(0, 46).trimEnd());
    // What follows the loop may be in the unit, too.
    expect(guest.slice(0, 5)).toEqual([
      `${hex(loop)}  ld a0,16(s0)`,
      `${hex(loop + 4)}  add t1,t1,a0`,
      `${hex(loop + 8)}  addiw t2,t2,3`,
      `${hex(loop + 12)}  addi t0,t0,-1`,
      `${hex(loop + 16)}  bne t0,zero,0x${loop.toString(16)}`,
    ]);
    const beside = (text: string): string =>
      lines
        .find((line: string) => line.includes(text))
        ?.slice(46)
        .trim() ?? '';
    expect(beside('add t1,')).toMatch(/^local\.get.* i64\.add {2}local\.set \$t1$/);
    expect(beside('addiw t2,')).toMatch(/i32\.const 3 {2}i32\.add {2}local\.set \$t2\.low/);
    expect(beside('addi t0,')).toMatch(/^local\.get \$t0 {2}i64\.const -1 {2}i64\.add {2}local\.set \$t0$/);
    expect(lines.join('\n')).toMatch(/i64\.store offset=\d+ {2};; PC/);
  });

  it('says so where no unit begins, or no address was given', () => {
    expect(run('--quiet', '--dump-unit', '12345').stderr).toContain('no unit begins at 12345');
    const nonsense = run('--dump-unit', 'memset');
    expect(nonsense.status).toBe(2);
    expect(nonsense.stderr).toContain('memset');
  });

  it('tells where the time went, what the guest called for, and why units were left', () => {
    const symbols = join(folder, 'symbols');
    writeFileSync(symbols, `${hex(loop - 4)} T before\n${hex(loop + 64)} T behind\n`);
    const { profile } = result('--time-profile', '--symbols', symbols);
    expect(profile.shares.translated).toBeGreaterThan(0);
    expect(profile.units.map(({ symbol }: { symbol: string }) => symbol)).toContain('before+0x4');
    expect(profile.guestFunctions.map(({ name }: { name: string }) => name)).toEqual(['(user space)']);
    const published = profile.exits.find(({ cause }: { cause: string }) => cause === 'publish code');
    expect(published.times).toBeGreaterThan(0);
    const reasons = profile.leaves.map(({ reason }: { reason: string }) => reason);
    expect(reasons).toContain("the slice's end");
    expect(profile.leavePlaces[0]).toMatchObject({ address: hex(loop), instruction: 'ld a0,16(s0)' });
  });

  it('is for isolation level thread alone, and for what there is to look at', () => {
    for (const option of [['--time-profile'], ['--dump-unit', '80000000']]) {
      const refused = cofferdam('run', file, ...option);
      expect(refused.status).toBe(2);
      expect(refused.stderr).toContain('--isolation thread');
    }
    expect(cofferdam('run', 'hello', '--isolation', 'thread', '--dump-unit', '1').status).toBe(2);
    expect(run('--symbols', '/etc/hostname').status).toBe(2);
  });
});

describe('reading the machine from outside', () => {
  it('takes memory that says anything', () => {
    const noise = new Uint8Array(0x100000).fill(0xff);
    expect(unitCode(noise, 1024, 0n)).toBeUndefined();
    expect(unitCode(noise, 7, 0n)).toBeUndefined();
    expect(leavePlaces(noise)[0]?.reason).toBe('reason 4294967295');
    expect(leaveCounts(new Uint8Array(0x100000))).toEqual([]);
  });

  it('names registers and words of state', () => {
    expect(
      [0, 3, 4, 13, 34, 35, LOCAL_NARROW0 + 1, LOCAL_NARROW0 + 31, LOCAL_DOUBLES].map(localName),
    ).toEqual(['$left', '$pageBase', '$ra', '$a0', '$t6', '$35', '$ra.low', '$t6.low', `$${LOCAL_DOUBLES}`]);
    expect([0x10008, 0x10108, 0x10230, 0x3400048].map(stateName)).toEqual(['ra', 'f1', 'PC', 'site 2+8']);
    expect(stateName(1)).toBeUndefined();
  });
});
