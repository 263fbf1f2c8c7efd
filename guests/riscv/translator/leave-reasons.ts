// Why units are left, as numbers that the machine counts by and that those who look at it name.

/** Accesses that are checked together lie in two pages. */
export const LEAVE_TWO_PAGES: u32 = 0;
/** A system instruction after which no unit below may go on. */
export const LEAVE_SYSTEM: u32 = 1;
/** The slice's instructions are used up, or something wants to be looked at. */
export const LEAVE_SLICE: u32 = 2;
/** The unit was translated for another privilege or address space. */
export const LEAVE_CONTEXT: u32 = 3;
/** An instruction that the unit could not do: mostly an access that the TLB does not answer, a device, a trap. */
export const LEAVE_INSTRUCTION: u32 = 4;
/** What comes next is in a page that the fetch TLB does not hold. */
export const LEAVE_UNMAPPED: u32 = 5;
/** What comes next is a unit that the one before could not go on in: a return that nobody waited for. */
export const LEAVE_UNIT: u32 = 6;
/** What comes next is not translated. */
export const LEAVE_COLD: u32 = 7;
export const LEAVE_REASONS: u32 = 8;
