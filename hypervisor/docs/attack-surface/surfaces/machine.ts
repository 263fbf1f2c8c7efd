// What software in the emulated machine reaches: device registers, PCI configuration, virtqueues, block requests, SBI,
// HTIF. All of it is inside of the sandbox: a flaw costs the guest that has it. Listed all the same.
import { child, nameOf, nodesOf } from '../source-file.ts';
import type { SurfaceGroup } from '../surface.ts';
import { callsOf, selectorsIn } from './syntax-queries.ts';

const MACHINE = 'guests/riscv/machine';
const boundary = 'guest software → machine in the sandbox';

/** Where a device finds its register: the function, and the variables that hold the offset. */
const registerFunctions: readonly { device: string; file: string; name: string; by: readonly string[] }[] = [
  { device: 'bus', file: 'devices/bus.ts', name: 'mmioLoad', by: ['gpa'] },
  { device: 'bus', file: 'devices/bus.ts', name: 'mmioStore', by: ['gpa'] },
  { device: 'uart', file: 'devices/uart/device.ts', name: 'uartLoad', by: ['register'] },
  { device: 'uart', file: 'devices/uart/device.ts', name: 'uartStore', by: ['register'] },
  { device: 'rtc', file: 'devices/rtc/device.ts', name: 'rtcLoad', by: ['offset'] },
  { device: 'rtc', file: 'devices/rtc/device.ts', name: 'rtcStore', by: ['offset'] },
  { device: 'clint', file: 'devices/clint/device.ts', name: 'clintLoad', by: ['offset'] },
  { device: 'clint', file: 'devices/clint/device.ts', name: 'clintStore', by: ['offset'] },
  { device: 'plic', file: 'devices/plic/device.ts', name: 'plicLoad', by: ['offset', 'register'] },
  { device: 'plic', file: 'devices/plic/device.ts', name: 'plicStore', by: ['offset', 'register'] },
  { device: 'finisher', file: 'devices/finisher/device.ts', name: 'finisherStore', by: ['action'] },
  { device: 'pci-config', file: 'pci/host-bridge.ts', name: 'register', by: ['offset', 'deviceNumber'] },
  { device: 'pci-config', file: 'pci/host-bridge.ts', name: 'ecamStore', by: ['name'] },
  { device: 'virtio-mmio', file: 'virtio/mmio-transport.ts', name: 'virtioMmioLoad', by: ['register'] },
  { device: 'virtio-mmio', file: 'virtio/mmio-transport.ts', name: 'virtioMmioStore', by: ['offset'] },
  { device: 'virtio-pci', file: 'virtio/pci-transport.ts', name: 'barLoad', by: ['offset'] },
  { device: 'virtio-pci', file: 'virtio/pci-transport.ts', name: 'barStore', by: ['offset'] },
  { device: 'virtio-pci', file: 'virtio/pci-transport.ts', name: 'commonLoad', by: ['offset'] },
  { device: 'virtio-pci', file: 'virtio/pci-transport.ts', name: 'commonStore', by: ['offset'] },
];

const registers: SurfaceGroup = {
  name: 'machine-registers',
  find: (tree) =>
    registerFunctions.flatMap(({ device, file: path, name, by }) => {
      const file = tree.file(`${MACHINE}/${path}`);
      const node = file.find(name);
      const way = /Store$/.test(name) ? 'store' : 'load';
      const own = name === 'commonLoad' || name === 'commonStore' ? 'common ' : '';
      return selectorsIn(node, by, (each) => file.textOf(each)).map((selector) => ({
        id: `register.${device}.${way} ${own}${selector}`,
        boundary: boundary as typeof boundary,
        file: file.path,
        texts: [file.textOf(node)],
      }));
    }),
};

/** Reads of memory through what `ramPointer` answered: fields that the driver may change at any time. */
const virtqueue: SurfaceGroup = {
  name: 'virtqueue',
  find(tree) {
    const file = tree.file(`${MACHINE}/virtio/virtqueue.ts`);
    const state = /^(queue|device\b|CHAIN|SEGMENTS|sum|device)/;
    return ['takeChain', 'walk', 'completeChain'].flatMap((name) => {
      const node = file.find(name);
      const loads = callsOf(node, 'load').filter((call) => {
        const [address] = call['arguments'] as { start: number; end: number }[];
        return address !== undefined && !state.test(file.textOf(address));
      });
      return loads.map((call) => ({
        id: `virtqueue.${name}: ${file.textOf(call)}`,
        boundary: boundary as typeof boundary,
        file: file.path,
        texts: [file.textOf(node)],
      }));
    });
  },
};

/** Constants of a file by which a request says what it is. */
const requestConstants: readonly { id: string; file: string; pattern: RegExp }[] = [
  { id: 'virtio-block', file: 'virtio/block/config.ts', pattern: /^REQUEST_/ },
  { id: 'sbi', file: 'sbi/sbi.ts', pattern: /^(EXTENSION|LEGACY)_/ },
  { id: 'htif', file: 'bare-metal/htif.ts', pattern: /^(CALL|DEVICE)_/ },
];

const requests: SurfaceGroup = {
  name: 'machine-requests',
  find: (tree) =>
    requestConstants.flatMap(({ id, file: path, pattern }) => {
      const file = tree.file(`${MACHINE}/${path}`);
      return [...file.declarations]
        .filter(([name]) => pattern.test(name))
        .map(([name, { node }]) => ({
          id: `${id}.${name}`,
          boundary: boundary as typeof boundary,
          file: file.path,
          texts: [file.textOf(node)],
        }));
    }),
};

/** Volumes and boot arguments by the names that the machine asks for. */
const bootInputs: SurfaceGroup = {
  name: 'boot-inputs',
  find: (tree) =>
    tree.sources(`${MACHINE}/**/*.ts`).flatMap((path) => {
      const file = tree.file(path);
      const named = (functions: readonly string[], id: string) =>
        functions.flatMap((name) =>
          callsOf(file.program, name).flatMap((call) => {
            const label = nodesOf(call, 'Literal')
              .map(nameOf)
              .find((text) => text !== undefined);
            return label === undefined || child(call, 'callee').type !== 'Identifier'
              ? []
              : [
                  {
                    id: `${id}.${label}`,
                    boundary: 'file → machine in the sandbox' as const,
                    file: path,
                    texts: [file.textOf(call)],
                  },
                ];
          }),
        );
      return [
        ...named(['openVolume'], 'volume'),
        ...named(['findBootArgument', 'bootArgumentIs', 'bootArgumentNumber'], 'boot-argument'),
      ];
    }),
};

export const machine: readonly SurfaceGroup[] = [registers, virtqueue, requests, bootInputs];
