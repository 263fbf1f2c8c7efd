// Writes attack-surface.json from the code, or checks it. What is found and how: surfaces/; what holds it: links/.
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { composeSurface, differences, SURFACE_FILE, surfaceText } from './compose.ts';
import { signatureLine } from './review-records.ts';

const top = join(dirname(fileURLToPath(import.meta.url)), '../../..');

const HELP = `Lists everything by which somebody reaches code that must not believe him, from the code itself.

usage: npm run surface -- [options]

  (none)             writes ${SURFACE_FILE}, and says what is missing
  --check            writes nothing; fails when the file is not what the code makes, or something is missing
  --unsigned [GROUP] prints the entries that no review signs off, as the lines that would sign them
  --json             with --check: an object with the problems and the number of entries
  --help             this

examples:
  npm run surface -- --check
  npm run surface -- --unsigned hypercalls >> hypervisor/docs/reviews/hypercalls.md

To add a surface: write the code and its validator, name both in links/, write a fuzz target and an escape attempt, run
this, read the code as an attacker, and put what you found and the lines of --unsigned into hypervisor/docs/reviews.
Exit status: 0 all is well, 1 something is missing or differs, 2 wrong usage.`;

function parseCommandLine() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        check: { type: 'boolean', default: false },
        unsigned: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    process.stderr.write(`surface: ${(error as Error).message}; --help explains\n`);
    process.exit(2);
  }
}

const { values, positionals } = parseCommandLine();
if (values.help) {
  process.stdout.write(`${HELP}\n`);
  process.exit(0);
}
if (positionals.length > (values.unsigned ? 1 : 0) || (values.json && !values.check)) {
  process.stderr.write('surface: expected options of --help, and a group behind --unsigned alone\n');
  process.exit(2);
}
const { entries, problems, closed } = await composeSurface(top);
if (values.unsigned) {
  const wanted = entries.filter(
    ({ review, group }) => review === null && group === (positionals[0] ?? group),
  );
  for (const { id, hash } of wanted) process.stdout.write(`${signatureLine(id, hash)}\n`);
} else {
  if (!values.check) writeFileSync(join(top, SURFACE_FILE), surfaceText(entries));
  const all = [...(values.check ? differences(top, entries) : []), ...problems];
  if (values.json)
    process.stdout.write(`${JSON.stringify({ entries: entries.length, problems: all }, null, 2)}\n`);
  else for (const problem of all) process.stderr.write(`${problem}\n`);
  for (const { kind, name } of closed) process.stderr.write(`open.ts: ${kind} ${name} is there by now\n`);
  process.stderr.write(`${entries.length} entries, ${all.length} problems\n`);
  process.exitCode = all.length > 0 ? 1 : 0;
}
