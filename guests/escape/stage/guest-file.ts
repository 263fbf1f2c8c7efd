// Where the build puts the escape attempts' guests.
import { join } from 'node:path';
import { installationTop } from '../../../hypervisor/index.ts';

/** @param folder of guests/escape, that has a guest.ts */
export const guestFile = (folder: string): string =>
  join(installationTop, 'build/test-guests/escape', `${folder}.wasm`);
