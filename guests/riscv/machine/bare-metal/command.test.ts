// Bare-metal programs through `cofferdam run FILE.elf`, as foreign instruction-set suites use it: exit statuses, console,
// trace, signature, limit, and files that cannot be run. Needs `npm run build`.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { installationTop } from '../../../../hypervisor/index.ts';
import { buildElf } from '../../oracle/elf.ts';
import { Assembler } from '../../oracle/generator/assembler.ts';
import { CSR } from '../../oracle/generator/csr-names.ts';
import * as e from '../../oracle/generator/encoding.ts';

const BASE = 0x8000_0000;
const TOHOST = BASE + 0x1000;
const DATA = BASE + 0x2000;
const IMAGE_BYTES = 0x3000;
/** lui's operand for the CLINT's mtimecmp. */
const MTIMECMP = 0x2004;
const [PASS, GUEST_FAILURE, LIMIT, MACHINE_FAULT, REFUSED] = [0, 1, 3, 4, 6];

const folder = mkdtempSync(join(tmpdir(), 'cofferdam-bare-metal-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const file = (name: string): string => join(folder, name);

function runFile(program: Uint8Array, ...options: string[]) {
  writeFileSync(file('program.elf'), program);
  const command = join(installationTop, 'root-partition/admin/cli/bin.mjs');
  const words = [command, 'run', file('program.elf'), '--quiet', ...options];
  const { status, stdout, stderr } = spawnSync(process.execPath, words, {
    encoding: 'utf8',
    input: '',
    timeout: 60_000,
  });
  return { status, stdout, stderr };
}

interface ProgramOptions {
  symbols?: Record<string, number>;
  data?: Uint8Array;
}

/** An ELF file of what `write` assembles at 0x8000_0000. */
function assemble(write: (asm: Assembler) => void, options: ProgramOptions = {}): Uint8Array {
  const asm = new Assembler();
  write(asm);
  const image = new Uint8Array(IMAGE_BYTES);
  image.set(asm.code.subarray(0, TOHOST - BASE));
  image.set(options.data ?? [], DATA - BASE);
  return buildElf(image, { tohost: TOHOST, ...options.symbols });
}

/** Writes tohost the way riscv-tests do, in two words, for ever. */
function emitEnd(asm: Assembler, value: number): void {
  asm.word(e.addi(3, 0, value), 'addi');
  const again = asm.here;
  asm.loadAddress(30, TOHOST);
  asm.word(e.sw(3, 30, 0), 'sw');
  asm.word(e.sw(0, 30, 4), 'sw');
  asm.word(e.jal(0, again - asm.here), 'jal');
}

const ending = (value: number): Uint8Array => assemble((asm) => emitEnd(asm, value));
const endless = assemble((asm) => asm.word(e.jal(0, 0), 'jal'));

describe('a bare-metal program', () => {
  it('passes and fails by what it writes to tohost', () => {
    expect(runFile(ending(1))).toEqual({ status: PASS, stdout: '', stderr: '' });
    const failed = runFile(ending((5 << 1) | 1));
    expect(failed.status).toBe(GUEST_FAILURE);
    expect(failed.stderr).toContain('5');
  });

  it('prints through tohost', () => {
    const program = assemble((asm) => {
      asm.word(e.addi(5, 0, 0x101), 'addi');
      asm.word(e.slli(5, 5, 48), 'slli');
      asm.loadAddress(30, TOHOST);
      for (const character of 'Hi!\n') {
        asm.word(e.typeI(0x13, 6)(6, 5, character.charCodeAt(0)), 'ori');
        asm.word(e.sd(6, 30, 0), 'sd');
      }
      emitEnd(asm, 1);
    });
    expect(runFile(program)).toEqual({ status: PASS, stdout: 'Hi!\n', stderr: '' });
  });

  it('stops at exactly the limit of instructions', () => {
    expect(runFile(endless, '--max-instructions', '1000').status).toBe(LIMIT);
    // addi, auipc, addi and the store are four: after three the program has not ended itself.
    expect(runFile(ending(1), '--max-instructions', '4').status).toBe(PASS);
    expect(runFile(ending(1), '--max-instructions', '3').status).toBe(LIMIT);
    const trace = file('limit.trace');
    expect(runFile(endless, '--max-instructions', '777', '--trace', trace).status).toBe(LIMIT);
    expect(readFileSync(trace, 'utf8').split('\n').length).toBe(777 + 1);
  });

  it('finds memory protection open, triggers absent and counters writable, as suites expect at reset', () => {
    const program = assemble((asm) => {
      const fail = (value: number): void => {
        asm.word(e.beq(5, 6, 20), 'beq');
        asm.word(e.addi(3, 0, value), 'addi');
        asm.loadAddress(30, TOHOST);
        asm.word(e.sw(3, 30, 0), 'sw');
      };
      asm.word(e.csrrw(0, 0, 0x7a0), 'csrrw tselect');
      asm.word(e.csrrs(5, 0, 0x7a1), 'csrrs tdata1');
      asm.word(e.addi(6, 0, 0), 'addi');
      fail(3);
      asm.word(e.csrrwi(0, 0, CSR.minstret), 'csrrwi minstret');
      asm.word(e.csrrs(5, 0, CSR.minstret), 'csrrs minstret');
      fail(5);
      // To U mode, where the whole of memory must be open; its call comes back to the end.
      asm.word(e.auipc(7, 0), 'auipc');
      asm.word(e.addi(7, 7, 24), 'addi');
      asm.word(e.csrrw(0, 7, CSR.mepc), 'csrrw mepc');
      asm.word(e.addi(8, 7, 4), 'addi');
      asm.word(e.csrrw(0, 8, CSR.mtvec), 'csrrw mtvec');
      asm.word(e.MRET, 'mret');
      asm.word(e.ECALL, 'ecall');
      asm.word(e.csrrs(5, 0, CSR.mcause), 'csrrs mcause');
      asm.word(e.addi(6, 0, 8), 'addi');
      fail(7);
      emitEnd(asm, 1);
    });
    expect(runFile(program)).toEqual({ status: PASS, stdout: '', stderr: '' });
  });
});

describe('--trace', () => {
  it('writes a line for each instruction: registers written, stores, traps', () => {
    const handler = BASE + 0x40;
    const program = assemble((asm) => {
      asm.word(e.addi(5, 0, 7), 'addi');
      asm.word(e.addi(5, 5, 0), 'addi');
      asm.word(e.auipc(6, 2), 'auipc');
      asm.word(e.sd(5, 6, 0), 'sd');
      asm.word(e.lw(7, 6, 0), 'lw');
      asm.word(e.lui(8, 6), 'lui');
      asm.word(e.csrrs(0, 8, CSR.mstatus), 'csrrs');
      asm.word(e.typeR(0x53, 0, 0x79)(1, 5, 0), 'fmv.d.x');
      asm.half(0x440d, 'c.li');
      asm.word(e.csrrw(9, 5, CSR.mscratch), 'csrrw');
      asm.half(0x0001, 'c.nop');
      asm.word(e.auipc(10, 0), 'auipc');
      asm.word(e.addi(10, 10, handler - asm.here + 4), 'addi');
      asm.word(e.csrrw(0, 10, CSR.mtvec), 'csrrw');
      asm.word(e.ECALL, 'ecall');
      asm.moveTo(handler);
      emitEnd(asm, 1);
    });
    expect(runFile(program, '--trace', file('trace')).status).toBe(PASS);
    expect(readFileSync(file('trace'), 'utf8').split('\n')).toEqual([
      '0000000080000000 00700293 x5=0000000000000007',
      '0000000080000004 00028293 x5=0000000000000007',
      '0000000080000008 00002317 x6=0000000080002008',
      '000000008000000c 00533023 mem[0000000080002008]=0000000000000007',
      '0000000080000010 00032383 x7=0000000000000007',
      '0000000080000014 00006437 x8=0000000000006000',
      '0000000080000018 30042073',
      '000000008000001c f20280d3 f1=0000000000000007',
      '0000000080000020 440d x8=0000000000000003',
      '0000000080000022 340294f3 x9=0000000000000000',
      '0000000080000026 0001',
      '0000000080000028 00000517 x10=0000000080000028',
      '000000008000002c 01850513 x10=0000000080000040',
      '0000000080000030 30551073',
      '0000000080000034 00000073 trap cause=000000000000000b tval=0000000000000000',
      '0000000080000040 00100193 x3=0000000000000001',
      '0000000080000044 00001f17 x30=0000000080001044',
      '0000000080000048 fbcf0f13 x30=0000000080001000',
      '000000008000004c 003f2023 mem[0000000080001000]=00000001',
      '',
    ]);
  });

  it('goes on behind a wait whose timer is taken back', () => {
    const handler = BASE + 0x80;
    const program = assemble((asm) => {
      asm.loadAddress(5, handler);
      asm.word(e.csrrw(0, 5, CSR.mtvec), 'csrrw mtvec');
      asm.word(e.addi(5, 0, 0x80), 'addi');
      asm.word(e.csrrw(0, 5, CSR.mie), 'csrrw mie');
      asm.word(e.csrrsi(0, 8, CSR.mstatus), 'csrrsi mstatus');
      asm.word(e.lui(6, MTIMECMP), 'lui');
      asm.word(e.csrrs(5, 0, CSR.time), 'csrrs time');
      // 26 ms.
      asm.word(e.lui(7, 64), 'lui');
      asm.word(e.add(5, 5, 7), 'add');
      asm.word(e.sd(5, 6, 0), 'sd');
      const wait = asm.here;
      asm.word(e.WFI, 'wfi');
      asm.word(e.jal(0, wait - asm.here), 'jal');
      asm.moveTo(handler);
      asm.word(e.addi(5, 0, -1), 'addi');
      asm.word(e.sd(5, 6, 0), 'sd');
      asm.word(e.addi(7, 0, 2000), 'addi');
      asm.word(e.addi(7, 7, -1), 'addi');
      asm.word(e.bne(7, 0, -4), 'bne');
      emitEnd(asm, 1);
    });
    expect(runFile(program, '--trace', file('wait.trace')).status).toBe(PASS);
    expect(readFileSync(file('wait.trace'), 'utf8')).toContain('trap cause=8000000000000007');
  });
});

describe('--signature', () => {
  const data = Uint8Array.from({ length: 23 }, (_, index) => 0x10 + index);
  const symbols = { begin_signature: DATA, end_signature: DATA + data.length };
  const program = assemble((asm) => emitEnd(asm, 1), { symbols, data });

  it.each([
    [[], ['13121110', '17161514', '1b1a1918', '1f1e1d1c', '23222120', '']],
    [
      ['--signature-granularity', '8'],
      ['1716151413121110', '1f1e1d1c1b1a1918', ''],
    ],
  ] as [string[], string[]][])('writes whole words %j', (options, lines) => {
    expect(runFile(program, '--signature', file('signature'), ...options).status).toBe(PASS);
    expect(readFileSync(file('signature'), 'utf8').split('\n')).toEqual(lines);
  });

  it('is written when the program failed, too', () => {
    const failing = assemble((asm) => emitEnd(asm, 3), { symbols, data });
    expect(runFile(failing, '--signature', file('signature')).status).toBe(GUEST_FAILURE);
    expect(readFileSync(file('signature'), 'utf8')).toMatch(/^13121110\n/);
  });

  it.each([
    ['no symbols', {}],
    ['an end before the begin', { begin_signature: DATA + 8, end_signature: DATA }],
    ['symbols outside of memory', { begin_signature: 0x1000, end_signature: 0x2000 }],
  ])('is refused for %s', (_name, wrong) => {
    const answer = runFile(
      assemble((asm) => emitEnd(asm, 1), { symbols: wrong }),
      '--signature',
      file('none'),
    );
    expect(answer.status).toBe(MACHINE_FAULT);
    expect(answer.stdout).toContain('begin_signature and end_signature name no memory');
  });
});

describe('an ELF file that cannot run', () => {
  const changed = (at: number, ...bytes: number[]): Uint8Array => {
    const program = ending(1);
    program.set(bytes, at);
    return program;
  };

  it.each([
    ['32-bit', changed(4, 1)],
    ['big-endian', changed(5, 2)],
    ['for another processor', changed(18, 62)],
    ['cut off in its header', ending(1).subarray(0, 40)],
    ['cut off in its segment', ending(1).subarray(0, 0x1800)],
    ['with a segment outside of memory', changed(64 + 24, 0, 0, 0, 0x10)],
    ['with a segment of 2^63 bytes', changed(64 + 47, 0x80)],
  ])('is refused: %s', (_name, program) => {
    const { status, stdout, stderr } = runFile(program);
    expect([MACHINE_FAULT, REFUSED]).toContain(status);
    expect(stdout + stderr).toMatch(/cannot start|not an? |ELF/);
  });
});
