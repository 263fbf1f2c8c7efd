// Tries to look into the memory of the processes named on the command line, and prints which of them let it.
import { readFileSync } from 'node:fs';

const isSeen = (pid: string): boolean => {
  try {
    return readFileSync(`/proc/${pid}/maps`).length > 0;
  } catch {
    return false;
  }
};
console.log(JSON.stringify(process.argv.slice(2).filter(isSeen).map(Number)));
