// The kernels of runs against plain ones: the neurons, one example after the other in double, and the order of the
// examples, by the standard library's sort.
#include "../linear_neuron.h"
#include "../shuffle.h"
#include "../threshold_neuron.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numeric>
#include <vector>

using namespace glassnet;
using namespace glassnet::GLASSNET_ISA;

namespace {

int failures = 0, compared = 0;

void expect(bool right, const char* what, long a, long b) {
  compared++;
  if (!right && failures++ < 20) std::printf("%s (%ld, %ld)\n", what, a, b);
}

void orders(long n, std::uint64_t seed) {
  std::vector<std::uint64_t> keys(std::size_t(n) + 1);
  std::vector<std::int64_t> plain(std::size_t(n) + 1), found(std::size_t(n) + 1, 7), work(std::size_t(permute_work(n)));
  fill_range<random_keys>(keys.data(), n, {seed, 2, 5}, 0);
  std::iota(plain.begin(), plain.end() - 1, 0);
  std::stable_sort(plain.begin(), plain.end() - 1, [&](auto a, auto b) { return keys[std::size_t(a)] < keys[std::size_t(b)]; });
  plain.back() = 7;
  permute(found.data(), n, seed, 2, 5, work.data());
  expect(plain == found, "another order", n, long(seed));
}

// Keys that share their uppermost bits, as too few of the random ones do.
void equal_keys(int known) {
  const long n = 500;
  std::vector<keyed> keys, sorted(n);
  std::vector<std::int64_t> found(n), starts(4 * n);
  for (long i = 0; i < n; i++) keys.push_back({(std::uint64_t(5) << (64 - 8)) | std::uint64_t(i * 7 % 13) << (i % 2 ? 40 : 0), i});
  std::vector<keyed> plain = keys;
  std::stable_sort(plain.begin(), plain.end(), [](const keyed& a, const keyed& b) { return a.key < b.key; });
  sort_fine(found.data(), keys.data(), n, known, sorted.data(), starts.data());
  for (long i = 0; i < n; i++) expect(found[std::size_t(i)] == plain[std::size_t(i)].position, "equal keys", known, i);
}

template <class T> void neuron(long inputs, long n, bool has_bias, bool shuffled, bool one_rate) {
  const std::size_t m = std::size_t(inputs), count = std::size_t(n);
  std::vector<T> x(m * count), targets(count), weights(m + 1, T(0.1)), bias(1, T(0.2));
  std::vector<double> numbers(m * count + count), rates(count), plain(m, 0.1), uniforms(count);
  fill_uniform<double>(numbers.data(), long(numbers.size()), 3, 1, 0);
  fill_uniform<double>(uniforms.data(), n, 4, 1, 0);
  for (std::size_t i = 0; i < x.size(); i++) x[i] = T(numbers[i] - 0.5);
  for (std::size_t i = 0; i < count; i++) targets[i] = T(numbers[x.size() + i]), rates[i] = (0.1 + 0.3 * uniforms[i]) / (1 + 0.1 * double(inputs));
  std::vector<std::int64_t> order(count);
  std::iota(order.begin(), order.end(), 0);
  if (shuffled) std::reverse(order.begin(), order.end());
  weights.back() = T(99);  // beside the weights: it must stay
  OnlineNeuron job{weights.data(), has_bias ? bias.data() : nullptr, x.data(), targets.data(), shuffled ? order.data() : nullptr,
                   rates.data(), one_rate ? 0L : 1L, inputs, 2.0, 1e30, sizeof(T) == 8};
  for (long at = 0; at < n; at += 37) linear_neuron(job, at, std::min(n, at + 37));
  double b = has_bias ? 0.2 : 0.0, loss = 0;
  for (std::size_t i = 0; i < count; i++) {
    const std::size_t row = std::size_t(order[i]);
    double v = b;
    for (std::size_t j = 0; j < m; j++) v += plain[j] * double(x[row * m + j]);
    const double e = double(targets[row]) - v, change = 2.0 * rates[one_rate ? 0 : i] * e;
    loss += e * e;
    for (std::size_t j = 0; j < m; j++) plain[j] += change * double(x[row * m + j]);
    if (has_bias) b += change;
  }
  const double tolerance = sizeof(T) == 8 ? 1e-12 : 2e-5;
  expect(job.done == n, "not all are done", inputs, n);
  for (std::size_t j = 0; j < m; j++) expect(std::abs(double(weights[j]) - plain[j]) < tolerance, "another weight", inputs, long(j));
  if (has_bias) expect(std::abs(double(bias[0]) - b) < tolerance, "another bias", inputs, n);
  expect(std::abs(job.loss - loss) < tolerance * double(n), "another loss", inputs, n);
  expect(weights.back() == T(99), "written beside the weights", inputs, n);
}

// On whole numbers all sums are exact: every weight must be the same.
template <class T> void perceptron(long inputs, long n, bool has_bias, bool shuffled, bool bipolar) {
  const std::size_t m = std::size_t(inputs), count = std::size_t(n);
  std::vector<T> x(m * count), weights(m + 1, T(1)), bias(1, T(-2));
  std::vector<std::int64_t> classes(count), order(count);
  std::vector<double> numbers(m * count + count), plain(m, 1.0);
  fill_uniform<double>(numbers.data(), long(numbers.size()), 5, 1, 0);
  for (std::size_t i = 0; i < x.size(); i++) x[i] = T(std::floor(numbers[i] * 9) - 4);
  for (std::size_t i = 0; i < count; i++) classes[i] = numbers[x.size() + i] < 0.5;
  std::iota(order.begin(), order.end(), 0);
  if (shuffled) std::reverse(order.begin(), order.end());
  weights.back() = T(99);  // beside the weights: it must stay
  const double rate = 2.0;
  OnlineNeuron job{weights.data(), has_bias ? bias.data() : nullptr, x.data(), classes.data(), shuffled ? order.data() : nullptr,
                   &rate, 0, inputs, 1.0, 1e30, sizeof(T) == 8, bipolar};
  for (long at = 0; at < n; at += 37) threshold_neuron(job, at, std::min(n, at + 37));
  double b = has_bias ? -2.0 : 0.0;
  long mistakes = 0;
  for (std::size_t i = 0; i < count; i++) {
    const std::size_t row = std::size_t(order[i]);
    double v = b;
    for (std::size_t j = 0; j < m; j++) v += plain[j] * double(x[row * m + j]);
    const double e = (double(classes[row]) - (v >= 0 ? 1.0 : 0.0)) * (bipolar ? 2.0 : 1.0);
    mistakes += e != 0;
    for (std::size_t j = 0; j < m; j++) plain[j] += rate * e * double(x[row * m + j]);
    if (has_bias) b += rate * e;
  }
  expect(job.done == n, "not all are done", inputs, n);
  expect(job.mistakes == mistakes, "another number of mistakes", inputs, n);
  expect(job.loss == double(mistakes) * (bipolar ? 2.0 : 0.5), "another loss", inputs, n);
  for (std::size_t j = 0; j < m; j++) expect(double(weights[j]) == plain[j], "another weight of a threshold neuron", inputs, long(j));
  if (has_bias) expect(double(bias[0]) == b, "another bias of a threshold neuron", inputs, n);
  expect(weights.back() == T(99), "written beside the weights", inputs, n);
}

// The first error that is too large ends the run.
template <class T> void overflow(long inputs, long n, long bad) {
  const std::size_t m = std::size_t(inputs), count = std::size_t(n);
  std::vector<T> x(m * count, T(0.1)), targets(count, T(1)), weights(m);
  const double rate = 0.1;
  targets[std::size_t(bad)] = T(1e30);
  OnlineNeuron job{weights.data(), nullptr, x.data(), targets.data(), nullptr, &rate, 0, inputs, 1.0, 1e20, sizeof(T) == 8};
  linear_neuron(job, 0, n);
  expect(job.done < n && job.done <= bad && job.done >= bad - 1, "an error that is too large", inputs, bad);
}

}  // namespace

int main() {
  for (long n : {0L, 1L, 2L, 3L, 10L, 511L, 512L, 513L, 1024L, 1025L, 5000L, 100000L, 1500000L})
    for (std::uint64_t seed : {0u, 1u}) orders(n, seed);
  for (int known : {0, 3, 8}) equal_keys(known);
  for (long inputs = 1; inputs <= 90; inputs++)
    for (long n : {1L, 2L, 75L})
      for (bool has_bias : {false, true})
        for (bool shuffled : {false, true}) {
          neuron<float>(inputs, n, has_bias, shuffled, shuffled != has_bias);
          neuron<double>(inputs, n, has_bias, shuffled, shuffled != has_bias);
          perceptron<float>(inputs, n, has_bias, shuffled, inputs % 3 == 0);
          perceptron<double>(inputs, n, has_bias, shuffled, inputs % 3 == 0);
        }
  for (long inputs : {1L, 20L, 200L})
    for (long bad = 0; bad < 7; bad++) overflow<float>(inputs, 7, bad), overflow<double>(inputs, 7, bad);
  std::printf("%d comparisons, %d failures\n", compared, failures);
  return failures != 0;
}
