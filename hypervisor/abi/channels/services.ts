// What a channel offer's service field says. A partition may have several channels of one service; the label in
// the offer tells them apart ("console", "disk0", "kernel", "initrd", "trace", "signature", "entropy", "clock").

export const CHANNEL_SERVICE_CONSOLE: u32 = 1;
export const CHANNEL_SERVICE_STORAGE: u32 = 2;
export const CHANNEL_SERVICE_ENTROPY: u32 = 3;
export const CHANNEL_SERVICE_CLOCK: u32 = 4;
