// FCLASS: one bit of ten for the class of a value (RISC-V Unprivileged, "Floating-Point Classify Instruction").
import { exponentField, infinity, isNan, isNegative, isSignallingNan, magnitude } from './format.ts';

function classify<F>(a: F): u32 {
  if (isNan<F>(a)) return isSignallingNan<F>(a) ? 1 << 8 : 1 << 9;
  // Negative classes are bits 0 to 3 from infinity down to zero, positive ones mirror them in bits 7 to 4.
  let distance: u32;
  if (magnitude<F>(a) == infinity<F>()) distance = 0;
  else if (exponentField<F>(a) != 0) distance = 1;
  else distance = magnitude<F>(a) != 0 ? 2 : 3;
  return isNegative<F>(a) ? 1 << distance : 0x80 >> distance;
}

export function f32Classify(a: u32): u32 {
  return classify<u32>(a);
}

export function f64Classify(a: u64): u32 {
  return classify<u64>(a);
}
