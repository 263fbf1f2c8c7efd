// Threads that meet at locks, atomics and barriers, are interrupted by timer signals, and leave through longjmp.
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>

enum { THREADS = 4, ROUNDS = 40000 };

static atomic_ulong counter;
static atomic_uchar bytes[THREADS];
static unsigned long locked;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t barrier;
static volatile sig_atomic_t ticks;

static void tick(int number) {
  (void)number;
  ticks = ticks + 1;
}

static void *work(void *argument) {
  const unsigned long own = (unsigned long)argument;
  for (int round = 0; round < ROUNDS; round++) {
    atomic_fetch_add(&counter, own);
    atomic_fetch_xor(&bytes[own - 1], 1);
    if (round % 16 == 0) {
      pthread_mutex_lock(&lock);
      locked += own;
      pthread_mutex_unlock(&lock);
    }
    if (round % 4000 == 0) pthread_barrier_wait(&barrier);
  }
  return NULL;
}

static jmp_buf back;

static void descend(int depth) {
  if (depth == 0) longjmp(back, 1);
  descend(depth - 1);
}

int main(void) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = tick;
  action.sa_flags = SA_RESTART;
  sigaction(SIGALRM, &action, NULL);
  const struct itimerval every = {{0, 2000}, {0, 2000}};
  setitimer(ITIMER_REAL, &every, NULL);
  pthread_barrier_init(&barrier, NULL, THREADS);
  pthread_t threads[THREADS];
  for (unsigned long own = 1; own <= THREADS; own++) pthread_create(&threads[own - 1], NULL, work, (void *)own);
  for (int index = 0; index < THREADS; index++) pthread_join(threads[index], NULL);
  volatile int jumps = 0;
  for (int round = 0; round < 2000; round++) {
    if (setjmp(back) == 0) descend(round % 100);
    else jumps = jumps + 1;
  }
  printf("%lu %lu %d %d %s\n", atomic_load(&counter), locked, atomic_load(&bytes[0]), jumps, ticks > 0 ? "ticks" : "no tick");
  return 0;
}
