// gemm.h against OpenBLAS on one thread, in the same run: smallest time of many, ns a call,
// GFLOP/s, and OpenBLAS's time divided by ours. This file is compiled once for each instruction set
// and once more as the program:
//   F="-std=c++17 -O3 -fno-math-errno -fno-trapping-math -ffp-contract=fast -I.."
//   g++ $F -DGLASSNET_ISA=base -c gemm_bench.cpp -o base.o
//   g++ $F -DGLASSNET_ISA=avx2 -mavx2 -mfma -c gemm_bench.cpp -o avx2.o
//   g++ $F -DGLASSNET_ISA=avx512 -mavx512f -mavx512bw -mavx512dq -mavx512vl -c gemm_bench.cpp -o
//   avx512.o g++ $F -DBENCH_MAIN gemm_bench.cpp base.o avx2.o avx512.o -L$LIB -lscipy_openblas
//   -Wl,-rpath,$LIB -o gemm_bench
// with LIB = scipy_openblas32.get_lib_dir(). Run: gemm_bench [double] [list | scan | large |
// tails].
template <class T> struct Engine {
  void (*gemm)(bool, bool, long, long, long, const T*, long, const T*, long, const T*, bool, T*,
               long, T*);
  long (*work)(bool, bool, long, long, long);
};

#ifndef BENCH_MAIN
#include "gemm.h"
#define NAMED_(kind, isa) engine_##kind##_##isa
#define NAMED(kind, isa) NAMED_(kind, isa)
using namespace glassnet::GLASSNET_ISA;
Engine<float> NAMED(float, GLASSNET_ISA)() { return {gemm<float>, gemm_work<float>}; }
Engine<double> NAMED(double, GLASSNET_ISA)() { return {gemm<double>, gemm_work<double>}; }

#else
#include <algorithm>
#include <cstdint>
#include <memory>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>
extern "C" {
void scipy_cblas_sgemm(int, int, int, int, int, int, float, const float*, int, const float*, int,
                       float, float*, int);
void scipy_cblas_dgemm(int, int, int, int, int, int, double, const double*, int, const double*, int,
                       double, double*, int);
void scipy_openblas_set_num_threads(int);
}
#define DECLARE(isa)                  \
  Engine<float> engine_float_##isa(); \
  Engine<double> engine_double_##isa();
DECLARE(base)
DECLARE(avx2) DECLARE(avx512)

    static double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

static void blas(bool ta, bool tb, long m, long n, long k, const float* a, const float* b,
                 float* c) {
  scipy_cblas_sgemm(101, ta ? 112 : 111, tb ? 112 : 111, m, n, k, 1, a, ta ? m : k, b, tb ? k : n,
                    0, c, n);
}
static void blas(bool ta, bool tb, long m, long n, long k, const double* a, const double* b,
                 double* c) {
  scipy_cblas_dgemm(101, ta ? 112 : 111, tb ? 112 : 111, m, n, k, 1, a, ta ? m : k, b, tb ? k : n,
                    0, c, n);
}

// Smallest seconds a call of each of `fs`, taken in turns so that noise falls on all.
template <class... F> static std::vector<double> fastest(double budget, F... fs) {
  std::vector<double> best(sizeof...(fs), 1e9);
  long calls = 1;
  const double start = now();
  while (now() - start < budget) {
    int at = 0;
    double longest = 0;
    const auto time = [&](auto& f) {
      const double t = now();
      for (long i = 0; i < calls; i++) f();
      const double seconds = now() - t;
      best[at] = std::min(best[at], seconds / calls);
      longest = std::max(longest, seconds);
      at++;
    };
    (time(fs), ...);
    if (longest < 100e-6) calls *= 2;
  }
  return best;
}

