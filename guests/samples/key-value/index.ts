// A key-value store on disk0 that survives a restart. Counts its own starts, then takes commands from the console:
// `set KEY VALUE`, `get KEY`, `quit`; with the boot argument commands=none it only counts.
import {
  HV_EXIT_GUEST_FAILURE,
  HV_EXIT_POWER_OFF,
  HV_VP_HALTED,
} from '../../../hypervisor/abi/hypercalls.ts';
import { bootArgumentIs, readBootArguments } from '../../lib/boot-arguments.ts';
import { consoleOpen, consoleRead, consoleWrite } from '../../lib/console.ts';
import { exitPartition } from '../../lib/hypercalls.ts';
import { allocatePages } from '../../lib/memory-pages.ts';
import { storageOpen } from '../../lib/storage.ts';
import { KeyValueStore } from './store.ts';

const LINE_BYTES: u32 = 4096;

/** Carries out one command; false for `quit`. */
function obey(entries: KeyValueStore, console: usize, line: string): bool {
  const words = line.trim().split(' ');
  if (words[0] == 'quit') return false;
  if (words[0] == 'get' && words.length == 2) {
    const value = entries.find(words[1]);
    consoleWrite(console, value === null ? '(nothing)\n' : `${value}\n`);
  } else if (words[0] == 'set' && words.length >= 3) {
    const isKept = entries.put(words[1], words.slice(2).join(' '));
    consoleWrite(console, isKept ? 'kept\n' : 'not kept: too long, or the disk is full\n');
  } else {
    consoleWrite(console, 'set KEY VALUE | get KEY | quit\n');
  }
  return true;
}

function serve(entries: KeyValueStore, console: usize): void {
  const buffer = heap.alloc(LINE_BYTES);
  let pending = '';
  for (;;) {
    pending += String.UTF8.decodeUnsafe(buffer, consoleRead(console, buffer, LINE_BYTES));
    for (let end = pending.indexOf('\n'); end >= 0; end = pending.indexOf('\n')) {
      const line = pending.slice(0, end);
      pending = pending.slice(end + 1);
      if (!obey(entries, console, line)) return;
    }
  }
}

export function run(_vpIndex: i32, _budget: i32): i32 {
  const console = consoleOpen();
  const volume = storageOpen('disk0');
  if (volume == 0) {
    consoleWrite(console, 'no disk0: give one with --disk\n');
    exitPartition(HV_EXIT_GUEST_FAILURE, 1);
    return HV_VP_HALTED;
  }
  const entries = new KeyValueStore(volume);
  const before = entries.find('starts');
  const starts = before === null ? 1 : I32.parseInt(before) + 1;
  entries.put('starts', starts.toString());
  consoleWrite(console, `start ${starts}, ${entries.length} records\n`);
  const page = allocatePages(1);
  const isInteractive = !readBootArguments(page) || !bootArgumentIs(page, 'commands', 'none');
  if (isInteractive) serve(entries, console);
  exitPartition(HV_EXIT_POWER_OFF, 0);
  return HV_VP_HALTED;
}
