// One kernel: does `rounds` rounds of its work and gives a checksum of what it computed.
#ifndef BENCH_H
#define BENCH_H
#include <stdint.h>

uint64_t bench_core(uint64_t rounds);
uint64_t bench_records(uint64_t rounds);
uint64_t bench_sha256(uint64_t rounds);
uint64_t bench_quicksort(uint64_t rounds);
uint64_t bench_matrix_int(uint64_t rounds);
uint64_t bench_matrix_double(uint64_t rounds);
uint64_t bench_fib(uint64_t rounds);
uint64_t bench_getpid(uint64_t rounds);
uint64_t bench_fault(uint64_t rounds);
uint64_t bench_pipe(uint64_t rounds);
uint64_t bench_exec(uint64_t rounds);

/* The next pseudo-random number (xorshift64). */
static inline uint64_t next_random(uint64_t *state) {
  uint64_t x = *state;
  x ^= x << 13;
  x ^= x >> 7;
  x ^= x << 17;
  return *state = x;
}
#endif
