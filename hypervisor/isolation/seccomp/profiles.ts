// What each kind of process may ask of the kernel. `launchingRules` bind the launcher thread and whatever it spawns
// from the first instruction; `partitionRules` and `rootPartitionRules` are all that is left once such a process has
// come up.
import type { Rule } from './filter.ts';
import type { SystemCallName } from './system-calls.ts';

const CLONE_THREAD = 0x0001_0000;
const PROT_EXEC = 4;
const PR_SET_NAME = 15;
const PR_GET_NAME = 16;
const PR_SET_VMA = 0x5356_4d41;
const F_GETFD = 1;
const F_SETFD = 2;
const F_GETFL = 3;
const F_SETFL = 4;
const F_DUPFD_CLOEXEC = 1030;
const FIONBIO = 0x5421;
const FIOCLEX = 0x5451;

const rules = (verdict: Rule['verdict'], calls: readonly SystemCallName[]): Rule[] =>
  calls.map((call) => ({ call, verdict }));

/** A deny-list, on top of Landlock: the engine still has to be started. Default: allow. */
export const launchingRules: readonly Rule[] = [
  // A process that starts without io_uring copes; one that has a ring (the launcher thread's event loop does) aborts
  // when it can no longer enter it. So no new rings, and entering stays: without a ring there is nothing to enter.
  ...rules('unknown', ['io_uring_setup', 'clone3']),
  ...rules('refuse', [
    'socket',
    'connect',
    'accept',
    'accept4',
    'bind',
    'listen',
    'ptrace',
    'process_vm_readv',
    'process_vm_writev',
    'kill',
    'tkill',
    'pidfd_open',
    'pidfd_getfd',
    'pidfd_send_signal',
    'process_madvise',
    'bpf',
    'perf_event_open',
    'userfaultfd',
    'mount',
    'umount2',
    'unshare',
    'setns',
    'add_key',
    'request_key',
    'keyctl',
    'init_module',
    'finit_module',
    'kexec_load',
    'reboot',
    'memfd_create',
    'execveat',
  ]),
];

/** Calls that act on the process itself, its threads and descriptors that it already has. */
const harmless: readonly SystemCallName[] = [
  'read',
  'write',
  'readv',
  'writev',
  'close',
  'fstat',
  'lseek',
  'poll',
  'munmap',
  'brk',
  'mremap',
  'madvise',
  'rt_sigaction',
  'rt_sigprocmask',
  'rt_sigreturn',
  'sigaltstack',
  'sched_yield',
  'sched_getaffinity',
  'sched_getparam',
  'sched_getscheduler',
  'nanosleep',
  'clock_nanosleep',
  'clock_gettime',
  'clock_getres',
  'gettimeofday',
  'getpid',
  'gettid',
  'getuid',
  'geteuid',
  'getgid',
  'getegid',
  'getcpu',
  'getrusage',
  'sysinfo',
  'uname',
  'futex',
  'set_robust_list',
  'set_tid_address',
  'rseq',
  'membarrier',
  'restart_syscall',
  'exit',
  'exit_group',
  'epoll_create1',
  'epoll_ctl',
  'epoll_wait',
  'epoll_pwait',
  'eventfd2',
  'pipe2',
  'getrandom',
  'shutdown',
  'getsockname',
  'getsockopt',
];

const ownThreads: readonly Rule[] = [
  { call: 'clone', verdict: 'allow', when: { argument: 0, hasAnyBit: CLONE_THREAD } },
  { call: 'clone3', verdict: 'unknown' },
  { call: 'prctl', verdict: 'allow', when: { argument: 0, isOneOf: [PR_SET_NAME, PR_GET_NAME, PR_SET_VMA] } },
  {
    call: 'fcntl',
    verdict: 'allow',
    when: { argument: 1, isOneOf: [F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD_CLOEXEC] },
  },
  { call: 'ioctl', verdict: 'allow', when: { argument: 1, isOneOf: [FIONBIO, FIOCLEX] } },
];

/** An allow-list: no opening of anything, no sockets, no processes, no signals. Default: refuse. */
export const partitionRules: readonly Rule[] = [
  ...rules('allow', harmless),
  ...ownThreads,
  // Where a VP's thread sleeps (platform/frame-socket.ts).
  ...rules('allow', ['ppoll']),
  // V8 compiles guests here, so executable mappings must stay possible.
  ...rules('allow', ['mmap', 'mprotect', 'pkey_mprotect', 'pkey_alloc', 'pkey_free']),
];

/** The same for the root partition: no executable mapping; file data on given descriptors; descriptors passed in. */
export const rootPartitionRules: readonly Rule[] = [
  ...rules('allow', harmless),
  ...ownThreads,
  { call: 'mmap', verdict: 'allow', when: { argument: 2, hasNoBit: PROT_EXEC } },
  { call: 'mprotect', verdict: 'allow', when: { argument: 2, hasNoBit: PROT_EXEC } },
  ...rules('allow', [
    'pread64',
    'pwrite64',
    'preadv',
    'preadv2',
    'pwritev',
    'fsync',
    'fdatasync',
    'fallocate',
    'ftruncate',
    'flock',
    'statx',
    'recvmsg',
    'sendmsg',
  ]),
];
