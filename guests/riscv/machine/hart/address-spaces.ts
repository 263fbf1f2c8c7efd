// Address spaces: the last few values of satp whose translations are kept, so that a guest that tells its processes apart by
// ASIDs finds them again when it comes back to one (RISC-V Privileged 20241101, §12.1.11, §12.2.1). A space is known by
// all of satp, ASID and root: to what software leaves unfenced this does less than it might.
import { EMPTY_TLB, SUPERPAGE_FILTER, SUPERPAGE_FILTER_BYTES, TLB_BYTES } from '../memory/layout.ts';
import { clearJumps, flushJumps } from './jump-cache.ts';
import { isSuperpageNoted } from './page-walk.ts';
import { flushAllSites, flushBoundSites } from './site-tlb.ts';
import { FENCED, NEXT_SPACE, SATP, SPACE, SPACES, SUPERVISOR_LOCAL } from './state.ts';
import {
  BANK_MACHINE,
  BANK_SUPERVISOR,
  BANK_USER,
  BANK_USER_DATA,
  contextChanged,
  dropPage,
  emptyBank,
  SPACE_COUNT,
} from './tlb.ts';

const NO_SPACE: u64 = u64.MAX_VALUE;

function satpOf(space: u32): usize {
  return SPACES + ((<usize>space) << 3);
}

function asidOf(satp: u64): u32 {
  return <u32>(satp >> 44) & 0xffff;
}

function emptyBankAndJumps(bank: u32): void {
  emptyBank(bank);
  flushJumps(bank);
}

function emptySpace(space: u32): void {
  emptyBankAndJumps(BANK_USER + space);
  emptyBankAndJumps(BANK_USER_DATA + space);
}

function emptySupervisor(): void {
  emptyBankAndJumps(BANK_SUPERVISOR);
  store<u32>(SUPERVISOR_LOCAL, 0);
}

/** Drops, outside of the spaces' banks, what does not hold in all of them. */
function flushLocal(): void {
  if (load<u32>(SUPERVISOR_LOCAL)) {
    emptySupervisor();
    flushAllSites();
  } else flushBoundSites();
}

/** satp has changed: the space that it stands for becomes the current one. */
export function enterSpace(): void {
  const satp = load<u64>(SATP);
  let space: u32 = 0;
  while (space < SPACE_COUNT && load<u64>(satpOf(space)) != satp) space++;
  if (space == SPACE_COUNT) {
    space = load<u32>(NEXT_SPACE);
    store<u32>(NEXT_SPACE, (space + 1) % SPACE_COUNT);
    store<u64>(satpOf(space), satp);
    emptySpace(space);
  }
  store<u32>(SPACE, space);
  flushLocal();
  store<u32>(FENCED, 1);
  contextChanged();
}

/** Empties everything: PMP or MXR changed, or a fence for all. */
export function flushTranslations(): void {
  emptyBankAndJumps(BANK_MACHINE);
  emptySupervisor();
  for (let space: u32 = 0; space < SPACE_COUNT; space++) giveUp(space);
  memory.fill(SUPERPAGE_FILTER, 0, SUPERPAGE_FILTER_BYTES);
  flushAllSites();
  store<u32>(FENCED, 1);
}

/** Empties a space, or, if it is not the current one, only forgets it: it is emptied when its place is taken. */
function giveUp(space: u32): void {
  if (space == load<u32>(SPACE)) emptySpace(space);
  else store<u64>(satpOf(space), NO_SPACE);
}

/** A fence for all addresses in spaces with an ASID. */
export function flushSpaces(asid: u32): void {
  for (let space: u32 = 0; space < SPACE_COUNT; space++) {
    const satp = load<u64>(satpOf(space));
    if (satp != NO_SPACE && asidOf(satp) == asid) giveUp(space);
  }
  flushLocal();
  store<u32>(FENCED, 1);
}

/** A fence for the page of `va`, in spaces with an ASID, or in all for -1. */
export function flushPage(va: u64, asid: i32): void {
  if (isSuperpageNoted(va)) {
    flushTranslations();
    return;
  }
  let isChanged = dropPageAndJumps(BANK_SUPERVISOR, va);
  if (isChanged) flushAllSites();
  for (let space: u32 = 0; space < SPACE_COUNT; space++) {
    const satp = load<u64>(satpOf(space));
    if (satp == NO_SPACE || (asid >= 0 && asidOf(satp) != <u32>asid)) continue;
    const isUserChanged = dropPageAndJumps(BANK_USER + space, va);
    if (dropPageAndJumps(BANK_USER_DATA + space, va) || isUserChanged) isChanged = true;
  }
  if (!isChanged) return;
  flushBoundSites();
  store<u32>(FENCED, 1);
}

function dropPageAndJumps(bank: u32, va: u64): bool {
  if (!dropPage(bank, va)) return false;
  flushJumps(bank);
  return true;
}

/** As after power-on; single steps, which see every store, have a write TLB that stays empty. */
export function clearTranslations(): void {
  memory.fill(EMPTY_TLB, 0xff, TLB_BYTES);
  for (let space: u32 = 0; space < SPACE_COUNT; space++) store<u64>(satpOf(space), NO_SPACE);
  clearJumps();
  flushTranslations();
  enterSpace();
}
