// What the check of published code costs, per KiB and per unit, beside what the engine takes to make a module of the
// same bytes. The units are those that the machine's translator writes for random programs.
import { HV_STATUS_SUCCESS } from '../../hypervisor/abi/status.ts';
import { checkUnitModule } from '../../hypervisor/code-publishing/check-module.ts';
import { CodePublisher, FIRST_PUBLISHED_INDEX } from '../../hypervisor/code-publishing/code-publisher.ts';
import { putTogether, takeApart } from '../../hypervisor/code-publishing/testing/module-parts.ts';
import { translatedUnits } from '../../hypervisor/code-publishing/testing/translated-units.ts';
import { createGuestMemory } from '../../hypervisor/platform/guest-memory.ts';
import { beside, type Result, sample } from './sample.ts';

const SEED = 5n;
const PROGRAMS = 4;
const KIB = 1024;
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

export async function measurePublishing(): Promise<void> {
  const units = (await translatedUnits(SEED, PROGRAMS)).units.map(({ bytes }) => bytes);
  const broken = units.slice(0, 1).map(brokenCopy);
  const kib = units.reduce((sum, { length }) => sum + length, 0) / KIB;
  const rename = renamer(units);
  const measure = (name: string, per: number, batch: () => void): Promise<Result> =>
    sample(name, 'bare', per, async () => {
      rename();
      batch();
    });
  const make = (): void => {
    for (const bytes of units) new WebAssembly.Module(bytes);
  };
  const check = (): void => checkAll(units, broken);
  const publisher = new CodePublisher(createGuestMemory(1));
  publisher.attach(new Table({ element: 'anyfunc', initial: 1 }));
  const publish = (): void =>
    units.forEach((bytes, index) => {
      if (publisher.publish(bytes, FIRST_PUBLISHED_INDEX + index) !== HV_STATUS_SUCCESS)
        throw new Error('a unit was refused');
    });
  const making = await measure('module made by the engine, 1 KiB', kib, make);
  beside(await measure('module checked, 1 KiB', kib, check), making);
  const size = `${(kib / units.length).toFixed(1)} KiB`;
  const makingUnit = await measure(`unit made by the engine, ${size}`, units.length, make);
  beside(await measure(`unit checked, ${size}`, units.length, check), makingUnit);
  beside(await measure(`unit published, ${size}`, units.length, publish), makingUnit);
}
