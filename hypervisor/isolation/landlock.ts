// Landlock: the calling thread gives up the file system but for a few paths, TCP, and signals and abstract sockets
// outside its domain (Linux: Documentation/userspace-api/landlock.rst). Inherited by everything it spawns.
import { closeSync, fstatSync, openSync } from 'node:fs';
import { hasForeignFunctions, mustSystemCall, systemCall } from './foreign-functions.ts';

const CREATE_RULESET_VERSION = 1;
const RULE_PATH_BENEATH = 1;
const O_PATH = 0o10000000;
const O_CLOEXEC = 0o2000000;

const FS_EXECUTE = 1n << 0n;
const FS_WRITE_FILE = 1n << 1n;
const FS_READ_FILE = 1n << 2n;
const FS_READ_DIR = 1n << 3n;
const NET_BIND_AND_CONNECT = 3n;
const SCOPE_ABSTRACT_SOCKETS_AND_SIGNALS = 3n;

/** File rights known to each ABI version: 1 has 13, 2 adds refer, 3 truncate, 5 device ioctls. */
const fileRights = (abi: number): bigint =>
  (1n << BigInt(abi >= 5 ? 16 : abi >= 3 ? 15 : abi >= 2 ? 14 : 13)) - 1n;

/** What a path, and everything beneath it, stays good for. */
export interface PathGrant {
  path: string;
  access: 'read' | 'read-and-execute' | 'read-and-write';
}

/** The kernel's Landlock ABI version; 0 when it has none or it is switched off. */
export function landlockAbi(): number {
  if (!hasForeignFunctions()) return 0;
  return Math.max(0, systemCall('landlock_create_ruleset', 0, 0, CREATE_RULESET_VERSION));
}

/** What this kernel's Landlock does not cover, in words; empty for ABI 6 and later. */
export function landlockGaps(abi: number): string[] {
  const gaps: string[] = [];
  if (abi < 3) gaps.push('truncating files (ABI 3)');
  if (abi < 4) gaps.push('TCP bind and connect (ABI 4; seccomp refuses sockets anyway)');
  if (abi < 6) gaps.push('signals and abstract sockets (ABI 6; seccomp refuses both anyway)');
  return gaps;
}

/** Confines the calling thread. no_new_privs must be set. Paths that do not exist are left out. */
export function restrictSelf(grants: readonly PathGrant[]): void {
  const abi = landlockAbi();
  const attributes = new Uint8Array(24);
  const view = new DataView(attributes.buffer);
  view.setBigUint64(0, fileRights(abi), true);
  if (abi >= 4) view.setBigUint64(8, NET_BIND_AND_CONNECT, true);
  if (abi >= 6) view.setBigUint64(16, SCOPE_ABSTRACT_SOCKETS_AND_SIGNALS, true);
  const size = abi >= 6 ? 24 : abi >= 4 ? 16 : 8;
  const ruleset = mustSystemCall('landlock_create_ruleset', attributes, size, 0);
  try {
    for (const grant of grants) addPath(ruleset, grant);
    mustSystemCall('landlock_restrict_self', ruleset, 0);
  } finally {
    closeSync(ruleset);
  }
}

const accessBits: Record<PathGrant['access'], bigint> = {
  read: FS_READ_FILE | FS_READ_DIR,
  'read-and-execute': FS_READ_FILE | FS_READ_DIR | FS_EXECUTE,
  'read-and-write': FS_READ_FILE | FS_WRITE_FILE,
};

function addPath(ruleset: number, grant: PathGrant): void {
  let fd: number;
  try {
    fd = openSync(grant.path, O_PATH | O_CLOEXEC);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  try {
    const isDirectory = fstatSync(fd).isDirectory();
    // struct landlock_path_beneath_attr, packed: rights u64, parent fd s32.
    const attribute = new Uint8Array(12);
    const view = new DataView(attribute.buffer);
    const rights = accessBits[grant.access];
    view.setBigUint64(0, isDirectory ? rights : rights & ~FS_READ_DIR, true);
    view.setInt32(8, fd, true);
    mustSystemCall('landlock_add_rule', ruleset, RULE_PATH_BENEATH, attribute, 0);
  } finally {
    closeSync(fd);
  }
}
