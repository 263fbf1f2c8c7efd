// The command line `cofferdam`: bundled to dist/cli.js, started by bin.mjs. It has the SDK's powers and no others.
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { Command, CommanderError } from 'commander';
import { installationTop } from '../../../hypervisor/index.ts';
import { doctorCommand } from './doctor-command.ts';
import { escapeCommand } from './escape-command.ts';
import {
  describeError,
  EXIT_INTERNAL,
  EXIT_SIGNAL_BASE,
  EXIT_USAGE,
  exitStatusOfError,
} from './exit-status.ts';
import { imageCommand, listCommand } from './image-command.ts';
import { runCommand } from './run-command.ts';
import { startCommand } from './start-command.ts';

const isDebugging = process.env['COFFERDAM_DEBUG'] === '1';

function fail(error: unknown): never {
  process.stderr.write(`cofferdam: ${describeError(error, isDebugging)}\n`);
  process.exit(EXIT_INTERNAL);
}
// Whoever read the output has seen enough, as with `cofferdam list | head -1`.
process.stdout.on('error', (error: NodeJS.ErrnoException) =>
  error.code === 'EPIPE' ? process.exit(EXIT_SIGNAL_BASE + constants.signals.SIGPIPE) : fail(error),
);
process.on('uncaughtException', fail);
process.on('unhandledRejection', fail);

function program(finish: (status: number) => void): Command {
  const { version } = JSON.parse(readFileSync(join(installationTop, 'package.json'), 'utf8')) as {
    version: string;
  };
  const top = new Command('cofferdam')
    .description('Runs guests that nobody needs to trust: each in a WebAssembly sandbox in a jailed process.')
    .version(`${version} (engine ${process.version})`)
    .enablePositionalOptions()
    .showHelpAfterError('("--help" shows what there is)')
    .addHelpText(
      'after',
      '\nExamples:\n  cofferdam start\n  cofferdam run hello\n  cofferdam image build linux-tiny\n  cofferdam run linux-tiny --stats\n  cofferdam doctor\n  cofferdam escape run\n\nCOFFERDAM_DEBUG=1 shows stacks of errors.',
    );
  for (const command of [
    startCommand(finish),
    runCommand(finish),
    listCommand(),
    imageCommand(),
    doctorCommand(finish),
    escapeCommand(finish),
  ]) {
    top.addCommand(command);
  }
  const throwing = (command: Command): void => {
    command.exitOverride();
    for (const each of command.commands) throwing(each);
  };
  throwing(top);
  return top;
}

async function main(): Promise<number> {
  let status = 0;
  try {
    await program((given) => {
      status = given;
    }).parseAsync();
    return status;
  } catch (error) {
    // commander has said what was wrong; help and version are no errors.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_USAGE;
    process.stderr.write(`cofferdam: ${describeError(error, isDebugging)}\n`);
    return exitStatusOfError(error);
  }
}

// exitCode, not exit(): output to a pipe may still be on its way.
process.exitCode = await main();
