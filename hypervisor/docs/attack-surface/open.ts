// What entries name already and the tree does not have yet. The list may only get shorter: attack-surface.test.ts holds
// its length.

export interface OpenItem {
  kind: 'fuzz target' | 'attempt';
  name: string;
  since: string;
  /** What it is to be. */
  what: string;
}

export const open: readonly OpenItem[] = [
  {
    kind: 'fuzz target',
    name: 'boot-arguments',
    since: '2026-11-28',
    what: 'the text that a machine reads its settings from',
  },
  {
    kind: 'fuzz target',
    name: 'file-descriptors',
    since: '2026-11-28',
    what: 'messages on the file channel',
  },
  {
    kind: 'fuzz target',
    name: 'htif',
    since: '2026-11-28',
    what: 'blocks and characters of bare-metal programs',
  },
  {
    kind: 'fuzz target',
    name: 'kernel-images',
    since: '2026-11-28',
    what: 'Linux kernels and initramfs in the machine',
  },
];
