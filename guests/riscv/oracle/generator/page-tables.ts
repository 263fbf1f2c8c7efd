// Random page tables for one program (RISC-V Privileged 20240411 §12.3–12.5): the Sv48 root's first entry is the Sv39
// root, so that one tree serves both modes. Code, table and stack stay reachable; scratch and the window are random.
// There are two trees, which differ in changing-pages.ts's part alone.
import {
  CHANGING_ROOT_INDEX,
  changingEntries,
  changingMiddle,
  GIGAPAGE_ROOT_INDEX,
  gigapageLeaf,
} from './changing-pages.ts';
import {
  CHANGING_BASE,
  CHANGING_FUNCTIONS,
  CHANGING_GIGAPAGE,
  CHANGING_SCRATCH,
  CHANGING_SUPERPAGES,
  CODE_BASE,
  IMAGE_BYTES,
  PAGE_TABLES_BASE,
  PAGE_TABLES_BYTES,
  SCRATCH_BASE,
  SCRATCH_BYTES,
  SCRATCH_PAGES,
  TABLE_BASE,
  USER_ALIAS_OFFSET,
  WINDOW_BASE,
  WINDOW_SUPERPAGES,
  WINDOW_TABLES,
} from './memory-layout.ts';
import type { Random } from './random.ts';

const V = 1n;
const R = 2n;
const W = 4n;
const X = 8n;
const U = 16n;
const A = 64n;
const D = 128n;

const page = (index: number): number => PAGE_TABLES_BASE + index * 4096;
/** Roots of the first tree; those of the other are in the pages behind. */
export const SV39_ROOT = page(0);
export const SV48_ROOT = page(2);
const supervisorMiddle = page(4);
const userMiddle = page(5);
const supervisorLeaves = page(6);
const userLeaves = page(7);
/** The window's tables of 4 KiB entries, which programs may rewrite while they run. */
export const windowLeaves = (index: number): number => page(8 + index);
/** Where the first tree's entry of the changing gigapage is. */
export const GIGAPAGE_ENTRY = SV39_ROOT + 8 * GIGAPAGE_ROOT_INDEX;

/** The first tree goes with even ASIDs, the other with odd ones: these bits of satp are flipped together. */
export const SATP_OTHER_TREE = (1n << 44n) | 1n;

/** The satp of a root of the first tree. @param mode 8 Sv39, 9 Sv48 */
export const satpOf = (random: Random, mode: 8n | 9n): bigint =>
  (mode << 60n) |
  (BigInt(2 * random.below(0x8000)) << 44n) |
  BigInt((mode === 8n ? SV39_ROOT : SV48_ROOT) >>> 12);

const pointer = (address: number): bigint => (BigInt(address >>> 12) << 10n) | V;
const leaf = (address: number, flags: bigint): bigint => (BigInt(address >>> 12) << 10n) | flags | V;

/** Permission bits in proportion: mostly usable, sometimes reserved or absent. */
function randomFlags(random: Random): bigint {
  const permissions = random.weighted<bigint>([
    [8, R | W],
    [4, R],
    [4, R | W | X],
    [2, R | X],
    [2, X],
    [1, W],
    [1, W | X],
    [1, 0n],
  ]);
  return (
    permissions |
    (random.chance(0.4) ? U : 0n) |
    (random.chance(0.7) ? A : 0n) |
    (random.chance(0.6) ? D : 0n) |
    (random.chance(0.1) ? 32n : 0n) |
    (BigInt(random.below(4)) << 8n) |
    (random.chance(0.95) ? V : 0n)
  );
}

/** An entry for a 4 KiB page of scratch; a few have reserved bits set or point nowhere. */
export function randomLeaf(random: Random): bigint {
  const address = SCRATCH_BASE + random.below(SCRATCH_PAGES) * 4096;
  const entry = (BigInt(address >>> 12) << 10n) | randomFlags(random);
  return random.weighted<() => bigint>([
    [30, () => entry],
    [1, () => entry | (1n << BigInt(54 + random.below(7)))],
    [1, () => entry | (1n << 63n)],
    [1, () => entry | (1n << BigInt(61 + random.below(2)))],
    [1, () => entry | (0xfffn << 42n)],
    [1, () => 0n],
  ])();
}

function randomSuperpage(random: Random): bigint {
  const misaligned = random.chance(0.2) ? 1n << BigInt(10 + random.below(9)) : 0n;
  const reservedInPointer = pointer(windowLeaves(0)) | random.pick([A, D, U, A | D]);
  return random.weighted<bigint>([
    [5, leaf(CODE_BASE, randomFlags(random)) | misaligned],
    [1, reservedInPointer],
    [1, pointer(windowLeaves(random.below(WINDOW_TABLES)))],
  ]);
}

/** Entries of the image's own pages: the code must stay executable and readable, the table readable. */
function imageLeaf(random: Random, address: number, user: boolean): bigint {
  const accessed = random.chance(0.8) ? A : 0n;
  const owner = user ? U : 0n;
  if (address < TABLE_BASE) return leaf(address, R | X | owner | accessed);
  if (address >= SCRATCH_BASE && address < SCRATCH_BASE + SCRATCH_BYTES) {
    const flags = randomFlags(random);
    const isUserCode = (flags & (U | X)) === (U | X);
    // legal-differences.ts: QEMU 7.2 may fetch from user pages in S mode.
    if (!user && isUserCode) return leaf(address, flags & ~U);
    return (
      leaf(address, random.chance(0.6) ? (flags & ~U) | owner | R : flags) & ~(random.chance(0.03) ? V : 0n)
    );
  }
  return leaf(address, R | W | owner | accessed | (random.chance(0.5) ? D : 0n));
}

