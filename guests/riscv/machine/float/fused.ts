// The engine's own multiply-add (WebAssembly relaxed SIMD: f64x2.relaxed_madd). It rounds once or twice as the
// processor has it, the same way for the life of an instance; only the fused kind is of use here.

export function relaxedMulAdd(x: f64, y: f64, z: f64): f64 {
  return f64x2.extract_lane(f64x2.relaxed_madd(f64x2.splat(x), f64x2.splat(y), f64x2.splat(z)), 0);
}

/**
 * Whether it is fused on this machine, asked when the module starts: (1 + 2^-52)(1 - 2^-52) - 1 is -2^-104, and 0
 * if the product is rounded first. A fact about the host, not a part of the guest's state.
 */
export const isFused: bool = relaxedMulAdd(1 + f64.EPSILON, 1 - f64.EPSILON, -1) != 0;
