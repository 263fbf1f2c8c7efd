// All rows of the instruction set, in the order in which the decoder numbers them.
import { atomicRows } from './atomic.ts';
import { compressedRows } from './compressed.ts';
import { floatRows } from './float.ts';
import { integerRows } from './integer.ts';
import type { Row } from './row.ts';
import { systemRows } from './system.ts';

export const rows: Row[] = [...integerRows, ...atomicRows, ...floatRows, ...systemRows];

/** Names of the full instructions that a compressed one can expand to. */
export const namesWithCompressedForm: Set<string> = new Set(compressedRows.map((row) => row.to));