/** The content of the page table region. */
export function buildPageTables(random: Random): BigUint64Array {
  const tables = new BigUint64Array(PAGE_TABLES_BYTES / 8);
  const put = (table: number, index: number, entry: bigint): void => {
    tables[(table - PAGE_TABLES_BASE) / 8 + index] = BigInt.asUintN(64, entry);
  };
  put(SV48_ROOT, 0, pointer(SV39_ROOT));
  put(SV48_ROOT, 1, leaf(0, randomFlags(random)));
  put(SV48_ROOT, 2, leaf(CODE_BASE, randomFlags(random)));
  put(SV48_ROOT, 511, pointer(SV39_ROOT));
  put(SV39_ROOT, CODE_BASE >>> 30, pointer(supervisorMiddle));
  put(SV39_ROOT, (CODE_BASE - USER_ALIAS_OFFSET) >>> 30, pointer(userMiddle));
  put(SV39_ROOT, 5, leaf(CODE_BASE, randomFlags(random)));
  put(SV39_ROOT, 6, leaf(CODE_BASE + 0x1000, randomFlags(random)));
  put(SV39_ROOT, 511, pointer(userMiddle));
  put(supervisorMiddle, 0, pointer(supervisorLeaves));
  put(userMiddle, 0, pointer(userLeaves));
  for (let offset = 0; offset < IMAGE_BYTES; offset += 4096) {
    put(supervisorLeaves, offset / 4096, imageLeaf(random, CODE_BASE + offset, false));
    put(userLeaves, offset / 4096, imageLeaf(random, CODE_BASE + offset, true));
  }
  const firstWindowEntry = (WINDOW_BASE & 0x3fff_ffff) >>> 21;
  for (let index = 0; index < WINDOW_TABLES; index++) {
    put(userMiddle, firstWindowEntry + index, pointer(windowLeaves(index)));
    for (let entry = 0; entry < 512; entry++) put(windowLeaves(index), entry, randomLeaf(random));
  }
  for (let index = 0; index < WINDOW_SUPERPAGES; index++)
    put(userMiddle, firstWindowEntry + WINDOW_TABLES + index, randomSuperpage(random));
  putChanging(random, put);
  for (const root of [SV39_ROOT, SV48_ROOT]) {
    const at = (root - PAGE_TABLES_BASE) / 8;
    tables.copyWithin(at + 512, at, at + 512);
  }
  put(SV39_ROOT + 4096, CHANGING_ROOT_INDEX, pointer(changingMiddle(1)));
  put(SV39_ROOT + 4096, GIGAPAGE_ROOT_INDEX, gigapageLeaf(random));
  for (const index of [0, 511]) put(SV48_ROOT + 4096, index, pointer(SV39_ROOT + 4096));
  return tables;
}

function putChanging(random: Random, put: (table: number, index: number, entry: bigint) => void): void {
  put(SV39_ROOT, CHANGING_ROOT_INDEX, pointer(changingMiddle(0)));
  put(SV39_ROOT, GIGAPAGE_ROOT_INDEX, gigapageLeaf(random));
  for (const tree of [0, 1])
    for (const [address, entry] of changingEntries(random, tree))
      put(address - (address % 4096), (address % 4096) / 8, entry);
}

/** A virtual address whose offset within every page size leads to scratch, whatever maps it. */
export function randomVirtualAddress(random: Random): bigint {
  const scratchOffset = BigInt(SCRATCH_BASE - CODE_BASE + random.below(SCRATCH_BYTES - 1024));
  const windowOffset = BigInt(random.below(WINDOW_TABLES * 512 * 4096 - 1024));
  const superpage = BigInt(WINDOW_TABLES + random.below(WINDOW_SUPERPAGES)) << 21n;
  const window = BigInt(WINDOW_BASE);
  return BigInt.asUintN(
    64,
    random.weighted<() => bigint>([
      [8, () => window + windowOffset],
      [4, () => window + superpage + scratchOffset],
      [2, () => 0x1_4000_0000n + scratchOffset],
      [1, () => 0x1_8000_0000n + scratchOffset],
      [1, () => -0x4000_0000n + window - 0x4000_0000n + windowOffset],
      [1, () => (1n << 39n) + 0x8000_0000n + scratchOffset],
      [1, () => (2n << 39n) + scratchOffset],
      [1, () => (0xffff_ff80_0000_0000n | window) + windowOffset],
      [1, () => (1n << 38n) + windowOffset],
      [1, () => (1n << 47n) + windowOffset],
      [1, () => (1n << 40n) | (window + windowOffset)],
      [1, () => window - BigInt(random.below(9))],
      [
        2,
        () => BigInt(CHANGING_BASE + CHANGING_FUNCTIONS * 4096 + random.below(CHANGING_SCRATCH * 4096 - 64)),
      ],
      [1, () => BigInt(CHANGING_BASE + (1 + random.below(CHANGING_SUPERPAGES)) * 2 ** 21) + scratchOffset],
      [1, () => CHANGING_GIGAPAGE + scratchOffset],
    ])(),
  );
}
