// What holds channel messages, devices, frames and streams (surfaces/devices-and-frames.ts).
import type { SurfaceLinks } from '../surface.ts';

export const deviceAndFrameLinks: readonly SurfaceLinks[] = [
  {
    prefix: 'channel.clock.',
    entries: ['CLOCK_GET_TIME'],
    validators: ['root-partition/clock/requests.ts#isClockRequest'],
    fuzz: ['channel-messages'],
    attempts: ['e51b-fine-wall-clock'],
  },
  {
    prefix: 'channel.console.',
    entries: ['CONSOLE_OUTPUT'],
    validators: ['root-partition/console/requests.ts#isConsoleOutput'],
    fuzz: ['channel-messages'],
    attempts: ['e32-console-flood'],
  },
  {
    prefix: 'channel.entropy.',
    entries: ['request'],
    validators: ['root-partition/entropy/requests.ts#parseEntropyRequest'],
    fuzz: ['channel-messages'],
    attempts:
      'none: the only number is a length up to 4096 that a token bucket pays for; the fuzz target and entropy/service.test.ts hold both',
  },
  {
    prefix: 'channel.storage.',
    entries: [
      'STORAGE_QUERY',
      'STORAGE_READ',
      'STORAGE_WRITE',
      'STORAGE_FLUSH',
      'STORAGE_DISCARD',
      'STORAGE_WRITE_ZEROES',
    ],
    validators: ['root-partition/storage/requests.ts#parseStorageRequest'],
    fuzz: ['channel-messages'],
    attempts: [
      'e30a-late-completion',
      'e31-answers-nobody-takes',
      'e40a-write-past-the-end',
      'e40b-write-to-a-read-only-disk',
      'e41-bytes-of-another',
    ],
  },
  {
    prefix: 'device.makeDevice.',
    entries: ['console', 'entropy', 'clock'],
    validators: ['root-partition/make-device.ts#makeDevice'],
    fuzz: ['channel-messages'],
    attempts: ['e32-console-flood'],
  },
  {
    prefix: 'device.makeDevice.',
    entries: ['sink', 'storage'],
    validators: [
      'root-partition/make-device.ts#makeDevice',
      'root-partition/storage/service.ts#StorageService',
      'root-partition/console/sink.ts#SinkService',
    ],
    fuzz: ['channel-messages'],
    attempts: ['e40a-write-past-the-end', 'e35a-read-from-the-root-partition'],
  },
  {
    prefix: 'device.makeVolume.',
    entries: ['raw', 'scratch', 'overlay'],
    validators: [
      'root-partition/make-device.ts#makeDevice',
      'root-partition/storage/file-operations.ts#VolumeFile',
    ],
    fuzz: ['channel-messages', 'overlays'],
    attempts: ['e38-disk-by-another-name', 'e36-overlay-points-outside'],
  },
  {
    prefix: 'frame.to-root.',
    entries: ['FRAME_DATA', 'FRAME_OPEN', 'FRAME_CLOSE'],
    validators: [
      'root-partition/connection.ts#Connection',
      'root-partition/channel.ts#Channel.accept',
      'hypervisor/vmbus/frame-reader.ts#FrameReader',
      'root-partition/read-window.ts#ReadWindow',
    ],
    fuzz: ['connections'],
    attempts: ['e26a-channel-that-is-not'],
  },
  {
    prefix: 'frame.to-root.',
    entries: ['FRAME_MESSAGE', 'FRAME_EVENT'],
    validators: [
      'root-partition/broker/requests.ts#isBrokeredFrameValid',
      'root-partition/broker/service.ts#Broker.carry',
      'hypervisor/vmbus/frame-reader.ts#FrameReader',
    ],
    fuzz: ['connections', 'brokered-messages'],
    attempts: ['e16b-anothers-connection', 'e33-message-flood', 'e26b-message-of-the-hypervisor'],
  },
  {
    prefix: 'frame.to-partition.',
    entries: ['FRAME_OPENED', 'FRAME_DATA', 'FRAME_COMPLETION'],
    validators: [
      'hypervisor/vmbus/incoming-frames.ts#IncomingFrames',
      'hypervisor/vmbus/incoming-channels.ts#IncomingChannels.deliver',
      'hypervisor/vmbus/frame-reader.ts#FrameReader',
    ],
    fuzz: ['frames'],
    attempts: ['e30c-answer-for-an-earlier-opening', 'e31-answers-nobody-takes'],
  },
  {
    prefix: 'frame.to-partition.',
    entries: ['FRAME_OFFER', 'FRAME_ALL_OFFERS', 'FRAME_RESCIND', 'FRAME_MESSAGE', 'FRAME_EVENT'],
    validators: [
      'hypervisor/vmbus/incoming-frames.ts#IncomingFrames',
      'hypervisor/vmbus/frame-reader.ts#FrameReader',
    ],
    fuzz: ['frames'],
    attempts:
      "none: the root partition is trusted with the guest's devices already; what it could do to the process beyond that is E05's business, and the jail holds it",
  },
  {
    prefix: 'stream.hypervisor/isolation/',
    entries: ['console-connection.ts', 'process-container.ts'],
    validators: [
      'hypervisor/isolation/control-stream.ts#ControlReader',
      'hypervisor/isolation/console-connection.ts#Console',
    ],
    fuzz: ['control-stream'],
    attempts: ['e37-endless-control-message'],
  },
  {
    prefix: 'stream.hypervisor/isolation/',
    entries: ['partition-process.ts'],
    validators: ['hypervisor/isolation/control-stream.ts#ControlReader'],
    fuzz: ['control-stream'],
    attempts: 'none: the hypervisor made the process and can end it; nothing that it says is worth an attack',
  },
  {
    prefix: 'stream.hypervisor/platform/',
    entries: ['frame-socket.ts'],
    validators: [
      'hypervisor/virtual-processor/root-link.ts#RootLink',
      'hypervisor/vmbus/frame-reader.ts#FrameReader',
    ],
    fuzz: ['frames'],
    attempts: "none: the root partition is trusted with the guest's devices already",
  },
  {
    prefix: 'file.hypervisor/platform/',
    entries: ['frame-socket.ts'],
    validators: ['hypervisor/vmbus/frame-reader.ts#FrameReader'],
    fuzz: ['frames'],
    attempts: 'none: what it reads is the socket, which is listed as a stream',
  },
  {
    prefix: 'stream.root-partition/',
    entries: ['connection.ts'],
    validators: [
      'root-partition/connection.ts#Connection',
      'root-partition/read-window.ts#ReadWindow',
      'root-partition/partition-socket.ts#PartitionSocket',
      'root-partition/outgoing-frames.ts#OutgoingFrames',
      'hypervisor/vmbus/frame-reader.ts#FrameReader',
    ],
    fuzz: ['connections'],
    attempts: ['e33-message-flood', 'e41-bytes-of-another'],
  },
  {
    prefix: 'stream.root-partition/',
    entries: ['console/reader.ts'],
    validators: ['root-partition/console/reader.ts#ConsoleReader'],
    fuzz: 'opaque: bytes are handed on as they come, within bounds that console/reader.test.ts holds',
    attempts:
      "none: a reader is the administrator's own end; its bytes are input for the guest and are not taken apart",
  },
  {
    prefix: 'stream.root-partition/',
    entries: ['file-descriptors.ts'],
    validators: ['root-partition/file-descriptors.ts#FileDescriptors'],
    fuzz: ['file-descriptors'],
    attempts: 'none: only the hypervisor holds the other end',
  },
];
