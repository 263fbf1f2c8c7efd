// Small programs on both engines: written with the oracle's assembler, run to their end.
import { expect } from 'vitest';
import type { BareMachine } from '../../machine/testing/bare-host.ts';
import { Assembler } from '../../oracle/generator/assembler.ts';
import * as e from '../../oracle/generator/encoding.ts';

export const BASE = 0x8000_0000;
/** The 64 double words that are compared. */
export const DATA = BASE + 0x2000;
/** Heat at which code is translated. */
export const [FROM_THE_START, NEVER] = [1, 0];
const UNITS_MADE = 0x102a4;

export type Program = (asm: Assembler) => void;

export interface Result {
  registers: bigint[];
  retired: bigint;
  data: bigint[];
  units: number;
}

export const unitsMade = (machine: BareMachine): number => machine.view.getUint32(UNITS_MADE, true);

/** Runs a program to its end, where it waits for an interrupt that never comes. */
export function run(machine: BareMachine, program: Program, heat: number): Result {
  const asm = new Assembler();
  program(asm);
  asm.word(e.WFI, 'wfi');
  const end = BigInt(asm.here);
  asm.word(e.jal(0, 0), 'jal');
  machine.translateFrom(heat);
  machine.loadBytes(BigInt(BASE), new Uint8Array(0x4000));
  machine.loadBytes(BigInt(BASE), asm.code.subarray(0, asm.here - BASE));
  machine.reset(BigInt(BASE), { mode: 3 });
  for (let register = 1; register < 32; register++) machine.setX(register, 0n);
  const [retired, units] = [machine.retired, unitsMade(machine)];
  for (let runs = 0; machine.pc !== end && runs < 100_000; runs++) machine.run(100);
  expect(machine.pc).toBe(end);
  return {
    registers: Array.from({ length: 32 }, (_, register) => machine.x(register)),
    retired: machine.retired - retired,
    data: Array.from({ length: 64 }, (_, index) => machine.read(BigInt(DATA + 8 * index), 8)),
    units: unitsMade(machine) - units,
  };
}

/** The same on the interpreter and, in at least so many units, on the translator. */
export function sameOnBoth(machine: BareMachine, program: Program, leastUnits = 1): Result {
  const interpreted = run(machine, program, NEVER);
  const translated = run(machine, program, FROM_THE_START);
  expect(interpreted.units).toBe(0);
  expect(translated.units).toBeGreaterThanOrEqual(leastUnits);
  expect({ ...translated, units: 0 }).toEqual(interpreted);
  return translated;
}

/** A loop of `count` rounds in register 5 around a body. */
export function loop(asm: Assembler, count: number, body: () => void): void {
  asm.loadConstant(5, BigInt(count));
  const top = asm.here;
  body();
  asm.word(e.addi(5, 5, -1), 'addi');
  asm.word(e.bne(5, 0, top - asm.here), 'bne');
}

/** Installs a handler that goes on behind what faults, and counts in x20. */
export function skipFaults(asm: Assembler): void {
  const jump = asm.here;
  asm.word(0, 'jal');
  asm.moveTo(BASE + 0x40);
  asm.word(e.addi(20, 20, 1), 'addi');
  asm.word(e.csrrs(21, 0, 0x341), 'csrrs mepc');
  asm.word(e.addi(21, 21, 4), 'addi');
  asm.word(e.csrrw(0, 21, 0x341), 'csrrw mepc');
  asm.word(e.MRET, 'mret');
  asm.patchWord(jump, e.jal(0, asm.here - jump));
  asm.loadAddress(6, BASE + 0x40);
  asm.word(e.csrrw(0, 6, 0x305), 'csrrw mtvec');
}
