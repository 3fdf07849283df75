// The vector functions against the C library's long double, with the largest errors printed.
//
// Built once for each instruction set, with that set's flags (see docs/design/0008-vector-mathematics.md);
// `vecmath_test` takes seconds; `vecmath_test exp` (or another name) tries all 2^32 floats: minutes.
#include "../vecmath.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

using namespace glassnet::GLASSNET_ISA;

namespace {

int failures = 0;

template <class T> T from_bits(uint_of<T> bits) {
  T x;
  std::memcpy(&x, &bits, sizeof x);
  return x;
}
template <class T> uint_of<T> to_bits(T x) {
  uint_of<T> bits;
  std::memcpy(&bits, &x, sizeof x);
  return bits;
}

// |got − exact| in units of the last place of the exact value's binade (of denormals, below it).
template <class T> double error_in_ulps(T got, long double exact) {
  using L = std::numeric_limits<T>;
  if (std::isnan(exact) || std::isnan(got)) return std::isnan(exact) && std::isnan(got) ? 0 : 1e30;
  const long double beyond = std::ldexp(1.0L, L::max_exponent);  // what infinity stands for
  if (std::isinf(exact) || std::fabs(exact) > beyond) exact = std::copysign(beyond, exact);
  const long double value = std::isinf(got) ? std::copysign(beyond, (long double)got) : got;
  const int exponent = exact == 0 ? L::min_exponent : std::max(std::ilogb(exact) + 1, L::min_exponent);
  return double(std::fabs(value - exact) / std::ldexp(1.0L, exponent - L::digits));
}

long double exact_logistic(long double x) {
  return x >= 0 ? 1 / (1 + std::exp(-x)) : std::exp(x) / (1 + std::exp(x));
}
long double exact_softplus(long double x) { return std::fmax(x, 0.0L) + std::log1p(std::exp(-std::fabs(x))); }

template <class T> struct Function {
  const char* name;
  vec<T> (*ours)(vec<T>);
  long double (*exact)(long double);
  double bound;        // ulps
  T low, high;         // where its values vary: doubles are drawn here
};

#define GLASSNET_CASE(name, exact, bound, low, high)                  \
  {#name, [](vec<T> x) { return v_##name<T>(x); },                      \
   [](long double x) -> long double { return exact(x); }, bound, T(low), T(high)}
template <class T> std::vector<Function<T>> functions() {
  constexpr bool f = same_type<T, float>;
  const T tail = f ? T(110) : T(750);
  return {
      GLASSNET_CASE(exp, std::exp, 1.1, -tail, tail),
      GLASSNET_CASE(expm1, std::expm1, f ? 2 : 2.5, -tail, tail),
      GLASSNET_CASE(log, std::log, 1.1, 0, 100),
      GLASSNET_CASE(log1p, std::log1p, 2, -1, 100),
      GLASSNET_CASE(tanh, std::tanh, f ? 2 : 3, -12, 12),
      GLASSNET_CASE(logistic, exact_logistic, f ? 2 : 2.5, -tail, tail),
      GLASSNET_CASE(softplus, exact_softplus, f ? 2 : 2.5, -tail, tail),
      GLASSNET_CASE(erf, std::erf, 2, -6.5, 6.5),
      GLASSNET_CASE(sin, std::sin, 2, -1.1e5, 1.1e5),
      GLASSNET_CASE(cos, std::cos, 2, -1.1e5, 1.1e5),
  };
}

template <class T> struct Worst {
  double error = 0;
  T x = 0, y = 0;
  void add(double e, T at_x, T at_y = 0) {
    if (e > error) error = e, x = at_x, y = at_y;
  }
  void report(const char* name, double bound) const {
    const bool good = error <= bound;
    failures += !good;
    std::printf("%s %-9s %8.3f ulp at %.17g %.17g (bound %g)%s\n", sizeof(T) == 4 ? "float " : "double",
                name, error, double(x), double(y), bound, good ? "" : "  FAILED");
  }
};

// Both the value and its independence of the other lanes: beside NaN, a lane gives the same bits.
template <class T> void try_inputs(const Function<T>& f, const std::vector<T>& inputs, Worst<T>& worst) {
  const T nan = std::numeric_limits<T>::quiet_NaN();
  for (std::size_t i = 0; i < inputs.size(); i += width<T>) {
    T lanes[width<T>];
    for (long j = 0; j < width<T>; j++) lanes[j] = inputs[std::min(i + j, inputs.size() - 1)];
    const vec<T> x = load<T>(lanes), y = f.ours(x);
    for (long j = 0; j < width<T>; j++) worst.add(error_in_ulps<T>(y[j], f.exact(x[j])), x[j]);
    lanes[width<T> - 1] = nan;
    const vec<T> z = f.ours(load<T>(lanes));
    for (long j = 0; j + 1 < width<T>; j++)
      if (to_bits<T>(y[j]) != to_bits<T>(z[j]) && !std::isnan(y[j])) {
        if (failures++ < 20) std::printf("%s(%.17g) depends on the other lanes\n", f.name, double(x[j]));
      }
    if (!std::isnan(T(z[width<T> - 1]))) failures++, std::printf("%s(NaN) is a number\n", f.name);
  }
}

std::vector<float> inputs(const Function<float>&) {
  std::vector<float> all;
  for (std::uint64_t bits = 0; bits < (1ull << 32); bits += 997) all.push_back(from_bits<float>(std::uint32_t(bits)));
  return all;
}

std::vector<double> inputs(const Function<double>& f) {
  std::vector<double> all;
  std::mt19937_64 random(1);
  std::uniform_real_distribution<double> range(f.low, f.high), centre(-2, 2), exponent(-60, 0);
  for (int i = 0; i < 400000; i++) {
    all.push_back(range(random));
    all.push_back(centre(random));
    all.push_back(1 + centre(random) * std::exp2(exponent(random)));
    all.push_back(centre(random) * std::exp2(exponent(random)));
    all.push_back(from_bits<double>(random()));
  }
  return all;
}

// Neighbours of the places where a function changes its formula or its value leaves the format.
template <class T> void add_boundaries(std::vector<T>& all) {
  const double places[] = {0.35, 0.5, 0.70710678, 0.875, 1, 1.41421356, 2, 4, 6, 17, 20, 36, 37, 40, 87, 87.3365,
                           88, 88.7228, 89, 103.97, 104, 708, 708.3964, 709, 709.7827, 710, 745.13, 746, 1e5};
  for (double place : places)
    for (int step = -200; step <= 200; step++)
      for (int sign : {-1, 1}) all.push_back(T(sign) * from_bits<T>(to_bits<T>(T(place)) + step));
  for (int quarter = 1; quarter < 63000; quarter++) {  // multiples of π/2, where sine or cosine is near 0
    const T x = T(quarter * 1.57079632679489661923L);
    for (int step = -1; step <= 1; step++) all.push_back(from_bits<T>(to_bits<T>(x) + step));
  }
}

template <class T> void check_special(const Function<T>& f, const char* name, T x, T expected) {
  if (std::strcmp(f.name, name) != 0) return;
  const T got = f.ours(splat(x))[0];
  if (to_bits<T>(got) == to_bits<T>(expected) || (std::isnan(got) && std::isnan(expected))) return;
  failures++;
  std::printf("%s(%g) = %.17g, expected %.17g\n", name, double(x), double(got), double(expected));
}

template <class T> void special_values(const Function<T>& f) {
  using L = std::numeric_limits<T>;
  const T inf = L::infinity(), nan = L::quiet_NaN(), tiny = L::denorm_min();
  for (const char* odd : {"expm1", "log1p", "tanh", "erf", "sin"})
    for (T x : {T(0), T(-0.0), tiny, -tiny}) check_special<T>(f, odd, x, x);
  for (const char* s_shaped : {"tanh", "erf"})
    for (T x : {T(30), L::max(), inf}) check_special<T>(f, s_shaped, x, 1), check_special<T>(f, s_shaped, -x, -1);
  for (T x : {T(0), T(-0.0), tiny}) check_special<T>(f, "exp", x, 1), check_special<T>(f, "cos", x, 1);
  for (T x : {T(800), L::max(), inf})
    for (const char* name : {"exp", "expm1"}) check_special<T>(f, name, x, inf);
  for (T x : {T(-800), L::lowest(), -inf}) {
    check_special<T>(f, "exp", x, 0), check_special<T>(f, "expm1", x, -1);
    check_special<T>(f, "logistic", x, 0), check_special<T>(f, "softplus", x, 0);
    check_special<T>(f, "logistic", -x, 1), check_special<T>(f, "softplus", -x, -x);
  }
  check_special<T>(f, "logistic", 0, T(0.5));
  check_special<T>(f, "log", 1, 0), check_special<T>(f, "log", inf, inf), check_special<T>(f, "log1p", inf, inf);
  for (T x : {T(0), T(-0.0)}) check_special<T>(f, "log", x, -inf);
  for (T x : {-tiny, T(-1), -inf}) check_special<T>(f, "log", x, nan);
  check_special<T>(f, "log1p", -1, -inf);
  for (T x : {T(-1.5), L::lowest(), -inf}) check_special<T>(f, "log1p", x, nan);
  for (const char* periodic : {"sin", "cos"})
    for (T x : {inf, -inf}) check_special<T>(f, periodic, x, nan);
}

template <class T> void check_power() {
  using L = std::numeric_limits<T>;
  Worst<T> worst;
  std::mt19937_64 random(2);
  std::uniform_real_distribution<double> unit(0, 1);
  const auto one = [&](T x, T y) {
    vec<T> base = splat(T(1.5)), exponent = splat(T(2.5));
    base[1] = x, exponent[1] = y;
    const T got = v_pow<T>(base, exponent)[1];
    worst.add(error_in_ulps<T>(got, std::pow((long double)x, (long double)y)), x, y);
    if (std::isnan(T(std::pow(x, y))) != std::isnan(got)) worst.add(1e30, x, y);
    if (got == 0 && std::signbit(got) != std::signbit(T(std::pow(x, y)))) worst.add(1e30, x, y);
  };
  const T inf = L::infinity(), nan = L::quiet_NaN();
  const T values[] = {0, 1, 2, 3, T(0.5), T(2.5), 7, 1e10, T(0x1p23) + 1, T(0x1p24) + 2, T(1e-30), L::max(),
                      L::min(), L::denorm_min(), 1 - L::epsilon() / 2, 1 + L::epsilon(), inf, nan};
  for (T x : values)
    for (T y : values)
      for (int signs = 0; signs < 4; signs++) one(signs & 1 ? -x : x, signs & 2 ? -y : y);
  for (int i = 0; i < 1000000; i++) {
    one(T(4 * unit(random)), T(20 * unit(random) - 10));
    const T x = from_bits<T>(uint_of<T>(random()) & (~uint_of<T>(0) >> 1));
    const double range = L::max_exponent * 0.75 / std::fabs(std::log(double(x)) + 1e-3);
    one(x, T((2 * unit(random) - 1) * range));
    one(T(1 + 0.01 * (unit(random) - 0.5)), T(20000 * (2 * unit(random) - 1)));
    one(-T(8 * unit(random)), T(std::floor(20 * unit(random)) - 10));
  }
  worst.report("pow", same_type<T, float> ? 1 : 64);  // 64 ulp: 1.4e-14
}

template <class T> void check_all() {
  for (const Function<T>& f : functions<T>()) {
    Worst<T> worst;
    std::vector<T> all = inputs(f);
    add_boundaries(all);
    try_inputs(f, all, worst);
    worst.report(f.name, f.bound);
    special_values(f);
  }
  check_power<T>();
}

void every_float(const char* name) {
  for (const Function<float>& f : functions<float>()) {
    if (std::strcmp(f.name, name) != 0) continue;
    Worst<float> worst;
    std::vector<float> some(1 << 16);
    for (std::uint64_t bits = 0; bits < (1ull << 32); bits += some.size()) {
      for (std::size_t i = 0; i < some.size(); i++) some[i] = from_bits<float>(std::uint32_t(bits + i));
      try_inputs(f, some, worst);
    }
    worst.report(f.name, f.bound);
  }
}

}  // namespace

int main(int count, char** arguments) {
  if (count > 1)
    every_float(arguments[1]);
  else
    check_all<float>(), check_all<double>();
  std::printf("%d bytes a vector: %s\n", int(vec_bytes), failures ? "FAILED" : "passed");
  return failures != 0;
}
