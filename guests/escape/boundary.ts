// The boundaries that an escape crosses, from the inside out, as `cofferdam escape` orders them.

export const boundaries = [
  'program and its kernel',
  'guest and its own sandbox',
  'guest and hypervisor',
  'guest and root partition',
  'guest and guest',
  'partition process and host',
  'root partition and host',
] as const;
export type Boundary = (typeof boundaries)[number];
