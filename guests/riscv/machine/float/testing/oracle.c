/* Writes test records for the floating-point code: operands that this program chooses, results and flags from a
 * machine that is not ours. Built twice from this source:
 *   riscv64-linux-gnu-gcc -O1 -static -o oracle-riscv oracle.c            run by qemu-riscv64: everything
 *   gcc -O1 -mfma -frounding-math -o oracle-x86 oracle.c -lm              the host's FPU: what it has in common
 * Usage: oracle-… SEED COUNT > records. The same seed gives the same operands in both.
 * Record, 40 bytes, little-endian: operation, rounding mode, flags, known (0: this machine cannot tell), 4 bytes
 * of zeros, three operands, result. Operation numbers are indices into `operations` in operations.ts. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  uint8_t operation, rm, flags, known, zeros[4];
  uint64_t a, b, c, result;
} Record;

enum { ADD, SUB, MUL, DIV, SQRT, MULADD, MIN, MAX, EQ, LT, LE, CLASSIFY, TO_I32, TO_U32, TO_I64, TO_U64,
       FROM_I32, FROM_U32, FROM_I64, FROM_U64, OPERATIONS_PER_FORMAT, F64_TO_F32 = 40, F32_TO_F64, OPERATIONS };

/* ---- operands ---- */

static uint64_t state;
static uint64_t randomWord(void) { /* splitmix64 */
  uint64_t z = (state += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}
static uint64_t below(uint64_t n) { return randomWord() % n; }

/* A number of `width` bits made of a few runs of ones, where carries and ties happen. */
static uint64_t runs(int width) {
  uint64_t value = 0;
  for (int i = below(3); i >= 0; i--) value ^= (1ull << below(width)) - (below(2) ? 1ull << below(width) : 0);
  return value & ((1ull << width) - 1);
}

/* Operands of a format with `fractionBits` and exponents of `exponentBits`; `near` is another operand. */
static uint64_t operand(int fractionBits, int exponentBits, uint64_t near) {
  const uint64_t one = 1, exponentMax = (one << exponentBits) - 1, bias = exponentMax >> 1;
  const uint64_t sign = below(2) << (fractionBits + exponentBits), fractionMask = (one << fractionBits) - 1;
  uint64_t fraction, exponent;
  switch (below(8)) {
    case 0: fraction = 0; break;
    case 1: fraction = fractionMask - below(3); break;
    case 2: fraction = below(4); break;
    case 3: case 4: fraction = runs(fractionBits); break;
    case 5: fraction = (near & fractionMask) + below(5) - 2; break;
    default: fraction = randomWord();
  }
  switch (below(16)) {
    case 0: exponent = 0; break;
    case 1: exponent = exponentMax; if (below(2)) fraction = below(2) << (fractionBits - 1); break;
    case 2: exponent = 1 + below(3); break;
    case 3: exponent = exponentMax - 1 - below(3); break;
    case 4: exponent = bias / 2 + below(fractionBits + 4); break;      /* products near the subnormals */
    case 5: exponent = bias + bias / 2 - 2 + below(5); break;          /* products near overflow */
    case 6: exponent = below(fractionBits + 4); break;
    case 7: case 8: exponent = bias + below(66) - 1; break;            /* integers and halves of them */
    case 9: case 10: exponent = bias + below(5) - 2; break;
    case 11: case 12: exponent = ((near >> fractionBits) & exponentMax) + below(5) - 2; break;
    case 13: exponent = ((near >> fractionBits) & exponentMax) + below(2 * fractionBits + 8) - fractionBits - 4; break;
    default: exponent = randomWord();
  }
  return sign | (exponent & exponentMax) << fractionBits | (fraction & fractionMask);
}

static uint64_t integer(void) {
  int width = 1 + below(64);
  uint64_t value;
  switch (below(4)) {
    case 0: value = randomWord() >> (64 - width); break;
    case 1: value = (1ull << (width - 1)) + below(5) - 2; break;
    case 2: value = (randomWord() | 1ull << 63) >> (64 - width);       /* leading bits, then a tie or nearly */
      if (width > 25) value = (value >> (width - 25) << (width - 25)) + below(3) - 1;
      break;
    default: value = runs(63) << below(2);
  }
  return below(2) ? 0 - value : value;
}

static uint64_t floatOperand(int isDouble, uint64_t near) {
  return isDouble ? operand(52, 11, near) : operand(23, 8, near);
}

/* ---- results ---- */

static float f32Of(uint64_t bits) { uint32_t low = bits; float x; memcpy(&x, &low, 4); return x; }
static double f64Of(uint64_t bits) { double x; memcpy(&x, &bits, 8); return x; }
static uint64_t bitsOf32(float x) { uint32_t bits; memcpy(&bits, &x, 4); return bits; }
static uint64_t bitsOf64(double x) { uint64_t bits; memcpy(&bits, &x, 8); return bits; }

/* An addend that nearly cancels the product, now and then: the hard case of the fused operation. */
static uint64_t addend(int isDouble, uint64_t a, uint64_t b) {
  if (below(3)) return floatOperand(isDouble, below(2) ? a : b);
  uint64_t product = isDouble ? bitsOf64(f64Of(a) * f64Of(b)) : bitsOf32(f32Of(a) * f32Of(b));
  if ((product & (isDouble ? ~0ull >> 1 : 0x7fffffff)) > (isDouble ? 0x7ffull << 52 : 0x7f800000)) product = a; /* NaN */
  product ^= below(4) ? 1ull << (isDouble ? 63 : 31) : 0;
  return (product + (below(2) ? below(5) - 2 : 0)) & (isDouble ? ~0ull : 0xffffffff);
}

#ifdef __riscv
#define RUN(text, out, ...) \
  __asm__ volatile("fsflags zero\n" text "\nfrflags %1" : out, "=&r"(flags) : __VA_ARGS__ : "memory")
#define SAME(number, name) \
  case number: RUN(name ".s %0, %2, %3", "=&f"(x), "f"(a), "f"(b)); r->result = bitsOf32(x); break; \
  case 20 + number: RUN(name ".d %0, %2, %3", "=&f"(X), "f"(A), "f"(B)); r->result = bitsOf64(X); break;
#define PREDICATE(number, name) \
  case number: RUN(name ".s %0, %2, %3", "=&r"(i), "f"(a), "f"(b)); r->result = i; break; \
  case 20 + number: RUN(name ".d %0, %2, %3", "=&r"(i), "f"(A), "f"(B)); r->result = i; break;
#define TO(number, name, rm) \
  case number: RUN(name ".s %0, %2" rm, "=&r"(i), "f"(a)); r->result = i; break; \
  case 20 + number: RUN(name ".d %0, %2" rm, "=&r"(i), "f"(A)); r->result = i; break;
#define FROM(number, name) \
  case number: RUN("fcvt.s." name " %0, %2", "=&f"(x), "r"(r->a)); r->result = bitsOf32(x); break; \
  case 20 + number: RUN("fcvt.d." name " %0, %2", "=&f"(X), "r"(r->a)); r->result = bitsOf64(X); break;

static void compute(Record *r) {
  float a = f32Of(r->a), b = f32Of(r->b), c = f32Of(r->c), x;
  double A = f64Of(r->a), B = f64Of(r->b), C = f64Of(r->c), X;
  uint64_t i, flags = 0;
  __asm__ volatile("fsrm %0" : : "r"((uint64_t)r->rm));
  switch (r->operation) {
    SAME(ADD, "fadd") SAME(SUB, "fsub") SAME(MUL, "fmul") SAME(DIV, "fdiv") SAME(MIN, "fmin") SAME(MAX, "fmax")
    PREDICATE(EQ, "feq") PREDICATE(LT, "flt") PREDICATE(LE, "fle")
    TO(CLASSIFY, "fclass", "")
    TO(TO_I32, "fcvt.w", ", dyn") TO(TO_U32, "fcvt.wu", ", dyn")
    TO(TO_I64, "fcvt.l", ", dyn") TO(TO_U64, "fcvt.lu", ", dyn")
    FROM(FROM_I32, "w") FROM(FROM_U32, "wu") FROM(FROM_I64, "l") FROM(FROM_U64, "lu")
    case SQRT: RUN("fsqrt.s %0, %2", "=&f"(x), "f"(a)); r->result = bitsOf32(x); break;
    case 20 + SQRT: RUN("fsqrt.d %0, %2", "=&f"(X), "f"(A)); r->result = bitsOf64(X); break;
    case MULADD: RUN("fmadd.s %0, %2, %3, %4", "=&f"(x), "f"(a), "f"(b), "f"(c)); r->result = bitsOf32(x); break;
    case 20 + MULADD: RUN("fmadd.d %0, %2, %3, %4", "=&f"(X), "f"(A), "f"(B), "f"(C)); r->result = bitsOf64(X); break;
    case F64_TO_F32: RUN("fcvt.s.d %0, %2", "=&f"(x), "f"(A)); r->result = bitsOf32(x); break;
    case F32_TO_F64: RUN("fcvt.d.s %0, %2", "=&f"(X), "f"(a)); r->result = bitsOf64(X); break;
  }
  __asm__ volatile("fsrm zero");
  r->flags = flags;
  r->known = 1;
}
#else
#include <immintrin.h>
#include <math.h>

/* MXCSR: invalid 1, denormal 2, divide by zero 4, overflow 8, underflow 16, inexact 32; rounding in bits 13-14. */
static const unsigned roundingControl[] = {0, 3, 1, 2};

static uint64_t canonical32(float x) { return isnan(x) ? 0x7fc00000 : bitsOf32(x); }
static uint64_t canonical64(double x) { return isnan(x) ? 0x7ff8000000000000u : bitsOf64(x); }

static void compute(Record *r) {
  volatile float a = f32Of(r->a), b = f32Of(r->b), c = f32Of(r->c), x = 0;
  volatile double A = f64Of(r->a), B = f64Of(r->b), C = f64Of(r->c), X = 0;
  volatile int64_t i = 0;
  if (r->rm > 3) return;
  int result = 0; /* 1 binary32, 2 binary64, 3 a 32-bit, 4 a 64-bit integer */
  /* Comparisons below raise flags themselves, so that the status is cleared only now. */
  int anyNan = isnan(a) || isnan(b) || isnan(c), anyNan64 = isnan(A) || isnan(B) || isnan(C);
  _mm_setcsr(0x1f80 | roundingControl[r->rm] << 13);
  switch (r->operation) {
    case ADD: x = a + b; result = 1; break;
    case SUB: x = a - b; result = 1; break;
    case MUL: x = a * b; result = 1; break;
    case DIV: x = a / b; result = 1; break;
    case SQRT: x = _mm_cvtss_f32(_mm_sqrt_ss(_mm_set_ss(a))); result = 1; break;
    case MULADD: if (!anyNan) x = __builtin_fmaf(a, b, c), result = 1; break;
    case 20 + ADD: X = A + B; result = 2; break;
    case 20 + SUB: X = A - B; result = 2; break;
    case 20 + MUL: X = A * B; result = 2; break;
    case 20 + DIV: X = A / B; result = 2; break;
    case 20 + SQRT: X = _mm_cvtsd_f64(_mm_sqrt_sd(_mm_set_sd(A), _mm_set_sd(A))); result = 2; break;
    case 20 + MULADD: if (!anyNan64) X = __builtin_fma(A, B, C), result = 2; break;
    case EQ: i = a == b; result = 4; break;
    case LT: i = a < b; result = 4; break;
    case LE: i = a <= b; result = 4; break;
    case 20 + EQ: i = A == B; result = 4; break;
    case 20 + LT: i = A < B; result = 4; break;
    case 20 + LE: i = A <= B; result = 4; break;
    /* Out of range they give the least integer, which then says nothing about RISC-V's result. */
    case TO_I32: i = _mm_cvtss_si32(_mm_set_ss(a)); result = i == INT32_MIN ? 0 : 3; break;
    case TO_I64: i = _mm_cvtss_si64(_mm_set_ss(a)); result = i == INT64_MIN ? 0 : 4; break;
    case 20 + TO_I32: i = _mm_cvtsd_si32(_mm_set_sd(A)); result = i == INT32_MIN ? 0 : 3; break;
    case 20 + TO_I64: i = _mm_cvtsd_si64(_mm_set_sd(A)); result = i == INT64_MIN ? 0 : 4; break;
    case FROM_I32: x = (float)(int32_t)r->a; result = 1; break;
    case FROM_U32: x = (float)(int64_t)(uint32_t)r->a; result = 1; break;
    case FROM_I64: x = (float)(int64_t)r->a; result = 1; break;
    case 20 + FROM_I32: X = (double)(int32_t)r->a; result = 2; break;
    case 20 + FROM_U32: X = (double)(int64_t)(uint32_t)r->a; result = 2; break;
    case 20 + FROM_I64: X = (double)(int64_t)r->a; result = 2; break;
    case F64_TO_F32: x = (float)A; result = 1; break;
    case F32_TO_F64: X = (double)a; result = 2; break;
  }
  unsigned status = _mm_getcsr();
  _mm_setcsr(0x1f80);
  if (result == 0) return;
  r->known = 1;
  r->flags = (status >> 5 & 1) | (status >> 4 & 1) << 1 | (status >> 3 & 1) << 2 | (status >> 2 & 1) << 3 |
             (status & 1) << 4;
  r->result = result == 1 ? canonical32(x) : result == 2 ? canonical64(X) : (uint64_t)i;
}
#endif

int main(int argc, char **argv) {
  if (argc != 3) return fprintf(stderr, "usage: %s SEED COUNT\n", argv[0]), 2;
  state = strtoull(argv[1], 0, 0);
  for (uint64_t left = strtoull(argv[2], 0, 0); left > 0; left--) {
    Record r = {.operation = below(OPERATIONS), .rm = below(5)};
    int isDouble = r.operation == F64_TO_F32 || (r.operation >= 20 && r.operation < 40);
    int kind = r.operation < 40 ? r.operation % 20 : -1;
    r.a = kind >= FROM_I32 ? integer() : floatOperand(isDouble, randomWord());
    if (kind >= 0 && kind <= LE && kind != SQRT) r.b = floatOperand(isDouble, r.a);
    if (kind == MULADD) r.c = addend(isDouble, r.a, r.b);
    compute(&r);
    if (fwrite(&r, sizeof r, 1, stdout) != 1) return 1;
  }
  return fflush(stdout) != 0;
}
