// What the check of published code costs, per unit, beside what the engine takes to make a module of the same bytes. The
// units are those that the machine's translator writes for random programs.
import { HV_STATUS_SUCCESS } from '../../hypervisor/abi/status.ts';
import { checkUnitModule } from '../../hypervisor/code-publishing/check-module.ts';
import { CodePublisher, FIRST_PUBLISHED_INDEX } from '../../hypervisor/code-publishing/code-publisher.ts';
import { putTogether, takeApart } from '../../hypervisor/code-publishing/testing/module-parts.ts';
import { translatedUnits } from '../../hypervisor/code-publishing/testing/translated-units.ts';
import { createGuestMemory } from '../../hypervisor/platform/guest-memory.ts';
import type { Bench, Family } from './bench.ts';
import type { Floor } from './row.ts';

const SEED = 5n;
const PROGRAMS = 4;
const NS_PER_MS = 1_000_000;
const OP_NOP = 0x01;
const { Table } = WebAssembly as unknown as { Table: new (type: object) => unknown };

/** Makes modules unlike any before, by their names: the engine keeps what it has compiled. */
function renamer(units: readonly Uint8Array<ArrayBuffer>[]): () => void {
  let turn = 0n;
  return () => {
    const digits = (turn++).toString(16).padStart(16, '0');
    for (const bytes of units) bytes.set(Buffer.from(digits), bytes.length - digits.length);
  };
}

function checkAll(units: readonly Uint8Array[], broken: readonly Uint8Array[]): void {
  for (const unit of units) if (checkUnitModule(unit) !== undefined) throw new Error('a unit was refused');
  // The benchmark would not notice a check that says yes to everything.
  for (const unit of broken) if (checkUnitModule(unit) === undefined) throw new Error('no unit was admitted');
}

/** The unit with a nop at its end: nothing but the last instruction is wrong. */
function brokenCopy(unit: Uint8Array): Uint8Array {
  const parts = takeApart(unit);
  parts.functions.at(-1)?.instructions.splice(-1, 0, Uint8Array.of(OP_NOP));
  return putTogether(parts);
}

const CHECKED = 'published code, checked';
const PUBLISHED = 'published code, checked and made';

export const publishingRows: Family = { group: 'publishing', names: [CHECKED, PUBLISHED], measure };

async function measure(bench: Bench): Promise<void> {
  const units = (await translatedUnits(SEED, PROGRAMS)).units.map(({ bytes }) => bytes);
  const broken = units.slice(0, 1).map(brokenCopy);
  const rename = renamer(units);
  const perUnit = (batch: () => void) => (): Promise<number> => {
    rename();
    const startMs = performance.now();
    batch();
    return Promise.resolve(((performance.now() - startMs) * NS_PER_MS) / units.length);
  };
  const making: Floor = {
    name: 'module made by the engine',
    sample: perUnit(() => {
      for (const bytes of units) new WebAssembly.Module(bytes);
    }),
  };
  const publisher = new CodePublisher(createGuestMemory(1));
  publisher.attach(new Table({ element: 'anyfunc', initial: 1 }));
  const publish = (): void =>
    units.forEach((bytes, index) => {
      if (publisher.publish(bytes, FIRST_PUBLISHED_INDEX + index) !== HV_STATUS_SUCCESS)
        throw new Error('a unit was not published');
    });
  const row = (name: string, batch: () => void): Promise<void> =>
    bench.measure({
      group: 'publishing',
      name,
      unit: 'ns',
      cases: [{ level: 'bare', floor: making, sample: perUnit(batch) }],
    });
  await row(CHECKED, () => checkAll(units, broken));
  await row(PUBLISHED, publish);
}
