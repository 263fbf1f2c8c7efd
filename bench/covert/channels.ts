// The channels that are metered: what the sender modulates for a one and for a zero, and what the receiver takes for its
// value of a slot. Both know when slots begin (wall time) and how long they are; nothing else passes between them.

export interface ChannelDescription {
  name: string;
  one: string;
  zero: string;
  value: string;
  /** Lengths of a slot that are tried. */
  slotsMs: readonly number[];
}

export const channels: readonly ChannelDescription[] = [
  {
    name: 'load',
    one: 'computes for the whole slot',
    zero: 'sleeps',
    value: 'how often a fixed piece of work got done in the slot',
    slotsMs: [5, 20],
  },
  {
    name: 'steal',
    one: 'computes for the whole slot',
    zero: 'sleeps',
    value: 'time missing between two readings of its clock, where more than 50 µs',
    slotsMs: [5, 20],
  },
  {
    name: 'cache',
    one: 'walks through 32 MiB',
    zero: 'computes in registers',
    value: 'how often a walk through 256 KiB got done in the slot',
    slotsMs: [5, 20],
  },
];

/** A channel that is open on purpose, a port from one to the other: what the meter itself is tried on. */
export const openChannel: ChannelDescription = {
  name: 'shared',
  one: "posts a message with the slot's number and a one",
  zero: 'posts one with a zero',
  value: 'what the message with its number said',
  slotsMs: [5],
};
