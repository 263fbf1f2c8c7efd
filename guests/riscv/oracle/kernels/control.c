// A bytecode machine, recursion, tail calls, jumps out of calls, and pieces of code that run in turn: transfers of control.
#include "kernels.h"

enum operation { PUSH, ADD, MULTIPLY, XOR, DUPLICATE, SWAP, DECREMENT, LOOP, SHIFT, CALL, RETURN, HALT };

static uint64_t execute(const uint8_t *code, uint64_t seed) {
  uint64_t stack[16];
  const uint8_t *returns[8];
  int top = 0, depth = 0;
  stack[0] = seed;
  for (const uint8_t *at = code;;) switch ((enum operation)*at++) {
      case PUSH:
        stack[++top] = *at++;
        break;
      case ADD:
        top--;
        stack[top] += stack[top + 1];
        break;
      case MULTIPLY:
        top--;
        stack[top] *= stack[top + 1];
        break;
      case XOR:
        top--;
        stack[top] ^= stack[top + 1];
        break;
      case DUPLICATE:
        stack[top + 1] = stack[top];
        top++;
        break;
      case SWAP: {
        uint64_t swapped = stack[top];
        stack[top] = stack[top - 1];
        stack[top - 1] = swapped;
        break;
      }
      case DECREMENT:
        stack[top]--;
        break;
      case LOOP:
        at = stack[top] ? at - *at : at + 1;
        break;
      case SHIFT:
        stack[top] = stack[top] >> 3 | stack[top] << 61;
        break;
      case CALL:
        returns[depth++] = at + 1;
        at = code + *at;
        break;
      case RETURN:
        at = returns[--depth];
        break;
      case HALT:
        return mix(stack[0], (uint64_t)top);
    }
}

KERNEL(machine) {
  static const uint8_t code[] = {
      PUSH, 20, /* 2: */ SWAP, CALL, 14, CALL, 19, SWAP, DECREMENT, LOOP, 8, ADD, HALT, HALT,
      /* 14: */ DUPLICATE, SHIFT, XOR, RETURN, HALT, /* 19: */ PUSH, 37, MULTIPLY, PUSH, 11, ADD, CALL, 14, RETURN};
  uint64_t checksum = 1;
  for (uint64_t round = 0; round < 2 * rounds; round++) checksum = execute(code, checksum);
  return checksum;
}

__attribute__((noinline)) static uint64_t fibonacci(uint64_t n) { return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2); }

__attribute__((noinline)) static uint64_t ackermann(uint64_t m, uint64_t n) {
  if (!m) return n + 1;
  return n ? ackermann(m - 1, ackermann(m, n - 1)) : ackermann(m - 1, 1);
}

static uint64_t is_odd(uint64_t n);
__attribute__((noinline)) static uint64_t is_even(uint64_t n) { return n ? is_odd(n - 1) : 1; }
__attribute__((noinline)) static uint64_t is_odd(uint64_t n) { return n ? is_even(n - 1) : 0; }

static int queens(int row, unsigned columns, unsigned left, unsigned right, unsigned all) {
  if (columns == all) return 1;
  int count = 0;
  for (unsigned free = all & ~(columns | left | right); free; free &= free - 1) {
    unsigned bit = free & -free;
    count += queens(row + 1, columns | bit, (left | bit) << 1, (right | bit) >> 1, all);
  }
  return count;
}

typedef uint64_t (*step_fn)(uint64_t);
static uint64_t step_up(uint64_t x) { return x * 3 + 1; }
static uint64_t step_down(uint64_t x) { return x / 2; }
static uint64_t step_around(uint64_t x) { return x >> 1 | x << 63; }

/* Leaves any number of calls at once. */
static uintptr_t escape[5];

__attribute__((noinline)) static void search(uint64_t depth, uint64_t goal) {
  if (depth == goal) __builtin_longjmp((void **)escape, 1);
  if (depth < 12) search(depth + 1, goal);
}

__attribute__((noinline)) static uint64_t find(uint64_t goal) {
  if (__builtin_setjmp((void **)escape)) return 17;
  search(0, goal);
  return 4;
}

KERNEL(recursion) {
  static const step_fn steps[] = {step_down, step_up, step_around};
  uint64_t checksum = 0;
  for (uint64_t round = 0; round < rounds; round++) {
    checksum = mix(checksum, fibonacci(11 + round % 2));
    checksum = mix(checksum, ackermann(2, 5 + round % 3));
    checksum = mix(checksum, is_even(100 + round) + 2 * is_odd(7 * round));
    checksum = mix(checksum, (uint64_t)queens(0, 0, 0, 0, 31));
    uint64_t value = 27 + round;
    for (int i = 0; i < 60; i++) value = steps[i % 7 == 6 ? 2 : value & 1](value);
    checksum = mix(checksum, value);
    for (uint64_t goal = 0; goal < 16; goal += 3) checksum = mix(checksum, find(goal));
  }
  return checksum;
}

