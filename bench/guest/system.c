// Paths through the kernel: a system call that does nothing, page faults, a byte to another process and back, a new process.
#include "bench.h"
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void expect(int holds) {
  if (!holds) abort();
}

uint64_t bench_getpid(uint64_t rounds) {
  uint64_t checksum = 0;
  for (uint64_t round = 0; round < rounds; round++) checksum += syscall(SYS_getpid) == getpid();
  return checksum;
}

uint64_t bench_fault(uint64_t rounds) {
  enum { PAGES = 512, PAGE = 4096 };
  uint64_t checksum = 0;
  for (uint64_t round = 0; round < rounds; round++) {
    uint8_t *memory = mmap(0, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    expect(memory != MAP_FAILED);
    madvise(memory, PAGES * PAGE, MADV_NOHUGEPAGE);
    for (int page = 0; page < PAGES; page++) {
      memory[page * PAGE] = (uint8_t)page;
      checksum += memory[page * PAGE];
    }
    munmap(memory, PAGES * PAGE);
  }
  return checksum;
}

uint64_t bench_pipe(uint64_t rounds) {
  int to[2], from[2];
  uint64_t checksum = 0;
  expect(!pipe(to) && !pipe(from));
  pid_t child = fork();
  expect(child >= 0);
  if (child == 0) {
    uint8_t byte;
    while (read(to[0], &byte, 1) == 1 && byte != 255) {
      byte++;
      expect(write(from[1], &byte, 1) == 1);
    }
    _exit(0);
  }
  for (uint64_t round = 0; round < rounds; round++) {
    uint8_t byte = (uint8_t)(round % 200);
    expect(write(to[1], &byte, 1) == 1 && read(from[0], &byte, 1) == 1);
    checksum += byte;
  }
  uint8_t last = 255;
  expect(write(to[1], &last, 1) == 1 && waitpid(child, 0, 0) == child);
  return checksum;
}

uint64_t bench_exec(uint64_t rounds) {
  uint64_t checksum = 0;
  for (uint64_t round = 0; round < rounds; round++) {
    int status = -1;
    pid_t child = fork();
    expect(child >= 0);
    if (child == 0) {
      execl("/proc/self/exe", "cofferdam-bench", "nothing", (char *)0);
      _exit(1);
    }
    expect(waitpid(child, &status, 0) == child);
    checksum += WIFEXITED(status) && WEXITSTATUS(status) == 0;
  }
  return checksum;
}
