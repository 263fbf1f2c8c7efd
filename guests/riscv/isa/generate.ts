// Writes the generated files of the hart from the instruction tables: node guests/riscv/isa/generate.ts
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { decoderFileText } from './generate-decoder.ts';
import { interpreterText } from './generate-interpreter.ts';
import { translatorText } from './generate-translator.ts';

const folder = dirname(fileURLToPath(import.meta.url));
const hart = join(folder, '../machine/hart');
const translator = join(folder, '../translator');

/** Each generated file's path and what it must contain. */
export const generatedFiles = (): Map<string, string> =>
  new Map([
    [join(hart, 'interpreter.generated.ts'), interpreterText()],
    [join(hart, 'decoder.generated.ts'), decoderFileText()],
    [join(translator, 'instructions.generated.ts'), translatorText()],
  ]);

if (process.argv[1] === fileURLToPath(import.meta.url))
  for (const [path, text] of generatedFiles()) writeFileSync(path, text);
