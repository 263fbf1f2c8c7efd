// The hypervisor's interface as a guest sees it: everything here becomes a Wasm import of module `hv`.

/**
 * Makes a hypercall (TLFS: "Hypercall Interface"). The control word and both parameters are 64 bits wide, given as
 * low and high halves; the result word comes folded: status in bits 15..0, reps completed in bits 27..16.
 */
export declare function hypercall(
  controlLo: u32,
  controlHi: u32,
  inputLo: u32,
  inputHi: u32,
  outputLo: u32,
  outputHi: u32,
): u32;

/** Partition reference time in ticks of 100 ns since the partition was created; never goes back. */
export declare function referenceTime(): f64;

/**
 * Parks the VP until a message or an event arrives for the partition or reference time reaches `deadline`
 * (Infinity: no deadline). Returns at once when something arrived since the last call. 1 = woken, 0 = deadline. What is
 * sent to the partition arrives in here, and between two runs: a guest that is busy for long calls this now and then with
 * a deadline in the past, which takes about a microsecond.
 */
export declare function idle(deadline: f64): i32;
