// Compiled C for the comparison of engines: what compilers make of ordinary code differs from what random programs do.
// Every kernel computes for some rounds and gives a checksum that any machine must come to.
#ifndef KERNELS_H
#define KERNELS_H
#include <stddef.h>
#include <stdint.h>

/* Each file is compiled twice, with LEVEL plain (unoptimised) and fast. */
#define JOIN(a, b) a##_##b
#define NAMED(level, name) JOIN(level, name)
#define KERNEL(name) uint64_t NAMED(LEVEL, name)(uint64_t rounds)

#define KERNELS(each) \
  each(sort) each(structures) each(digest) each(numbers) each(matrix) each(floats) each(bytes) each(machine) \
  each(recursion) each(turns) each(atomics)

#define DECLARE(name) \
  uint64_t plain_##name(uint64_t rounds); \
  uint64_t fast_##name(uint64_t rounds);
KERNELS(DECLARE)

/* The next pseudo-random number (xorshift64). */
static inline uint64_t next_random(uint64_t *state) {
  uint64_t x = *state;
  x ^= x << 13;
  x ^= x >> 7;
  x ^= x << 17;
  return *state = x;
}

static inline uint64_t mix(uint64_t checksum, uint64_t value) {
  return (checksum ^ value) * 0x9e3779b97f4a7c15u + (checksum >> 29);
}
#endif
