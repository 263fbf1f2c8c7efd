// Where fflags lives until the hart's state layout names the place.

export const FFLAGS: usize = 16;
