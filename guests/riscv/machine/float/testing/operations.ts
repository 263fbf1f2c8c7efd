// The operations under test, in the order of their numbers in entry.ts and oracle.c.

export type OperandType = 'f32' | 'f64' | 'i32' | 'u32' | 'i64' | 'u64';

export interface Operation {
  name: string;
  operands: OperandType[];
  /** `register`: an integer as the instruction writes it to a 64-bit register. */
  result: 'f32' | 'f64' | 'register';
  /** Whether the rounding mode can matter. */
  rounds: boolean;
}

function operation(name: string, operands: string, result: Operation['result'], rounds = true): Operation {
  return { name, operands: operands.split(' ') as OperandType[], result, rounds };
}

function operationsOn(format: 'f32' | 'f64'): Operation[] {
  const pair = `${format} ${format}`;
  const upper = format.toUpperCase();
  return [
    operation(`${format}Add`, pair, format),
    operation(`${format}Sub`, pair, format),
    operation(`${format}Mul`, pair, format),
    operation(`${format}Div`, pair, format),
    operation(`${format}Sqrt`, format, format),
    operation(`${format}MulAdd`, `${pair} ${format}`, format),
    operation(`${format}Min`, pair, format, false),
    operation(`${format}Max`, pair, format, false),
    operation(`${format}Eq`, pair, 'register', false),
    operation(`${format}Lt`, pair, 'register', false),
    operation(`${format}Le`, pair, 'register', false),
    operation(`${format}Classify`, format, 'register', false),
    operation(`${format}ToI32`, format, 'register'),
    operation(`${format}ToU32`, format, 'register'),
    operation(`${format}ToI64`, format, 'register'),
    operation(`${format}ToU64`, format, 'register'),
    operation(`i32To${upper}`, 'i32', format),
    operation(`u32To${upper}`, 'u32', format),
    operation(`i64To${upper}`, 'i64', format),
    operation(`u64To${upper}`, 'u64', format),
  ];
}

export const operations: Operation[] = [
  ...operationsOn('f32'),
  ...operationsOn('f64'),
  operation('f64ToF32', 'f64', 'f32'),
  operation('f32ToF64', 'f32', 'f64', false),
];
