// How much a guest may do before its VP's run loop looks around. The unit is the guest's own (instructions for the
// RV64 machine); at a few hundred per microsecond this is some milliseconds: short enough to pause and to let the
// engine enter freshly optimised code, long enough not to be felt.

export const RUN_BUDGET = 1_000_000;
