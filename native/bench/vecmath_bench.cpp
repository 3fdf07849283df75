// Nanoseconds per element for arrays of 1024 elements: these functions and a loop over the C library's.
// Built once for each instruction set, with that set's flags; the best of many rounds.
#include "../philox.h"
#include "../vecmath.h"

#include <chrono>
#include <cmath>
#include <cstdio>

using namespace glassnet::GLASSNET_ISA;

namespace {

constexpr long length = 1024;

template <class Run> double nanoseconds_per_element(Run run) {
  using Clock = std::chrono::steady_clock;
  double best = 1e30;
  for (int round = 0; round < 60; round++) {
    const auto start = Clock::now();
    for (int i = 0; i < 20; i++) {
      run();
      asm volatile("" ::: "memory");
    }
    const double time = std::chrono::duration<double, std::nano>(Clock::now() - start).count();
    best = time / (20 * length) < best ? time / (20 * length) : best;
  }
  return best;
}

template <class T, class Ours, class Library>
void measure(const char* name, double low, double high, Ours ours, Library library) {
  static T x[length], y[length];
  for (long i = 0; i < length; i++) x[i] = T(low + (high - low) * ((i * 619) % length) / length);
  const double fast = nanoseconds_per_element([&] {
    for (long i = 0; i < length; i += width<T>) store(y + i, ours(load(x + i)));
  });
  const double slow = nanoseconds_per_element([&] {
    for (long i = 0; i < length; i++) y[i] = library(x[i]);
  });
  std::printf("%-6s %-9s %7.3f ns %7.2f ns  %5.1fx\n", sizeof(T) == 4 ? "float" : "double", name, fast, slow,
              slow / fast);
}

template <class T> T logistic(T x) {
  const T decay = std::exp(-std::fabs(x));
  return (x >= 0 ? T(1) : decay) / (1 + decay);
}
template <class T> T softplus(T x) { return std::fmax(x, T(0)) + std::log1p(std::exp(-std::fabs(x))); }

#define GLASSNET_MEASURE(name, library, low, high) \
  measure<T>(#name, low, high, [](vec<T> x) { return v_##name<T>(x); }, [](T x) { return library(x); })

template <class T> void measure_all() {
  GLASSNET_MEASURE(exp, std::exp, -10, 10);
  GLASSNET_MEASURE(expm1, std::expm1, -10, 10);
  GLASSNET_MEASURE(log, std::log, 0.01, 10);
  GLASSNET_MEASURE(log1p, std::log1p, -0.9, 10);
  GLASSNET_MEASURE(tanh, std::tanh, -4, 4);
  GLASSNET_MEASURE(logistic, logistic, -10, 10);
  GLASSNET_MEASURE(softplus, softplus, -10, 10);
  GLASSNET_MEASURE(erf, std::erf, -3, 3);
  GLASSNET_MEASURE(sin, std::sin, -10, 10);
  GLASSNET_MEASURE(cos, std::cos, -10, 10);
  measure<T>("pow", 0.01, 10, [](vec<T> x) { return v_pow<T>(x, splat(T(2.7))); },
             [](T x) { return std::pow(x, T(2.7)); });
  measure<T>("pow, ± x", -10, 10, [](vec<T> x) { return v_pow<T>(x, splat(T(3))); },
             [](T x) { return std::pow(x, T(3)); });
}

template <class T> void measure_random() {
  static T y[length];
  const double uniform = nanoseconds_per_element([&] { fill_uniform<T>(y, length, 1, 2, 3); });
  const double normal = nanoseconds_per_element([&] { fill_normal<T>(y, length, 1, 2, 3); });
  std::printf("%-6s uniform   %7.3f ns\n%-6s normal    %7.3f ns\n", sizeof(T) == 4 ? "float" : "double", uniform,
              sizeof(T) == 4 ? "float" : "double", normal);
}

}  // namespace

int main() {
  std::printf("%d bytes a vector; ours, the C library, ratio\n", int(vec_bytes));
  measure_all<float>();
  measure_all<double>();
  measure_random<float>();
  measure_random<double>();
}
