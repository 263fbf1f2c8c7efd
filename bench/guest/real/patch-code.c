// What a JIT does to its code, many times over: writes it in place, through a second mapping, across a page boundary,
// under mprotect, in a child after fork, in a page that is unmapped and mapped anew, and from a signal handler. Each
// function returns a number of its own, so that one stale instruction shows in the checksum.
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

typedef uint64_t (*function)(uint64_t);

enum { PAGE = 4096, ROUNDS = 3000 };

static uint64_t checksum = 14695981039346656037u;

static void note(uint64_t value) { checksum = (checksum ^ value) * 1099511628211u; }

static void check(const void *result) {
  if (result != MAP_FAILED) return;
  perror("mmap");
  exit(1);
}

// A loop that runs long enough to be translated:
//   li a1, count; li a2, 0; loop: addi a2, a2, step; xor a2, a2, a0; addi a1, a1, -1; bnez a1, loop; mv a0, a2; ret
static void write_loop(void *at, unsigned count, unsigned step) {
  const uint32_t code[] = {
    0x00000593u | count << 20, 0x00000613u, 0x00060613u | step << 20, 0x00a64633u,
    0xfff58593u, 0xfe059ae3u, 0x00060513u, 0x00008067u,
  };
  memcpy(at, code, sizeof code);
}

static uint64_t expected(uint64_t argument, unsigned count, unsigned step) {
  uint64_t value = 0;
  while (count-- != 0) value = (value + step) ^ argument;
  return value;
}

static void call(const void *at, uint64_t argument, unsigned count, unsigned step) {
  const uint64_t result = ((function)at)(argument);
  if (result != expected(argument, count, step)) printf("stale code: count %u step %u\n", count, step);
  note(result);
}

static void publish(char *at) { __builtin___clear_cache(at, at + 64); }

static char *map(void *at, int protection, int flags, int file) {
  char *const mapped = mmap(at, 4 * PAGE, protection, flags, file, 0);
  check(mapped);
  return mapped;
}

static char *map_private(void) {
  return map(NULL, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1);
}

static void in_place(size_t offset) {
  char *const code = map_private();
  for (unsigned round = 1; round <= ROUNDS; round++) {
    write_loop(code + offset, 1 + round % 500, round % 2000);
    publish(code + offset);
    call(code + offset, round, 1 + round % 500, round % 2000);
  }
  munmap(code, 4 * PAGE);
}

// Patches one immediate between calls of code that stays hot.
static void one_instruction(void) {
  char *const code = map_private();
  write_loop(code, 800, 0);
  for (unsigned round = 0; round < ROUNDS; round++) {
    const unsigned step = round * 7 % 2000;
    const uint32_t addi = 0x00060613u | step << 20;
    memcpy(code + 8, &addi, sizeof addi);
    publish(code);
    call(code, round, 800, step);
  }
  munmap(code, 4 * PAGE);
}

static void second_mapping(void) {
  const int file = memfd_create("code", 0);
  if (file < 0 || ftruncate(file, 4 * PAGE) != 0) exit(1);
  char *const writable = map(NULL, PROT_READ | PROT_WRITE, MAP_SHARED, file);
  char *const executable = map(NULL, PROT_READ | PROT_EXEC, MAP_SHARED, file);
  for (unsigned round = 1; round <= ROUNDS; round++) {
    const size_t offset = round * 36 % (3 * PAGE) & ~3u;
    write_loop(writable + offset, 400, round % 2000);
    publish(executable + offset);
    call(executable + offset, round, 400, round % 2000);
  }
  munmap(writable, 4 * PAGE);
  munmap(executable, 4 * PAGE);
  close(file);
}

// Writable or executable, never both.
static void protected(void) {
  char *const code = map(NULL, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
  for (unsigned round = 1; round <= ROUNDS; round++) {
    write_loop(code, 300, round % 2000);
    mprotect(code, 4 * PAGE, PROT_READ | PROT_EXEC);
    publish(code);
    call(code, round, 300, round % 2000);
    mprotect(code, 4 * PAGE, PROT_READ | PROT_WRITE);
  }
  munmap(code, 4 * PAGE);
}

static void mapped_anew(void) {
  char *at = map_private();
  for (unsigned round = 1; round <= ROUNDS; round++) {
    munmap(at, 4 * PAGE);
    at = map(at, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1);
    write_loop(at, 300, round % 2000);
    publish(at);
    call(at, round, 300, round % 2000);
  }
  munmap(at, 4 * PAGE);
}

// Parent and child have different code at one address from the first store on.
static void after_fork(void) {
  char *const code = map_private();
  for (unsigned round = 1; round <= 60; round++) {
    write_loop(code, 700, round);
    publish(code);
    call(code, round, 700, round);
    const pid_t child = fork();
    if (child == 0) {
      write_loop(code, 700, round + 1000);
      publish(code);
      for (int turn = 0; turn < 50; turn++) call(code, round, 700, round + 1000);
      _exit(checksum & 0x7f);
    }
    for (int turn = 0; turn < 50; turn++) call(code, round, 700, round);
    int status;
    waitpid(child, &status, 0);
    note(status);
  }
  munmap(code, 4 * PAGE);
}

static char *handled;
static volatile sig_atomic_t step_from_signal;

static void rewrite(int number) {
  (void)number;
  step_from_signal = (step_from_signal + 3) % 2000;
  write_loop(handled, 500, step_from_signal);
  publish(handled);
}

static void from_signal(void) {
  handled = map_private();
  signal(SIGUSR1, rewrite);
  for (unsigned round = 0; round < ROUNDS; round++) {
    raise(SIGUSR1);
    call(handled, round, 500, step_from_signal);
  }
  munmap(handled, 4 * PAGE);
}

static void report(const char *name) { printf("%-16s %016lx\n", name, checksum); }

int main(void) {
  in_place(0);
  report("in place");
  in_place(PAGE - 16);
  report("across pages");
  in_place(PAGE - 14);
  report("across halves");
  one_instruction();
  report("one instruction");
  second_mapping();
  report("second mapping");
  protected();
  report("protected");
  mapped_anew();
  report("mapped anew");
  after_fork();
  report("after fork");
  from_signal();
  report("from a signal");
  return 0;
}
