// Runs every kernel at both levels. On RISC-V it is entered in M mode with nothing set up, leaves the checksums in memory
// (begin_signature), and ends by HTIF; elsewhere it prints them.
#include "kernels.h"

#define NAME(name) #name,
static const char *const names[] = {KERNELS(NAME)};
#define COUNT (sizeof names / sizeof *names)
#define PAIR(name) {plain_##name, fast_##name},
static uint64_t (*const kernels[][2])(uint64_t rounds) = {KERNELS(PAIR)};
enum { ROUNDS = 2 };

uint64_t begin_signature[2 * COUNT];

static void run_all(void) {
  for (size_t i = 0; i < 2 * COUNT; i++) begin_signature[i] = kernels[i / 2][i % 2](ROUNDS);
}

#ifdef __riscv
volatile uint64_t tohost __attribute__((aligned(64)));
uint8_t stack[16384] __attribute__((aligned(16)));
uint64_t interrupts;

/* An interrupt is counted, and no other let in until someone enables one. */
__asm__(
    ".section .text.start, \"ax\"\n"
    ".globl done\n"
    "  la sp, stack + 16384\n"
    "  la t0, handler\n"
    "  csrw mtvec, t0\n"
    "  lui t0, 2\n"
    "  csrs mstatus, t0\n"
    "  csrw fcsr, zero\n"
    "  call start\n"
    "done:\n"
    "  j done\n"
    "  .align 2\n"
    "handler:\n"
    "  addi sp, sp, -16\n"
    "  sd t0, 0(sp)\n"
    "  sd t1, 8(sp)\n"
    "  la t0, interrupts\n"
    "  ld t1, 0(t0)\n"
    "  addi t1, t1, 1\n"
    "  sd t1, 0(t0)\n"
    "  csrw mie, zero\n"
    "  ld t0, 0(sp)\n"
    "  ld t1, 8(sp)\n"
    "  addi sp, sp, 16\n"
    "  mret\n"
    ".text\n");

void start(void) {
  run_all();
  tohost = 1;
}

/* What the compiler expects to be there. */
void *memcpy(void *restrict to, const void *restrict from, size_t count) {
  uint8_t *out = to;
  const uint8_t *in = from;
  while (count--) *out++ = *in++;
  return to;
}

void *memset(void *to, int value, size_t count) {
  uint8_t *out = to;
  while (count--) *out++ = (uint8_t)value;
  return to;
}
#else
#include <stdio.h>

int main(void) {
  run_all();
  for (size_t i = 0; i < 2 * COUNT; i++)
    printf("%s-%s %016llx\n", i % 2 ? "fast" : "plain", names[i / 2], (unsigned long long)begin_signature[i]);
}
#endif
