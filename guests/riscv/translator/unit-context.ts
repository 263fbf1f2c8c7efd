// What the unit being translated is for: its context (CONTEXT in hart/state.ts), which need not be the current one. Of no
// meaning once the unit is written.

let context: u32 = 0;

export function setUnitContext(next: u32): void {
  context = next;
}

export function unitContext(): u32 {
  return context;
}

/** The mode that the unit will run in. */
export function unitMode(): u32 {
  return context >>> 2;
}
