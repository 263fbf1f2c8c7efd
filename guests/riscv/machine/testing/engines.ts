// How a machine under test runs code: every suite of the hart gives the same results by each of these.

/**
 * `interpreter` never translates; `translator` translates whatever it comes to, with room for all units; `evicting` has room
 * for two, so that units are always on their way out.
 */
export const engines = ['interpreter', 'translator', 'evicting'] as const;
export type Engine = (typeof engines)[number];

/** Heat from which an engine translates, 0 = never, and the units that it keeps. */
export const engineSettings: Record<Engine, { heat: number; units?: number }> = {
  interpreter: { heat: 0 },
  translator: { heat: 1 },
  evicting: { heat: 1, units: 2 },
};
