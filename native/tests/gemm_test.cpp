// gemm.h against a triple loop in long double. Every buffer lies against a page that may not be
// touched, and what lies between the rows is poisoned. Build once for each instruction set, e.g.
//   g++ -std=c++17 -O3 -fno-math-errno -fno-trapping-math -ffp-contract=fast -Wall -Wextra -Werror
//       -mavx2 -mfma -DGLASSNET_ISA=avx2 -I.. gemm_test.cpp -o gemm_test_avx2
// and again with -O1 -fsanitize=address,undefined. Exit status 77: this machine lacks the
// instructions.
#include "gemm.h"

#include <sys/mman.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <vector>

#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)

namespace {

using namespace glassnet::GLASSNET_ISA;

long failures = 0;

bool machine_has_it() {
#if defined(__AVX512F__)
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
#elif defined(__AVX2__)
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#else
  return true;
#endif
}

// Memory between two forbidden pages; a block is laid against the one or the other.
struct Arena {
  static constexpr long page = 65536, size = 128 * page;
  char* base;
  Arena() {
    base = static_cast<char*>(
        mmap(nullptr, size + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    if (base == MAP_FAILED || mprotect(base + page, size, PROT_READ | PROT_WRITE)) std::abort();
    base += page;
  }
  template <class T> T* block(long n, bool at_end) {
    if (n * long(sizeof(T)) > size) std::abort();
    return reinterpret_cast<T*>(at_end ? base + size - n * long(sizeof(T)) : base);
  }
};

Arena arena_a, arena_b, arena_c, arena_bias, arena_work;

unsigned random_bits() {
  static unsigned long long state = 88172645463325252ull;
  state ^= state << 13, state ^= state >> 7, state ^= state << 17;
  return unsigned(state >> 16);
}
// All the digits of a float, and too many for the products of doubles to be exact: the order of a
// sum shows.
template <class T> T random_value() { return T(int(random_bits())) / T(1 << 30); }

template <class T> constexpr T poison = std::numeric_limits<T>::quiet_NaN();

// A matrix of r x c in an arena, `gap` poisoned elements between its rows.
template <class T> struct Matrix {
  long rows, columns, ld;
  T* at;
  Matrix(Arena& arena, long r, long c, long gap, bool at_end) : rows(r), columns(c), ld(c + gap) {
    const long n = r == 0 || c == 0 ? 0 : (r - 1) * ld + c;
    at = arena.block<T>(n, at_end);
    for (long i = 0; i < n; i++) at[i] = i % ld < c ? random_value<T>() : poison<T>;
  }
  T& operator()(long i, long j) { return at[i * ld + j]; }
};

struct Case {
  bool ta, tb;
  long m, n, k;
  bool bias, accumulate, at_end;
  long gap;
};

void report(const char* what, const char* type, const Case& q) {
  if (failures++ < 20)
    std::printf("%s: %s ta=%d tb=%d m=%ld n=%ld k=%ld bias=%d accumulate=%d at_end=%d gap=%ld\n",
                what, type, q.ta, q.tb, q.m, q.n, q.k, q.bias, q.accumulate, q.at_end, q.gap);
}
template <class T> const char* type_name() { return sizeof(T) == 4 ? "float" : "double"; }

template <class T> struct Problem {
  Case q;
  Matrix<T> a, b, c, bias;
  T* work;
  explicit Problem(const Case& of)
      : q(of),
        a(arena_a, q.ta ? q.k : q.m, q.ta ? q.m : q.k, q.gap, q.at_end),
        b(arena_b, q.tb ? q.n : q.k, q.tb ? q.k : q.n, q.gap, q.at_end),
        c(arena_c, q.m, q.n, q.gap, q.at_end),
        bias(arena_bias, 1, q.n, 0, q.at_end) {
    const long n = gemm_work<T>(q.ta, q.tb, q.m, q.n, q.k);
    work = arena_work.block<T>(n, q.at_end);
    for (long i = 0; i < n; i++) work[i] = poison<T>;
  }
  void run() {
    gemm<T>(q.ta, q.tb, q.m, q.n, q.k, a.at, a.ld, b.at, b.ld, q.bias ? bias.at : nullptr,
            q.accumulate, c.at, c.ld, work);
  }
};

template <class T> void check(const Case& q) {
  Problem<T> problem(q);
  std::vector<T> old(q.m * q.n);
  for (long i = 0; i < q.m; i++)
    for (long j = 0; j < q.n; j++) {
      old[i * q.n + j] = problem.c(i, j);
      if (!q.accumulate) problem.c(i, j) = poison<T>;
    }
  problem.run();
  if (q.n == 0) return;
  bool right = true, kept = true;
  for (long i = 0; i < q.m; i++)
    for (long j = 0; j < problem.c.ld && (i + 1 < q.m || j < q.n); j++) {
      if (j >= q.n) {
        kept = kept && std::isnan(problem.c(i, j));
        continue;
      }
      long double sum = 0, size = 0;
      const auto add = [&](long double x) { sum += x, size += std::fabs(x); };
      if (q.bias) add(problem.bias(0, j));
      if (q.accumulate) add(old[i * q.n + j]);
      for (long p = 0; p < q.k; p++)
        add((long double)(q.ta ? problem.a(p, i) : problem.a(i, p)) *
            (q.tb ? problem.b(j, p) : problem.b(p, j)));
      const long double error = std::fabs(problem.c(i, j) - sum);
      right = right && error <= (q.k + 2) * std::numeric_limits<T>::epsilon() * size;
    }
  if (!right) report("wrong", type_name<T>(), q);
  if (!kept) report("wrote between the rows", type_name<T>(), q);
}

template <class T> void check_grid() {
  const long sizes[] = {0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 15, 16, 17, 20, 24, 31, 32, 33, 47, 49, 65};
  for (long m : sizes)
    for (long n : sizes)
      for (long k : sizes)
        for (int form = 0; form < 4; form++) {
          const unsigned r = random_bits();
          check<T>({(form & 1) != 0, (form & 2) != 0, m, n, k, (r & 1) != 0, (r & 2) != 0,
                    (r & 4) != 0, r & 8 ? long(r >> 4) % 19 : 0});
        }
}

template <class T> void check_large() {
  const long shapes[][3] = {{32, 256, 64}, {128, 256, 784}, {256, 784, 128}, {33, 300, 700},
                            {1, 700, 300}, {300, 1, 701},   {2, 1000, 1000}, {70, 129, 1023},
                            {1024, 10, 3}, {5, 1024, 257},  {601, 310, 150}, {517, 450, 17}};
  for (const auto& s : shapes)
    for (int form = 0; form < 4; form++)
      check<T>({(form & 1) != 0, (form & 2) != 0, s[0], s[1], s[2], true, form == 1, form != 2,
                form == 0 ? 0 : 5});
}

// Any cut into pieces of two rows or more, or of a vector of columns or more, gives the bits of the
// whole.
template <class T> void check_bits() {
  for (int round = 0; round < 400; round++) {
    const unsigned r = random_bits();
    const auto up_to = [](long n) { return 2 + long(random_bits()) % n; };
    const bool wide =
        round % 20 == 0;  // large enough for A to be packed in the whole and not in a piece
    const long m = wide ? 600 : up_to(150), n = wide ? 300 : round % 9 == 0 ? 1 : up_to(150);
    const long k = wide ? 40 : up_to(round % 10 == 5 ? 900 : 90);
    const Case q = {(r & 1) != 0, (r & 2) != 0, m, n, k, (r & 4) != 0, false, true, 0};
    Problem<T> p(q);
    p.run();
    std::vector<T> whole(p.c.at, p.c.at + q.m * q.n);
    const bool rows = q.n < 2 * width<T> || r & 16;
    const long cut_at = rows ? q.m : q.n, least = rows ? 2 : width<T>;
    if (cut_at < 2 * least) continue;
    const long cut = least + long(random_bits()) % (cut_at - 2 * least + 1);
    for (long half = 0; half < 2; half++) {
      const long from = half ? cut : 0, size = half ? cut_at - cut : cut;
      const T* a = rows ? p.a.at + from * (q.ta ? 1 : p.a.ld) : p.a.at;
      const T* b = rows ? p.b.at : p.b.at + from * (q.tb ? p.b.ld : 1);
      const T* bias = !q.bias ? nullptr : rows ? p.bias.at : p.bias.at + from;
      const long piece_m = rows ? size : m, piece_n = rows ? n : size;
      std::vector<T> work(gemm_work<T>(q.ta, q.tb, piece_m, piece_n, k) + 1);
      gemm<T>(q.ta, q.tb, piece_m, piece_n, k, a, p.a.ld, b, p.b.ld, bias, false,
              p.c.at + from * (rows ? q.n : 1), p.c.ld, work.data());
    }
    if (std::memcmp(whole.data(), p.c.at, whole.size() * sizeof(T)))
      report("bits depend on the cut", type_name<T>(), q);
  }
}

// With few outputs and many inputs an example has the same bits alone and in a batch.
template <class T> void check_alone() {
  for (long n = 1; n < width<T>; n++)
    for (long k : {4 * n, 4 * n + 7, 300L}) {
      const Case q = {false, true, 9, n, k, n % 2 == 0, false, true, 0};
      Problem<T> p(q);
      p.run();
      for (long i = 0; i < q.m; i++) {
        std::vector<T> alone(n);
        gemm<T>(false, true, 1, n, k, p.a.at + i * p.a.ld, p.a.ld, p.b.at, p.b.ld,
                q.bias ? p.bias.at : nullptr, false, alone.data(), n, nullptr);
        if (std::memcmp(alone.data(), p.c.at + i * p.c.ld, n * sizeof(T)))
          return report("alone and in a batch differ", type_name<T>(), q);
      }
    }
}

// 0 * inf is NaN, a NaN stays in its row or column, an infinity arrives.
template <class T> void check_special() {
  const T inf = std::numeric_limits<T>::infinity();
  for (long m : {1, 2, 9, 33})
    for (long n : {1, 2, 10, 33})
      for (long k : {1, 5, 20, 300})
        for (int form = 0; form < 4; form++) {
          const Case q = {(form & 1) != 0, (form & 2) != 0, m, n, k, false, false, true, 0};
          Problem<T> p(q);
          for (long i = 0; i < m * k; i++) p.a.at[i] = 1;
          for (long i = 0; i < k * n; i++) p.b.at[i] = 1;
          const long row = m - 1, column = n - 1, at = k - 1;
          (q.ta ? p.a(at, row) : p.a(row, at)) = 0;
          (q.tb ? p.b(column, at) : p.b(at, column)) = inf;
          p.run();
          for (long i = 0; i < m; i++)
            for (long j = 0; j < n; j++) {
              const T v = p.c(i, j);
              const bool fine = j != column ? std::isfinite(v)
                                : i == row  ? std::isnan(v)
                                            : v == inf;
              if (!fine) return report("infinity", type_name<T>(), q);
            }
          (q.tb ? p.b(column, at) : p.b(at, column)) = 1;
          (q.ta ? p.a(0, row) : p.a(row, 0)) = poison<T>;
          p.run();
          for (long i = 0; i < m; i++)
            for (long j = 0; j < n; j++)
              if (std::isnan(p.c(i, j)) != (i == row)) return report("NaN", type_name<T>(), q);
        }
}

template <class T> void check_all() {
  check_grid<T>();
  check_large<T>();
  check_bits<T>();
  check_alone<T>();
  check_special<T>();
}

}  // namespace

int main() {
  if (!machine_has_it()) {
    std::puts("skipped: no " TEXT(GLASSNET_ISA) " on this machine");
    return 77;
  }
  check_all<float>();
  check_all<double>();
  std::printf("gemm " TEXT(GLASSNET_ISA) ": %ld failures\n", failures);
  return failures ? 1 : 0;
}
