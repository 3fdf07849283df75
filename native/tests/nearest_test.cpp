// nearest.h against sorting all distances. Every array lies in memory of its own, whose end the
// sanitizers guard. Built like gemm_test.cpp. Exit status 77: this machine lacks the instructions.
#include "nearest.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <vector>

namespace {

using namespace glassnet;
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

unsigned random_bits() {
  static unsigned long long state = 88172645463325252ull;
  state ^= state << 13, state ^= state >> 7, state ^= state << 17;
  return unsigned(state >> 32);
}

// Small whole numbers: every distance is exact, and many are equal.
template <class T> std::vector<T> numbers(long n) {
  std::vector<T> found(n);
  for (T& x : found) x = T(int(random_bits() % 5) - 2);
  return found;
}

double distance(Distance kind, const double* x, const double* m, long inputs) {
  double sum = 0;
  for (long j = 0; j < inputs; j++) {
    const double d = std::fabs(x[j] - m[j]);
    if (kind == Distance::euclidean) sum += d * d;
    if (kind == Distance::manhattan) sum += d;
    if (kind == Distance::chebyshev) sum = std::max(sum, d);
    if (kind == Distance::hamming) sum += d != 0;
  }
  if (kind == Distance::hamming) return sum / double(inputs);
  return kind == Distance::euclidean ? std::sqrt(sum) : sum;
}

template <class T>
void check(Distance kind, long n, long inputs, long queries, long k, bool by_products) {
  const std::vector<T> memory = numbers<T>(n * inputs), asked = numbers<T>(queries * inputs);
  // Whole numbers are exact in products: bounds as tight as they can be.
  std::vector<T> lows(n);
  std::vector<double> slack(queries, 0.0), distances(queries * k);
  for (long i = 0; i < n; i++)
    for (long j = 0; j < inputs; j++) lows[i] += memory[i * inputs + j] * memory[i * inputs + j];
  std::vector<std::int64_t> rows(queries * k, -1);
  const Nearest job{kind, 2, sizeof(T) == 8, n, inputs, k, memory.data(), asked.data(),
                    by_products ? memory.data() : nullptr, lows.data(), asked.data(), slack.data(),
                    0, distances.data(), rows.data()};
  bool right = nearest(job, 0, queries / 2) && nearest(job, queries / 2, queries);
  const std::vector<double> m(memory.begin(), memory.end()), x(asked.begin(), asked.end());
  for (long q = 0; q < queries; q++) {
    std::vector<std::pair<double, long>> all(n);
    for (long i = 0; i < n; i++)
      all[i] = {distance(kind, &x[q * inputs], &m[i * inputs], inputs), i};
    std::sort(all.begin(), all.end());
    for (long i = 0; i < k; i++)
      right = right && all[i].first == distances[q * k + i] && all[i].second == rows[q * k + i];
  }
  if (!right && failures++ < 20)
    std::printf("wrong: distance %d, %s, n=%ld inputs=%ld queries=%ld k=%ld products=%d\n",
                int(kind), sizeof(T) == 8 ? "double" : "float", n, inputs, queries, k, by_products);
}

template <class T> void check_all() {
  for (const Distance kind :
       {Distance::euclidean, Distance::manhattan, Distance::chebyshev, Distance::hamming})
    for (const long n : {1, 2, 15, 16, 17, 191, 192, 193, 500})
      for (const long inputs : {1, 3, 17, 40})
        for (const long queries : {1, 2, 7, 150})
          for (const long k : {1L, 3L, n / 2, n}) {
            if (k < 1 || k > n || (n > 200 && queries > 100 && inputs > 3)) continue;
            check<T>(kind, n, inputs, queries, k, false);
            if (kind == Distance::euclidean) check<T>(kind, n, inputs, queries, k, true);
          }
}

}  // namespace

int main() {
  if (!machine_has_it()) return 77;
  check_all<float>();
  check_all<double>();
  std::printf("%ld failures\n", failures);
  return failures ? 1 : 0;
}
