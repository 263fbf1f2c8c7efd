// What the machine calls the things that a unit's code names by numbers: locals, and words of state.
import { integerNames } from '../isa/disassemble.ts';
import * as state from '../machine/hart/state.ts';
import { SITE_BYTES, SITE_LIMIT, SITES } from '../machine/memory/layout.ts';
import { LOCAL_NARROW0 } from '../translator/locals.ts';

/** translator/locals.ts: the parameters, then x1 to x31, then others, among them the registers' low words. */
const parameterNames = ['$left', '$depth', '$pageVa', '$pageBase'];
const FIRST_REGISTER = parameterNames.length;
const FIRST_LOW_WORD = LOCAL_NARROW0 + 1;

export function localName(local: number): string {
  const parameter = parameterNames[local];
  if (parameter !== undefined) return parameter;
  const register = integerNames[local - FIRST_REGISTER + 1];
  const lowWord = local < FIRST_LOW_WORD ? undefined : integerNames[local - FIRST_LOW_WORD + 1];
  return `$${register ?? (lowWord === undefined ? local : `${lowWord}.low`)}`;
}

const registerName = (address: number): string | undefined => {
  const isInteger = address >= state.X && address < state.F;
  if (isInteger) return integerNames[(address - state.X) / 8];
  const isFloat = address >= state.F && address < state.F + 32 * 8;
  return isFloat ? `f${(address - state.F) / 8}` : undefined;
};

const wordNames: ReadonlyMap<number, string> = new Map(
  Object.entries(state).map(([name, address]) => [address, name]),
);

/** Sites are numbered as they lie; a unit's own follow each other. */
const siteName = (address: number): string | undefined => {
  const [site, at] = [Math.floor((address - SITES) / SITE_BYTES), (address - SITES) % SITE_BYTES];
  return site >= 0 && site < SITE_LIMIT ? `site ${site}+${at}` : undefined;
};

/** Of an address in the hart's state or the site TLB. */
export const stateName = (address: number): string | undefined =>
  registerName(address) ?? siteName(address) ?? wordNames.get(address);
