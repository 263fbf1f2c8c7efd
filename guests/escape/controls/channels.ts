// Controls of the hypervisor's end of channels: rings in guest memory, and the numbers that name channels.
import type { Control } from '../control.ts';

const boundary = 'guest and hypervisor';

export const channelControls: readonly Control[] = [
  {
    id: 'ring-packet-length',
    holds: 'takes a packet only as far as its ring is filled',
    boundary,
    removal: [{ file: 'hypervisor/vmbus/channel-ring.ts', from: ' || total > available) {', to: ') {' }],
  },
  {
    id: 'ring-indices',
    holds: 'takes an index only where it lies in the ring',
    boundary,
    removal: [
      {
        file: 'hypervisor/vmbus/channel-ring.ts',
        from: 'if (index >= this.dataBytes || (index & 7) !== 0) {',
        to: 'if (index < 0) {',
      },
    ],
  },
  {
    id: 'ringful',
    holds: 'takes no more than a ringful of packets for one signal',
    boundary,
    removal: [
      {
        file: 'hypervisor/vmbus/channel-ring.ts',
        from: ' && leftBytes > 0; ) {',
        to: '; ) {',
      },
    ],
  },
  {
    id: 'ring-in-memory',
    holds: "opens a channel only on a ring that lies in the guest's memory",
    boundary,
    removal: [
      {
        file: 'hypervisor/vmbus/channel-ring.ts',
        from: 'return dataBytes <= RING_MAX_DATA_BYTES && memory.contains(gpa, pages * HV_PAGE_SIZE);',
        to: 'return dataBytes <= RING_MAX_DATA_BYTES && memory.byteLength > 0;',
      },
    ],
  },
  {
    id: 'channel-numbers',
    holds: 'takes only numbers of channels that there can be',
    boundary,
    removal: [
      {
        file: 'hypervisor/vmbus/vmbus-server.ts',
        from: '    if (channelId < 1 || channelId > VMBUS_MAX_CHANNELS) return HV_STATUS_INVALID_PARAMETER;\n',
        to: '',
      },
    ],
  },
  {
    id: 'openings',
    holds: 'drops what was sent for an earlier opening of its channel',
    boundary,
    removal: [
      {
        file: 'hypervisor/vmbus/incoming-channels.ts',
        from: "    if (this.#words[row + CHANNEL_GENERATION] !== opening) return 'dropped';\n",
        to: '',
      },
    ],
  },
  {
    id: 'clock-granularity',
    holds: "rounds reference time to the partition's granularity",
    boundary,
    removal: [
      {
        file: 'hypervisor/platform/reference-clock.ts',
        from: 'referenceTime: granularityTicks <= 1 ? fine : coarse,',
        to: 'referenceTime: fine,',
      },
    ],
  },
  {
    id: 'wait-granularity',
    holds: "ends a guest's waits where its granularity lets that time come, never in between",
    boundary,
    removal: [
      {
        file: 'hypervisor/platform/reference-clock.ts',
        from: 'Math.ceil(deadline / granularityTicks) * (granularityTicks / TICKS_PER_MS) -',
        to: 'deadline / TICKS_PER_MS -',
      },
    ],
  },
  {
    id: 'incoming-backlog',
    holds: 'stops reading the root partition when too much waits for a guest that takes nothing',
    boundary,
    removal: [
      {
        file: 'hypervisor/vmbus/incoming-channels.ts',
        from: 'return this.#backlogBytes > BACKLOG_LIMIT_BYTES;',
        to: 'return false;',
      },
    ],
  },
  {
    id: 'length-fetched-once',
    holds: 'copies as much of a packet as its length was when it was checked, whatever it is now',
    boundary,
    removal: [
      {
        file: 'hypervisor/vmbus/channel-ring.ts',
        from: 'this.#copy(from, payloadBytes, target, offset)',
        to: 'this.#copy(from, (words[at + 1] as number) >>> 0, target, offset)',
      },
    ],
  },
];
