// What entries name already and the tree does not have yet. The list may only get shorter: attack-surface.test.ts holds
// its length.

export interface OpenItem {
  kind: 'fuzz target' | 'attempt';
  name: string;
  /** Since when it is open, and what it is to be; an attempt's name says that. */
  since: string;
  what?: string;
}

const SINCE = '2026-11-28';
const fuzzTargets: Record<string, string> = {
  'boot-arguments': 'the text that a machine reads its settings from',
  'channel-messages': 'requests of every device through its service',
  'channel-rings': 'control pages and packets of rings',
  'command-line': 'options of the command',
  'control-stream': 'what a partition process says',
  'copy-once': 'memory that changes once it was fetched',
  'file-descriptors': 'messages on the file channel',
  frames: 'frames, however cut',
  'guest-modules': 'modules that want to become a guest',
  hypercalls: 'control words, parameters and parameter blocks',
  'kernel-images': 'kernels and initramfs in the machine',
  'overlay-map': 'headers and maps of overlays',
  'package-index': 'package indexes and sources of packages',
  'root-control': 'requests to the root partition process',
  sbi: 'firmware calls and HTIF',
  'virtio-block': 'requests of the block device',
};
const attempts = [
  'e02-grow-memory',
  'e04-import-confusion',
  'e05a-read-a-disk',
  'e05b-write-a-file',
  'e05c-start-a-program',
  'e05d-start-the-engine',
  'e05e-connect-by-tcp',
  'e05g-read-a-neighbours-memory',
  'e05i-kill-a-neighbour',
  'e05j-hoard-descriptors',
  'e06a-publish-without-the-right',
  'e06b-publish-an-import',
  'e06c-publish-a-memory',
  'e06d-publish-a-start-function',
  'e06e-publish-over-the-machine',
  'e06f-publish-table-elements',
  'e08-compile-bomb',
  'e09-recursion-bomb',
  'e10-leftover-memory',
  'e11-leaking-padding',
  'e12-reserved-bits',
  'e13a-confused-deputy',
  'e13b-synic-page-outside',
  'e15a-privilege-probing',
  'e15b-anothers-registers',
  'e15c-clock-without-leave',
  'e16a-forged-message-types',
  'e16b-anothers-connection',
  'e17-flood-a-port',
  'e18-refuse-to-stop',
  'e21-call-past-the-kernel',
  'e22a-packet-longer-than-it-is',
  'e22b-index-outside-the-ring',
  'e22c-ring-outside-memory',
  'e26a-channel-that-is-not',
  'e26b-message-of-the-hypervisor',
  'e32-console-flood',
  'e33-message-flood',
  'e35a-read-from-the-root-partition',
  'e35b-start-a-program',
  'e35c-connect-out',
  'e35d-make-code',
  'e35e-kill-a-neighbour',
  'e36-overlay-points-outside',
  'e37-endless-control-message',
  'e38-disk-by-another-name',
  'e40a-write-past-the-end',
  'e40b-write-to-a-read-only-disk',
  'e41-bytes-of-another',
  'e42-overlay-of-another-base',
  'e51b-fine-wall-clock',
  'e70a-audit-text',
  'e70b-last-words',
  'e70c-standard-error',
  'e71a-counters',
  'e71b-walls',
];

export const open: readonly OpenItem[] = [
  ...Object.entries(fuzzTargets).map(([name, what]) => ({
    kind: 'fuzz target' as const,
    name,
    since: SINCE,
    what,
  })),
  ...attempts.map((name) => ({ kind: 'attempt' as const, name, since: SINCE })),
];
