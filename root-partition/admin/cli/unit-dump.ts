// A unit of translated code for people: the guest's instructions, and beside each the WebAssembly that it became.
import { localName, stateName } from '../../../guests/riscv/inspection/state-names.ts';
import { unitCode } from '../../../guests/riscv/inspection/unit-code.ts';
import { type Inspection, type UnitLine, unitTexts } from '../../../hypervisor/index.ts';
import { UsageError } from './exit-status.ts';
import type { SymbolTable } from './symbols.ts';

export interface UnitDump {
  name: string;
  tableIndex: number;
  bytes: number;
  /** False when the guest's code could not be read any more. */
  isInPlace: boolean;
  lines: string[];
}

const GUEST_COLUMN = 46;
const PAGE_MASK = 0xfffn;

/** An address in hexadecimal digits, or the name of a symbol. @throws UsageError */
export function unitAddress(text: string, symbols: SymbolTable | undefined): bigint {
  const isNumber = /^(0x)?[0-9a-f]{1,16}$/i.test(text);
  const address =
    symbols?.addressOf(text) ?? (isNumber ? BigInt(`0x${text.replace(/^0x/i, '')}`) : undefined);
  if (address !== undefined) return address;
  const known = symbols === undefined ? ' (there are no symbols: --symbols)' : '';
  throw new UsageError(`--dump-unit: expected an address in hexadecimal or a symbol${known}, got ${text}`);
}

/** The units that begin at an address, as they were published last. */
export function dumpUnits(
  { publishedCode, memory }: Pick<Inspection, 'publishedCode' | 'memory'>,
  address: bigint,
): UnitDump[] {
  const name = `unit ${address.toString(16).padStart(16, '0')}`;
  return [...publishedCode].flatMap(([tableIndex, bytes]) =>
    unitTexts(bytes, localName)
      .filter((unit) => unit.name === name)
      .map(({ lines }) => {
        const code = unitCode(memory, tableIndex, address & ~PAGE_MASK);
        return {
          name,
          tableIndex,
          bytes: bytes.length,
          isInPlace: code !== undefined,
          lines: besideEachOther(lines, address & ~PAGE_MASK, code),
        };
      }),
  );
}

/** The guest's instruction stands at the first line of what it became. */
function besideEachOther(
  lines: readonly UnitLine[],
  page: bigint,
  code: ((offset: number) => string) | undefined,
): string[] {
  let guest = '';
  const written: string[] = [];
  const write = (text: string): void => {
    written.push(`${guest.padEnd(GUEST_COLUMN)} ${text}`.trimEnd());
    guest = '';
  };
  for (const line of lines) {
    const mark = markOf(line);
    if (mark === undefined) write(wasmText(line));
    else {
      if (guest !== '') write('');
      const address = (page + BigInt(mark)).toString(16).padStart(16, '0');
      guest = `${address}  ${code?.(mark) ?? ''}`;
    }
  }
  if (guest !== '') write('');
  return written;
}

/** A constant that is dropped at once is a mark (guests/riscv/translator/observation.ts). */
function markOf({ instructions: [first = '', second, third] }: UnitLine): number | undefined {
  const isMark = second === 'drop' && third === undefined && first.startsWith('i32.const ');
  return isMark ? Number(first.slice('i32.const '.length)) : undefined;
}

function wasmText({ depth, instructions }: UnitLine): string {
  const names = instructions.flatMap((instruction) => {
    const offset = / offset=(\d+)$/.exec(instruction)?.[1];
    return offset === undefined ? [] : (stateName(Number(offset)) ?? []);
  });
  const comment = names.length === 0 ? '' : `  ;; ${names.join(', ')}`;
  return `${'  '.repeat(depth)}${instructions.join('  ')}${comment}`;
}

export function dumpLines(dumps: readonly UnitDump[], address: string): string[] {
  if (dumps.length === 0)
    return [`no unit begins at ${address}; --time-profile tells where the hottest ones do`];
  return dumps.flatMap(({ name, tableIndex, bytes, isInPlace, lines }) => [
    `${name}, table index ${tableIndex}, ${bytes} bytes${isInPlace ? '' : '; no longer in its place, so without the guest’s instructions'}`,
    ...lines,
  ]);
}