/* A producer that is asked for one value after the other. */
struct producer {
  uint64_t value, step, stack_pointer;
};

#ifdef __riscv
/* Goes on at the other's last place with the other's stack; both return to where they were left. */
void switch_stacks(uint64_t *save, uint64_t load);
#ifdef WITH_SWITCH
__asm__(
    ".globl switch_stacks\n"
    "switch_stacks:\n"
    "  addi sp, sp, -112\n"
    "  sd ra, 0(sp)\n  sd s0, 8(sp)\n  sd s1, 16(sp)\n  sd s2, 24(sp)\n  sd s3, 32(sp)\n  sd s4, 40(sp)\n"
    "  sd s5, 48(sp)\n  sd s6, 56(sp)\n  sd s7, 64(sp)\n  sd s8, 72(sp)\n  sd s9, 80(sp)\n  sd s10, 88(sp)\n"
    "  sd s11, 96(sp)\n"
    "  sd sp, 0(a0)\n"
    "  mv sp, a1\n"
    "  ld ra, 0(sp)\n  ld s0, 8(sp)\n  ld s1, 16(sp)\n  ld s2, 24(sp)\n  ld s3, 32(sp)\n  ld s4, 40(sp)\n"
    "  ld s5, 48(sp)\n  ld s6, 56(sp)\n  ld s7, 64(sp)\n  ld s8, 72(sp)\n  ld s9, 80(sp)\n  ld s10, 88(sp)\n"
    "  ld s11, 96(sp)\n"
    "  addi sp, sp, 112\n"
    "  ret\n");
#endif

static struct producer *current;
static uint64_t main_stack;

static void produce(void) {
  for (;;) {
    for (int i = 0; i < 3; i++) {
      current->value = mix(current->value, current->step + (uint64_t)i);
      switch_stacks(&current->stack_pointer, main_stack);
    }
    current->step++;
  }
}

static uint64_t next_value(struct producer *producer) {
  current = producer;
  switch_stacks(&main_stack, producer->stack_pointer);
  return producer->value;
}

static void prepare(struct producer *producer, uint64_t *stack, size_t words) {
  uint64_t *frame = stack + words - 14;
  for (int i = 0; i < 14; i++) frame[i] = 0;
  frame[0] = (uint64_t)produce;
  producer->stack_pointer = (uint64_t)frame;
}

/* Runs `addi a0, a0, first; xori a0, a0, second; ret`, written anew each time. */
static uint64_t compute(uint64_t value, int first, int second) {
  static uint32_t code[3];
  code[0] = (uint32_t)first << 20 | 0x00050513;
  code[1] = (uint32_t)second << 20 | 0x00054513;
  code[2] = 0x00008067;
  __asm__ volatile("fence.i" ::: "memory");
  return ((uint64_t (*)(uint64_t))code)(value);
}
#else
static uint64_t next_value(struct producer *producer) {
  producer->value = mix(producer->value, producer->step + producer->stack_pointer);
  if (++producer->stack_pointer == 3) {
    producer->stack_pointer = 0;
    producer->step++;
  }
  return producer->value;
}

static void prepare(struct producer *producer, uint64_t *stack, size_t words) {
  (void)stack, (void)words;
  producer->stack_pointer = 0;
}

static uint64_t compute(uint64_t value, int first, int second) {
  return (value + (uint64_t)(int64_t)first) ^ (uint64_t)(int64_t)second;
}
#endif

KERNEL(turns) {
  enum { WORDS = 256 };
  static uint64_t stacks[2][WORDS] __attribute__((aligned(16)));
  struct producer producers[2] = {{1, 10, 0}, {2, 20, 0}};
  uint64_t checksum = 0;
  for (int i = 0; i < 2; i++) prepare(&producers[i], stacks[i], WORDS);
  for (uint64_t round = 0; round < 20 * rounds; round++) {
    checksum = mix(checksum, next_value(&producers[round % 3 == 1]));
    if (round % 4 == 0) checksum = compute(checksum, (int)(round & 2047), -(int)(round & 1023));
    if (round % 4 == 0) checksum = compute(checksum, 1, (int)(round & 7));
  }
  return checksum;
}
