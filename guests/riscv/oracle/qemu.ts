// Runs a random program on Debian's QEMU, one instruction per record of its trace; guest memory is a file of ours.
import { spawn, spawnSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync, writeFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildElf } from './elf.ts';
import { IMAGE_BYTES, RAM_BYTES } from './generator/memory-layout.ts';
import type { Program } from './generator/program.ts';
import { QemuTraceReader } from './qemu-trace.ts';
import { fieldValue, hex, type State } from './state.ts';

const QEMU = 'qemu-system-riscv64';
const SILENCE_MS = 20_000;
/** What Cofferdam's machine lacks is turned off, and identification registers read as zero. */
const CPU =
  'rv64,h=false,v=false,debug=false,pmu-num=0,marchid=0,mimpid=0,zba=false,zbb=false,zbc=false,zbs=false';

/** The error to throw where QEMU is missing: the oracle is a requirement, not an option. */
export function requireQemu(): string {
  const found = spawnSync(QEMU, ['--version'], { encoding: 'utf8' });
  if (found.status !== 0)
    throw new Error(`${QEMU} is needed as the oracle; install it: apt-get install -y qemu-system-misc`);
  return found.stdout.split('\n')[0] ?? '';
}

/** Runs the program; `onState` sees the state before each instruction and returns false to end the run. Returns the
 *  image's memory at the end. */
export async function runOnQemu(program: Program, onState: (state: State) => boolean): Promise<Uint8Array> {
  const folder = mkdtempSync(join(tmpdir(), 'cofferdam-oracle-'));
  try {
    await traceQemu(program, folder, onState);
    return readStart(join(folder, 'memory'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function readStart(file: string): Uint8Array {
  const bytes = new Uint8Array(IMAGE_BYTES);
  const handle = openSync(file, 'r');
  readSync(handle, bytes, 0, IMAGE_BYTES, 0);
  closeSync(handle);
  return bytes;
}

/** The trace comes through a FIFO: to a file QEMU writes in blocks, to its standard error line by line. */
function openTrace(folder: string): { path: string; stream: Socket } {
  const path = join(folder, 'trace');
  const made = spawnSync('mkfifo', [path], { encoding: 'utf8' });
  if (made.status !== 0) throw new Error(`mkfifo failed: ${made.stderr}`);
  // Open for writing, too, so that opening does not wait for QEMU and the end of QEMU is not an end of file.
  return {
    path,
    stream: new Socket({ fd: openSync(path, constants.O_RDWR | constants.O_NONBLOCK), readable: true }),
  };
}

function qemuArguments(elf: string, memory: string, trace: string): string[] {
  const backend = `memory-backend-file,id=ram,size=${RAM_BYTES},mem-path=${memory},share=on`;
  const machine = ['-machine', 'virt,memory-backend=ram', '-object', backend, '-m', `${RAM_BYTES >> 20}M`];
  // Time passes with instructions: 64 ns each, without which no seed would give the same run twice.
  const clock = ['-icount', 'shift=6,sleep=off'];
  const log = ['-singlestep', '-d', 'cpu,fpu,nochain', '-D', trace];
  const quiet = [
    '-bios',
    'none',
    '-display',
    'none',
    '-serial',
    'none',
    '-monitor',
    'none',
    '-parallel',
    'none',
  ];
  return [...machine, ...clock, ...quiet, ...log, '-cpu', CPU, '-kernel', elf];
}

function traceQemu(program: Program, folder: string, onState: (state: State) => boolean): Promise<void> {
  const elf = join(folder, 'program.elf');
  writeFileSync(elf, buildElf(program.image));
  const { path, stream } = openTrace(folder);
  const qemu = spawn(QEMU, qemuArguments(elf, join(folder, 'memory'), path), {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const reader = new QemuTraceReader(onState);
  let complaints = '';
  qemu.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaints += text;
  });
  return new Promise((resolve, reject) => {
    let failure: unknown;
    let ended = false;
    const end = (): void => {
      ended = true;
      clearTimeout(silence);
      qemu.kill('SIGKILL');
    };
    // A guest that waits for an interrupt which never comes prints nothing any more.
    const silence = setTimeout(() => {
      failure = new Error(`QEMU fell silent at pc ${hex(fieldValue(reader.state, 0))}`);
      end();
    }, SILENCE_MS);
    stream.on('data', (chunk: Buffer) => {
      if (ended) return;
      silence.refresh();
      try {
        if (!reader.feed(chunk)) end();
      } catch (error) {
        failure = error;
        end();
      }
    });
    qemu.on('error', reject);
    process.once('exit', end);
    qemu.on('close', () => {
      process.off('exit', end);
      clearTimeout(silence);
      stream.destroy();
      if (failure !== undefined) reject(failure);
      else if (!ended) reject(new Error(`QEMU stopped early: ${complaints}${reader.rest}`));
      else resolve();
    });
  });
}
