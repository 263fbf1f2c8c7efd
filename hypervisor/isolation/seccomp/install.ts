// Installs a filter on the calling thread or on all threads of the process (seccomp(2)).
import {
  addressOf,
  architecture,
  mustSystemCall,
  SystemCallError,
  systemCall,
} from '../foreign-functions.ts';
import { assembleFilter, encodeFilter, type Rule, type Verdict } from './filter.ts';

const SECCOMP_SET_MODE_FILTER = 1;
const SECCOMP_FILTER_FLAG_TSYNC = 1;
const PR_SET_NO_NEW_PRIVS = 38;

/** Sets no_new_privs on the calling thread; a filter cannot be installed without it. */
export function setNoNewPrivileges(): void {
  mustSystemCall('prctl', PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

/**
 * @param scope `thread`: the calling thread and what it spawns; `process`: all threads, now and later
 * @throws SystemCallError when the kernel refuses, or when one thread could not be covered
 */
export function installFilter(rules: readonly Rule[], otherwise: Verdict, scope: 'thread' | 'process'): void {
  if (architecture === undefined)
    throw new SystemCallError('seccomp filters are known for x86-64 and arm64 only');
  const program = encodeFilter(assembleFilter(architecture, rules, otherwise));
  const header = new Uint8Array(16);
  const view = new DataView(header.buffer);
  view.setUint16(0, program.length / 8, true);
  view.setBigUint64(8, addressOf(program), true);
  const flags = scope === 'process' ? SECCOMP_FILTER_FLAG_TSYNC : 0;
  const result = systemCall('seccomp', SECCOMP_SET_MODE_FILTER, flags, header);
  // With TSYNC a positive result is the id of a thread that could not be synchronised.
  if (result !== 0) throw new SystemCallError(`seccomp filter not installed (${result})`);
}

/** The same for who goes on without, and says so. @returns whether it is installed */
export function tryInstallFilter(...filter: Parameters<typeof installFilter>): boolean {
  try {
    installFilter(...filter);
    return true;
  } catch (error) {
    if (error instanceof SystemCallError) return false;
    throw error;
  }
}
