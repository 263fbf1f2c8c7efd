// Controls between partitions that may send each other messages.
import type { Control } from '../control.ts';

const boundary = 'guest and guest';

export const messageControls: readonly Control[] = [
  {
    id: 'brokered-frame-check',
    holds:
      "has the root partition check every message between partitions, whatever the sender's process says",
    boundary,
    removal: [
      {
        file: 'root-partition/broker/service.ts',
        from: 'if (port === undefined || !isBrokeredFrameValid(frame)) {',
        to: 'if (port === undefined) {',
      },
    ],
  },
  {
    id: 'own-connections',
    holds: 'lets a partition send through connections that were made for it',
    boundary,
    removal: [
      {
        file: 'root-partition/broker/service.ts',
        from: 'const port = this.#ports.get(fromPartition)?.get(frame.transactionLo);',
        to: 'const port = [...this.#ports.values()].map((each) => each.get(frame.transactionLo)).find((each) => each);',
      },
    ],
  },
  {
    id: 'message-queue-bound',
    holds: 'drops messages that come when 16 are waiting, instead of what waits',
    boundary,
    removal: [
      {
        file: 'hypervisor/synic/synic.ts',
        from: 'if (waitingIn(read, written) >= slots) {',
        to: 'if (slots === 0) {',
      },
    ],
  },
];
