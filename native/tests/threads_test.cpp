// The helpers of threads.h, and products on them: the same bits for any number of threads. Linked with
// threads.cpp, executor.cpp and the kernels; see tools/check_native, which also builds it with
// -fsanitize=thread.
#include <sys/wait.h>
#include <unistd.h>
#include <atomic>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <thread>
#include <vector>
#include "executor.h"

using namespace glassnet;

#if defined(__SANITIZE_THREAD__)
// ThreadSanitizer cannot follow threads of a forked child, and has a thread of its own that works on.
constexpr bool watched = true;
#else
constexpr bool watched = false;
#endif

static long failures = 0;
static void check(bool right, const char* what) {
  if (!right && failures++ < 20) std::printf("%s\n", what);
}
static double processor_seconds() {
  timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return double(t.tv_sec) + 1e-9 * double(t.tv_nsec);
}
static void sleep_for(long milliseconds) { std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds)); }

// Each piece is done once, and what it wrote is seen afterwards.
static bool all_done(Team& team, long pieces) {
  std::vector<long> times(std::size_t(pieces), 0);
  team.run(pieces, [&](long i) { times[std::size_t(i)]++; });
  for (long n : times) if (n != 1) return false;
  return true;
}

static void check_pieces() {
  bool helped = false;  // now and then a team is alone because the machine is busy, but not always
  for (long threads : {1, 2, 3, 5, 64, 1000})
    for (long round = 0; round < 300; round++) {
      Team team(threads);
      helped |= team.size() > 1;
      check(team.size() <= threads && team.size() <= most_threads, "a team is too large");
      for (long pieces : {0, 1, 2, 3, 7, 64}) check(all_done(team, pieces), "a piece was not done once");
      if (round % 100 == 0) sleep_for(2);  // some helpers sleep, some are awake
    }
  check(helped, "no team had a helper");
}

// Of two teams that live at the same time the second is alone, and both get their work done.
static void check_two_teams() {
  {
    Team first(3);
    Team second(3);
    check(second.size() == 1, "a second team has helpers");
    check(all_done(second, 5) && all_done(first, 5), "a piece was not done once");
  }
  std::atomic<long> wrong{0};
  std::vector<std::thread> callers;
  for (int i = 0; i < 3; i++)
    callers.emplace_back([&] {
      for (long round = 0; round < 2000; round++) {
        Team team(3);
        if (!all_done(team, 3)) wrong++;
      }
    });
  for (std::thread& caller : callers) caller.join();
  check(wrong == 0, "callers at once got in each other's way");
}

// A child has no helpers of its parent's and gets its own; the parent keeps its.
static void check_fork() {
  std::atomic<bool> stop{false};
  std::thread busy([&] {  // the fork may come at any moment of a team's life
    while (!stop) { Team team(3); all_done(team, 3); }
  });
  for (int round = 0; round < 10; round++) {
    const pid_t child = fork();
    if (child == 0) {
      alarm(20);
      Team team(3);
      _exit(team.size() > 1 && all_done(team, 3) ? 0 : 1);
    }
    int status = -1;
    waitpid(child, &status, 0);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
      std::printf("status %d\n", status);
      check(false, "a forked child hung or failed");
    }
  }
  stop = true;
  busy.join();
  Team team(3);
  check(all_done(team, 3), "the parent lost its helpers");
}

static void check_idle() {
  { Team team(3); all_done(team, 3); }
  sleep_for(200);
  const double before = processor_seconds();
  sleep_for(300);
  check(processor_seconds() - before < 0.01, "helpers without work keep a core busy");
}

template <class T> static void fill(std::vector<T>& values, unsigned state) {
  for (T& value : values) {
    state = state * 1664525u + 1013904223u;
    value = T(int(state)) / T(1 << 30);
  }
}

// A product of all the forms of a training step: forward, to inputs, to weights.
template <class T> static void check_product(bool ta, bool tb, long batch, long m, long n, long k, const char* kernels) {
  std::vector<T> a(std::size_t(batch * m * k)), b(std::size_t(batch * k * n)), bias(std::size_t(n), 0);
  fill(a, 1), fill(b, 2), fill(bias, 3);
  std::vector<T> wanted;
  for (long threads : {1, 2, 3, 5}) {
    std::vector<T> c(std::size_t(batch * m * n), T(7));
    Store store;
    Program program(store, 64, kernels, threads);
    program.product((char*)a.data(), (char*)b.data(), tb ? (char*)bias.data() : nullptr, (char*)c.data(), batch, m, n, k,
                    ta, tb, sizeof(T) == 8);
    program.run();
    if (threads == 1) wanted = c;
    if (std::memcmp(c.data(), wanted.data(), c.size() * sizeof(T)) != 0) {
      char text[120];
      std::snprintf(text, sizeof text, "%s, %ld threads: the bits of %ld x %ld x %ld (ta %d, tb %d) differ", kernels, threads,
                    m, n, k, ta, tb);
      check(false, text);
    }
  }
}

static void check_products() {
  for (const Kernels* kernels : all_kernels()) {
    const char* name = kernels->name;
    for (long n = 1; n <= 300; n++) {  // a hidden layer of n units between 200 and 10
      check_product<float>(false, true, 1, 32, n, 200, name);
      check_product<float>(false, true, 1, 32, n, 900, name);
      check_product<float>(true, false, 1, n, 200, 32, name);
      check_product<float>(false, true, 1, 130, 10, n, name);
      check_product<float>(false, false, 1, 130, n, 10, name);
      check_product<float>(true, false, 1, 10, n, 130, name);
      if (n % 7 == 0) check_product<double>(false, true, 1, 1, n, 900, name);
      if (n % 7 == 0) check_product<double>(false, true, 1, 33, n, 100, name);
      if (n % 7 == 0) check_product<double>(true, false, 1, n, 130, 33, name);
    }
    check_product<float>(false, true, 7, 20, 30, 40, name);
  }
}

int main() {
  if (!watched) check_fork();  // first: before this process has any helpers
  check_pieces();
  check_two_teams();
  if (!watched) check_fork();
  check_products();
  if (!watched) check_idle();
  std::printf("threads: %ld failures\n", failures);
  return failures ? 1 : 0;
}
