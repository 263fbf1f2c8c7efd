// Writes the generated files of the hart from the instruction tables: node guests/riscv/isa/generate.ts
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { decoderFileText } from './generate-decoder.ts';
import { interpreterText } from './generate-interpreter.ts';

const hart = join(dirname(fileURLToPath(import.meta.url)), '../machine/hart');

/** Each generated file's path and what it must contain. */
export const generatedFiles = (): Map<string, string> =>
  new Map([
    [join(hart, 'interpreter.generated.ts'), interpreterText()],
    [join(hart, 'decoder.generated.ts'), decoderFileText()],
  ]);

if (process.argv[1] === fileURLToPath(import.meta.url))
  for (const [path, text] of generatedFiles()) writeFileSync(path, text);
