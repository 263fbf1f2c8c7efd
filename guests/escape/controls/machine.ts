// Controls inside of the sandbox: what the RV64 machine keeps from a program that is not its kernel, and what its devices
// take from the guest's drivers.
import type { Control } from '../control.ts';

const boundary = 'guest and its own sandbox';

export const machineControls: readonly Control[] = [
  {
    id: 'calls-of-the-kernel',
    holds: "answers environment calls of the kernel's mode, and makes a program's a trap of its kernel's",
    boundary: 'program and its kernel',
    removal: [
      {
        file: 'guests/riscv/machine/hart/system.ts',
        from: 'if (mode != 1 || !load<u32>(SBI_MODE)) return',
        to: 'if (!load<u32>(SBI_MODE)) return',
      },
    ],
  },
  {
    id: 'chain-length',
    holds: 'follows a chain of descriptors no further than its queue is long',
    boundary,
    removal: [
      {
        file: 'guests/riscv/machine/virtio/virtqueue.ts',
        from: 'for (let steps: u32 = 0; steps <= size; steps++) {',
        to: 'for (let steps: u32 = 0; steps >= 0; steps++) {',
      },
    ],
  },
  {
    id: 'ram-bounds',
    holds: 'lets devices reach guest memory only where there is RAM',
    boundary,
    removal: [
      {
        file: 'guests/riscv/machine/hart/physical.ts',
        from: 'return isRam(gpa, length) ? RAM_BASE + <usize>(gpa - RAM_GPA) : 0;',
        to: 'return RAM_BASE + <usize>(gpa - RAM_GPA);',
      },
    ],
  },
  {
    id: 'queue-latch',
    holds: "keeps a queue's size and addresses as they were when it was made ready",
    boundary,
    removal: [
      {
        file: 'guests/riscv/machine/virtio/registers.ts',
        from: 'if (queue == 0 || load<u32>(queue + QUEUE_READY) != 0) return;',
        to: 'if (queue == 0) return;',
      },
      {
        file: 'guests/riscv/machine/virtio/registers.ts',
        from: 'if (queue != 0 && load<u32>(queue + QUEUE_READY) == 0) store',
        to: 'if (queue != 0) store',
      },
    ],
  },
  {
    id: 'answer-length',
    holds: 'writes an answer of fixed size only where there is room for all of it',
    boundary,
    removal: [
      {
        file: 'guests/riscv/machine/virtio/block/device.ts',
        from: '  if (writable < ID_BYTES || segmentLength(segment) < ID_BYTES) return STATUS_IO_ERROR;\n',
        to: '',
      },
    ],
  },
  {
    id: 'fifo-room',
    holds: "drops a byte that finds the serial line's FIFO full",
    boundary,
    removal: [
      {
        file: 'guests/riscv/machine/devices/uart/device.ts',
        from: 'if (uartRoom() > 0) uartReceive(value);',
        to: 'uartReceive(value);',
      },
    ],
  },
  {
    id: 'fifo-wrap',
    holds: "counts a byte's place around the serial line's FIFO, whatever is in it",
    boundary,
    removal: [
      {
        file: 'guests/riscv/machine/devices/uart/device.ts',
        from: 'store<u8>(FIFO + ((load<u32>(HEAD) + count) % UART_FIFO_BYTES), byte);',
        to: 'store<u8>(FIFO + load<u32>(HEAD) + count, byte);',
      },
    ],
  },
  {
    id: 'device-window',
    holds: 'asks a device only about addresses that are its own',
    boundary,
    removal: [
      {
        file: 'guests/riscv/machine/devices/bus.ts',
        from: 'if (gpa - VIRTIO_MMIO_GPA < VIRTIO_SLOT_BYTES * VIRTIO_SLOTS) {\n    return',
        to: 'if (gpa >= VIRTIO_MMIO_GPA) {\n    return',
      },
    ],
  },
  {
    id: 'unit-invalidation',
    holds: 'ends translated code when its page is written to',
    boundary,
    removal: [{ file: 'guests/riscv/machine/hart/decode-cache.ts', from: '    dropUnits(page);\n', to: '' }],
  },
];