template <class T> struct Bench {
  std::vector<Engine<T> > engines;
  double budget;

  std::vector<double> times(bool ta, bool tb, long m, long n, long k) {
    std::vector<T> a(m * k), b(k * n), c(m * n);
    for (auto& x : a) x = T(rand()) / RAND_MAX - T(.5);
    for (auto& x : b) x = T(rand()) / RAND_MAX - T(.5);
    const auto ours = [&](Engine<T> e) {
      auto work = std::make_shared<std::vector<T> >(e.work(ta, tb, m, n, k) + 64 / sizeof(T));
      T* aligned = reinterpret_cast<T*>((reinterpret_cast<std::uintptr_t>(work->data()) + 63) &
                                        ~std::uintptr_t(63));
      return [=, &a, &b, &c] {
        (void)work;
        e.gemm(ta, tb, m, n, k, a.data(), ta ? m : k, b.data(), tb ? k : n, nullptr, false,
               c.data(), n, aligned);
      };
    };
    return fastest(
        budget, [&] { blas(ta, tb, m, n, k, a.data(), b.data(), c.data()); }, ours(engines[0]),
        ours(engines[1]), ours(engines[2]));
  }

  void line(const char* role, bool ta, bool tb, long m, long n, long k) {
    const auto t = times(ta, tb, m, n, k);
    const double flop = 2e-9 * m * n * k;
    std::printf("%-18s %4ldx%4ldx%4ld %9.0f %6.1f |", role, m, n, k, 1e9 * t[0], flop / t[0]);
    for (int i = 1; i < 4; i++)
      std::printf(" %9.0f %6.1f %5.2f |", 1e9 * t[i], flop / t[i], t[0] / t[i]);
    std::printf("\n");
    std::fflush(stdout);
  }

  void header() {
    std::printf("%-18s %14s %9s %6s |", "", "m x n x k", "blas ns", "GF/s");
    for (const char* isa : {"base", "avx2", "avx512"})
      std::printf(" %6s ns %6s %5s |", isa, "GF/s", "ratio");
    std::printf("\n");
  }

  // The three products of a layer from `from` to `to` units on a batch.
  void layer(long batch, long from, long to) {
    line("forward x W'", false, true, batch, to, from);
    line("to inputs g W", false, false, batch, from, to);
    line("to weights g' x", true, false, to, from, batch);
  }
};

template <class T> static void run(Bench<T> bench, const char* what) {
  bench.header();
  if (!std::strcmp(what, "scan")) {
    for (long s : {16, 32, 64, 96, 128, 192, 256, 384, 512, 768, 1024}) {
      bench.line("forward", false, true, s, s, s);
      bench.line("to inputs", false, false, s, s, s);
      bench.line("to weights", true, false, s, s, s);
    }
    return;
  }
  if (!std::strcmp(what, "large")) {
    bench.layer(2048, 512, 2048), bench.layer(1000, 1000, 1000), bench.layer(1024, 1024, 1024),
        bench.layer(256, 2048, 2048);
    return;
  }
  if (!std::strcmp(what, "tails")) {
    for (long s : {7,  8,  9,  15,  16,  17,  31,  32,  33,  34,  47,  48,  49, 63,
                   64, 65, 99, 100, 101, 127, 128, 129, 255, 256, 257, 299, 300})
      bench.line("tails, forward", false, true, 32, s, 64);
    for (long s : {1, 2, 3, 7, 8, 9, 10, 15, 16, 17, 25, 31, 32, 33, 64, 65})
      bench.line("tails, rows", false, true, s, 32, 64);
    return;
  }
  bench.layer(32, 64, 32), bench.layer(32, 32, 10);
  bench.layer(32, 64, 256), bench.layer(32, 256, 10);
  bench.layer(128, 784, 256), bench.layer(128, 256, 10);
  bench.layer(16, 256, 120), bench.layer(16, 120, 84), bench.layer(16, 84, 10);
  bench.layer(1, 64, 32), bench.layer(1, 32, 10), bench.layer(1, 784, 256);
  bench.layer(32, 20, 1), bench.layer(1, 20, 1);
  bench.layer(8, 32, 128), bench.layer(32, 128, 512), bench.layer(32, 512, 2048);
}

int main(int argc, char** argv) {
  scipy_openblas_set_num_threads(1);
  bool doubles = false;
  const char* what = "list";
  double budget = .15;
  for (int i = 1; i < argc; i++)
    if (!std::strcmp(argv[i], "double")) doubles = true;
    else if (std::atof(argv[i]) > 0) budget = std::atof(argv[i]);
    else what = argv[i];
  if (doubles)
    run<double>({{engine_double_base(), engine_double_avx2(), engine_double_avx512()}, budget},
                what);
  else
    run<float>({{engine_float_base(), engine_float_avx2(), engine_float_avx512()}, budget}, what);
}
#endif
