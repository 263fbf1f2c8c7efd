// The part of a program's address space whose mapping it changes while it runs: 4 KiB pages of functions and of scratch,
// superpages of 2 MiB and one of 1 GiB. Both trees have tables of their own for it, so that address spaces differ here.
// (RISC-V Privileged 20240411 §12.3–12.5.)
import {
  CHANGING_BASE,
  CHANGING_FUNCTIONS,
  CHANGING_GIGAPAGE,
  CHANGING_SCRATCH,
  CHANGING_SUPERPAGES,
  CODE_BASE,
  FUNCTION_PAGES,
  FUNCTIONS_BASE,
  PAGE_TABLES_BASE,
  SCRATCH_BASE,
  SCRATCH_BYTES,
  SCRATCH_PAGES,
} from './memory-layout.ts';
import type { Random } from './random.ts';

const [V, R, W, X, U, A, D] = [1n, 2n, 4n, 8n, 16n, 64n, 128n];
/** Bits of an entry's page number: to the next 4 KiB page, to the page after that, to the next superpage. */
const [NEXT_PAGE, NEXT_BUT_ONE, NEXT_SUPERPAGE] = [1n << 10n, 1n << 11n, 1n << 19n];
const SUPERPAGE_BYTES = 2 << 20;

/** Tables of tree 0 or 1. */
export const changingMiddle = (tree: number): number => PAGE_TABLES_BASE + (10 + 2 * tree) * 4096;
export const changingLeaves = (tree: number): number => PAGE_TABLES_BASE + (11 + 2 * tree) * 4096;
export const CHANGING_ROOT_INDEX = CHANGING_BASE / 2 ** 30;
export const GIGAPAGE_ROOT_INDEX = Number(CHANGING_GIGAPAGE >> 30n);

/** What an entry maps; `superpage` maps scratch at its place in the image. */
export type ChangingKind = 'functions' | 'scratch' | 'superpage' | 'gigapage';

export interface ChangingPage {
  kind: ChangingKind;
  /** Virtual address of the page. */
  address: bigint;
  /** Physical address of its entry; the gigapage's is in the root of tree 0, which the caller knows. */
  entry: number | undefined;
}

const some = (random: Random, bit: bigint, probability: number): bigint =>
  random.chance(probability) ? bit : 0n;
const leaf = (address: number, flags: bigint): bigint => (BigInt(address >>> 12) << 10n) | flags | V;

/** No entry here is global, since the trees differ; none for data is both executable and the user's (legal-differences.ts). */
function functionLeaf(random: Random): bigint {
  const permissions = random.weighted([
    [8, R | X],
    [4, X],
    [3, R | W | X],
    [1, R | W],
  ]);
  const page = FUNCTIONS_BASE + random.below(FUNCTION_PAGES) * 4096;
  return leaf(page, permissions | some(random, U, 0.3) | some(random, A, 0.7));
}

function dataLeaf(random: Random, address: number): bigint {
  const permissions = random.weighted([
    [8, R | W],
    [3, R],
    [1, X],
  ]);
  const user = permissions === X ? 0n : some(random, U, 0.3);
  return leaf(address, permissions | user | some(random, A, 0.7) | some(random, D, 0.6));
}

/** The entries of a tree as pairs of their address and their value. */
export function changingEntries(random: Random, tree: number): [address: number, entry: bigint][] {
  const [middle, leaves] = [changingMiddle(tree), changingLeaves(tree)];
  const entries: [number, bigint][] = [[middle, (BigInt(leaves >>> 12) << 10n) | V]];
  for (let index = 0; index < CHANGING_FUNCTIONS; index++)
    entries.push([leaves + 8 * index, functionLeaf(random)]);
  for (let index = CHANGING_FUNCTIONS; index < CHANGING_FUNCTIONS + CHANGING_SCRATCH; index++) {
    const address = SCRATCH_BASE + random.below(SCRATCH_PAGES) * 4096;
    entries.push([leaves + 8 * index, dataLeaf(random, address)]);
  }
  for (let index = 1; index <= CHANGING_SUPERPAGES; index++)
    entries.push([middle + 8 * index, dataLeaf(random, CODE_BASE)]);
  return entries;
}

/** The 1 GiB entry in a root. */
export const gigapageLeaf = (random: Random): bigint => dataLeaf(random, CODE_BASE);

/** A page of a kind in tree 0. */
export function randomChangingPage(random: Random, kind: ChangingKind): ChangingPage {
  const base = BigInt(CHANGING_BASE);
  if (kind === 'gigapage') return { kind, address: CHANGING_GIGAPAGE, entry: undefined };
  if (kind === 'superpage') {
    const index = 1 + random.below(CHANGING_SUPERPAGES);
    return { kind, address: base + BigInt(index * SUPERPAGE_BYTES), entry: changingMiddle(0) + 8 * index };
  }
  // The last page of functions has no other behind it into which instructions could cross.
  const index =
    kind === 'functions'
      ? random.below(CHANGING_FUNCTIONS - 1)
      : CHANGING_FUNCTIONS + random.below(CHANGING_SCRATCH);
  return { kind, address: base + BigInt(index * 4096), entry: changingLeaves(0) + 8 * index };
}

/** Bits of an entry to be flipped again and again: where it leads, or what it permits. */
export function randomFlip(random: Random, kind: ChangingKind): bigint {
  const isCode = kind === 'functions';
  const elsewhere = isCode
    ? random.pick([NEXT_PAGE, NEXT_BUT_ONE, NEXT_PAGE | NEXT_BUT_ONE])
    : kind === 'superpage'
      ? NEXT_SUPERPAGE
      : kind === 'scratch'
        ? NEXT_PAGE
        : W;
  return random.weighted([
    [6, elsewhere],
    [1, isCode ? X : W],
    [1, isCode ? R : R | W],
    [1, V],
    [1, U],
    [1, A],
    [isCode ? 0 : 1, D],
    [1, elsewhere | (isCode ? X : W)],
  ]);
}

/** A virtual address in a changing page that leads to scratch, at least 64 bytes from its end. */
export function addressInPage(random: Random, { kind, address }: ChangingPage): bigint {
  if (kind === 'scratch') return address + BigInt(random.below(4096 - 64));
  return address + BigInt(SCRATCH_BASE - CODE_BASE + random.below(SCRATCH_BYTES - 1024));
}
