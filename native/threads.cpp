#include "threads.h"
#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>
#if defined(__linux__)
#include <sched.h>
#endif
#if defined(__unix__) || defined(__APPLE__)
#include <pthread.h>
#include <signal.h>
#endif
#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace glassnet {

long cores_available() {
#if defined(__linux__)
  cpu_set_t cores;
  if (sched_getaffinity(0, sizeof cores, &cores) == 0) return CPU_COUNT(&cores);
#endif
  const long known = long(std::thread::hardware_concurrency());
  return known > 0 ? known : 1;
}

static void pause_briefly() {
#if defined(__x86_64__)
  _mm_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

// A helper looks for work this long before it sleeps: longer than what a step does alone between two
// shared instructions, shorter than anybody would notice on an idle machine. To wake one costs the
// caller some microseconds.
constexpr auto awake_for = std::chrono::microseconds(100);

// A helper that loses its core in the middle of a piece, to another process, keeps the caller waiting
// for milliseconds. The caller then works alone for so many times as long as it waited: on a busy
// machine threads cost some hundredths more than none, rather than twice the time.
constexpr long alone_after_waiting = 20;

typedef std::chrono::steady_clock Clock;

struct alignas(128) Worker {
  std::mutex mutex;
  std::condition_variable wake;
  std::atomic<bool> asleep{false};
};

// It is never destroyed: helpers may look at it until the process ends, and nobody waits for them.
struct Pool {
  alignas(128) std::atomic<std::uint64_t> open{0};     // the pieces that nobody has begun, a bit each
  alignas(128) std::atomic<long> unfinished{0};        // the pieces that are not done
  alignas(128) std::atomic<long> teams{0};             // programs that would use the helpers now
  void (*call)(const void*, long) = nullptr;           // read only by who has taken a piece
  const void* work = nullptr;
  std::vector<std::unique_ptr<Worker>> workers;        // this and the next: for the team that has the pool
  Clock::time_point alone_until{};

  // Does a piece if nobody has begun it. Who takes its bit may read `call` and `work`: they stay
  // until that piece is done.
  bool take(long piece) {
    const std::uint64_t bit = std::uint64_t(1) << piece;
    if ((open.load(std::memory_order_relaxed) & bit) == 0) return false;
    if ((open.fetch_and(~bit, std::memory_order_acq_rel) & bit) == 0) return false;
    call(work, piece);
    unfinished.fetch_sub(1, std::memory_order_release);
    return true;
  }

  bool is_open(long piece) const { return open.load() >> piece & 1; }

  void help(Worker& self, long piece) {
    for (;;) {
      auto until = Clock::now() + awake_for;
      for (long looks = 1; ; looks++) {
        if (take(piece)) until = Clock::now() + awake_for;
        else if (looks % 64 == 0) {
          if (Clock::now() > until) break;
          std::this_thread::yield();  // on a busy machine the caller may be waiting for this core
        }
        pause_briefly();
      }
      // Who opens a piece looks at `asleep` afterwards, we look for pieces after setting it: one of
      // the two sees the other. Once woken it stays awake for its time even if the piece is gone: to
      // wake takes as long as several instructions, and a helper that went back to sleep each time
      // would be woken for each and do none.
      std::unique_lock<std::mutex> lock(self.mutex);
      self.asleep.store(true);
      if (is_open(piece)) self.asleep.store(false);
      self.wake.wait(lock, [&] { return !self.asleep.load(); });
    }
  }

  // Threads are started when first wanted; where the system gives no more, there are fewer.
  void grow(long helpers) {
    while (long(workers.size()) < helpers) {
      workers.push_back(std::make_unique<Worker>());
      Worker& worker = *workers.back();
      const long piece = long(workers.size());
#if defined(__unix__) || defined(__APPLE__)
      sigset_t all, before;  // signals are for the threads of the program
      sigfillset(&all);
      pthread_sigmask(SIG_SETMASK, &all, &before);
#endif
      bool started = true;
      try {
        std::thread([this, &worker, piece] { help(worker, piece); }).detach();
      } catch (const std::system_error&) {
        started = false;
      }
#if defined(__unix__) || defined(__APPLE__)
      pthread_sigmask(SIG_SETMASK, &before, nullptr);
#endif
      if (!started) {
        workers.pop_back();
        return;
      }
    }
  }
};

static std::atomic<Pool*> the_pool{nullptr};
static std::mutex making;
#if defined(__unix__) || defined(__APPLE__)
// The child of a fork has none of the helpers: it begins anew, and leaves the old pool as it is.
// Registered when the module is loaded: between the first use and its end a fork may fall.
[[maybe_unused]] static const int registered = pthread_atfork([] { making.lock(); }, [] { making.unlock(); }, [] {
  the_pool.store(nullptr);
  making.unlock();
});
#endif

static Pool& pool() {
  Pool* found = the_pool.load(std::memory_order_acquire);
  if (found != nullptr) return *found;
  std::lock_guard<std::mutex> lock(making);
  if (the_pool.load() == nullptr) the_pool.store(new Pool, std::memory_order_release);
  return *the_pool.load();
}

Team::Team(long threads) {
  if (threads < 2) return;
  pool_ = &pool();
  if (pool_->teams.fetch_add(1, std::memory_order_acquire) > 0) return;
  if (pool_->alone_until != Clock::time_point{}) {
    if (Clock::now() < pool_->alone_until) return;
    pool_->alone_until = {};
  }
  const long helpers = (threads < most_threads ? threads : most_threads) - 1;
  if (long(pool_->workers.size()) < helpers) pool_->grow(helpers);
  const long there = long(pool_->workers.size());
  size_ = 1 + (there < helpers ? there : helpers);
}

Team::~Team() {
  if (pool_ != nullptr) pool_->teams.fetch_sub(1, std::memory_order_release);
}

void Team::share(long pieces, void (*call)(const void*, long), const void* work) {
  Pool& p = *pool_;
  p.call = call;
  p.work = work;
  p.unfinished.store(pieces - 1, std::memory_order_relaxed);
  const std::uint64_t all = pieces == 64 ? ~std::uint64_t(0) : (std::uint64_t(1) << pieces) - 1;
  p.open.store(all & ~std::uint64_t(1));
  for (long i = 1; i < pieces && i < size_; i++) {
    Worker& worker = *p.workers[std::size_t(i - 1)];
    if (!worker.asleep.load()) continue;
    {
      std::lock_guard<std::mutex> lock(worker.mutex);
      worker.asleep.store(false);
    }
    worker.wake.notify_one();
  }
  const auto start = Clock::now();
  call(work, 0);
  for (long i = 1; i < pieces; i++) p.take(i);  // what no helper has begun
  Clock::time_point done;
  for (long looks = 0; p.unfinished.load(std::memory_order_acquire) > 0; looks++) {
    pause_briefly();
    if (looks == 64) done = Clock::now();
    if (looks < 64 || looks % 64 != 0) continue;
    const auto waited = Clock::now() - done;
    const Clock::duration own = std::min<Clock::duration>(done - start, std::chrono::milliseconds(1));
    if (waited < own + std::chrono::microseconds(50)) continue;
    p.alone_until = Clock::now() + alone_after_waiting * waited;
    std::this_thread::yield();
  }
}

}  // namespace glassnet
