// The floor: each rung written by hand, for this one shape of network, as a good C++ programmer would in an afternoon.
// It is no library: it is the time that a general engine is held against, on the same machine in the same run.
// Compiled when `glassnet bench` needs it: -O3 -march=native and unsafe mathematics, products by OpenBLAS.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <numeric>
#include <thread>
#include <vector>

extern "C" {
void scipy_cblas_sgemm(int, int, int, int, int, int, float, const float*, int, const float*, int, float, float*, int);
void scipy_openblas_set_num_threads(int);
}

namespace {

using Floats = std::vector<float>;

struct Random {  // xorshift64*
  std::uint64_t state;
  explicit Random(std::uint64_t seed) : state(seed * 0x9E3779B97F4A7C15u + 1) {}
  std::uint32_t next() {
    state ^= state >> 12; state ^= state << 25; state ^= state >> 27;
    return std::uint32_t((state * 0x2545F4914F6CDD1Du) >> 32);
  }
  int below(int n) { return int((std::uint64_t(next()) * std::uint64_t(n)) >> 32); }
  float symmetric() { return float(next()) * (2.0f / 4294967296.0f) - 1.0f; }
};

void shuffle(std::vector<int>& order, Random& random) {
  for (int i = int(order.size()) - 1; i > 0; i--) std::swap(order[i], order[random.below(i + 1)]);
}

// C = op(A) op(B), all of them stored row by row without gaps
void product(bool transpose_a, bool transpose_b, int m, int n, int k, const float* a, const float* b, float* c) {
  scipy_cblas_sgemm(101, transpose_a ? 112 : 111, transpose_b ? 112 : 111, m, n, k, 1, a, transpose_a ? m : k, b,
                    transpose_b ? k : n, 0, c, n);
}

inline float exponential(float x) {  // after Cephes' expf; plain enough for the compiler to vectorise
  x = std::min(std::max(x, -87.0f), 88.0f);
  const float n = std::nearbyint(x * 1.44269504f);
  const float r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  const std::int32_t bits = (std::int32_t(n) + 127) << 23;
  float power;
  std::memcpy(&power, &bits, 4);
  return (p * r * r + r + 1.0f) * power;
}
inline float tangent(float x) { return 1.0f - 2.0f / (exponential(2.0f * x) + 1.0f); }

void column_sums(int rows, int columns, const float* a, float* sums) {
  std::fill(sums, sums + columns, 0.0f);
  for (int i = 0; i < rows; i++)
    for (int j = 0; j < columns; j++) sums[j] += a[i * columns + j];
}

void momentum(Floats& weight, Floats& change, const Floats& gradient) {
  for (std::size_t i = 0; i < weight.size(); i++) {
    change[i] = 0.9f * change[i] + gradient[i];
    weight[i] -= 0.05f * change[i];
  }
}

// One network with one hidden layer and everything that its training needs.
struct Network {
  int d, h, k, batch;
  Floats w1, b1, w2, b2, v1, c1, v2, c2, g1, e1, g2, e2, x, hidden, out, back;
  std::vector<int> labels;

  Network(int d, int h, int k, int batch, std::uint64_t seed)
      : d(d), h(h), k(k), batch(batch), w1(d * h), b1(h), w2(h * k), b2(k), v1(d * h), c1(h), v2(h * k), c2(k), g1(d * h),
        e1(h), g2(h * k), e2(k), x(batch * d), hidden(batch * h), out(batch * k), back(batch * h), labels(batch) {
    Random random(seed);
    for (float& w : w1) w = random.symmetric() / std::sqrt(float(d));
    for (float& w : w2) w = random.symmetric() / std::sqrt(float(h));
  }

  void forward(int rows) {
    product(false, false, rows, h, d, x.data(), w1.data(), hidden.data());
    for (int i = 0; i < rows; i++)
      for (int j = 0; j < h; j++) hidden[i * h + j] = tangent(hidden[i * h + j] + b1[j]);
    product(false, false, rows, k, h, hidden.data(), w2.data(), out.data());
    for (int i = 0; i < rows; i++)
      for (int j = 0; j < k; j++) out[i * k + j] += b2[j];
  }

  // Turns outputs into softmax minus target, divided by the batch; returns the cross-entropy.
  float errors() {
    float loss = 0;
    for (int i = 0; i < batch; i++) {
      float* row = &out[i * k];
      float most = row[0], sum = 0;
      for (int j = 1; j < k; j++) most = std::max(most, row[j]);
      for (int j = 0; j < k; j++) sum += row[j] = exponential(row[j] - most);
      const float scale = 1.0f / sum;
      for (int j = 0; j < k; j++) row[j] *= scale;
      loss -= std::log(row[labels[i]] + 1e-30f);
      row[labels[i]] -= 1.0f;
      for (int j = 0; j < k; j++) row[j] /= float(batch);
    }
    return loss / float(batch);
  }

  float step(const float* data, const std::int64_t* classes, const int* order) {
    for (int i = 0; i < batch; i++) {
      std::memcpy(&x[i * d], data + std::size_t(order[i]) * d, sizeof(float) * d);
      labels[i] = int(classes[order[i]]);
    }
    forward(batch);
    const float loss = errors();
    product(false, true, batch, h, k, out.data(), w2.data(), back.data());
    product(true, false, h, k, batch, hidden.data(), out.data(), g2.data());
    for (int i = 0; i < batch * h; i++) back[i] *= 1.0f - hidden[i] * hidden[i];
    product(true, false, d, h, batch, x.data(), back.data(), g1.data());
    column_sums(batch, h, back.data(), e1.data());
    column_sums(batch, k, out.data(), e2.data());
    momentum(w1, v1, g1);
    momentum(b1, c1, e1);
    momentum(w2, v2, g2);
    momentum(b2, c2, e2);
    return loss;
  }

  float train(const float* data, const std::int64_t* classes, int n, int epochs, std::uint64_t seed) {
    std::vector<int> order(n);
    std::iota(order.begin(), order.end(), 0);
    Random random(seed);
    float loss = 0;
    for (int epoch = 0; epoch < epochs; epoch++) {
      shuffle(order, random);
      loss = 0;
      for (int at = 0; at + batch <= n; at += batch) loss += step(data, classes, &order[at]);
    }
    return loss / float(n / batch);
  }
};

// One linear neuron with d inputs, an update after each example. The number of inputs is known to the compiler, so that
// the weights stay in registers.
template <int d> float lms(const float* x, const float* y, int n, int epochs, bool shuffled) {
  float w[d] = {}, b = 0, squares = 0;
  std::vector<int> order(n);
  std::iota(order.begin(), order.end(), 0);
  Random random(1);
  for (int epoch = 0; epoch < epochs; epoch++) {
    if (shuffled) shuffle(order, random);
    squares = 0;
    for (int i = 0; i < n; i++) {
      const int which = shuffled ? order[i] : i;
      const float* example = x + std::size_t(which) * d;
      float v = 0;
      for (int j = 0; j < d; j++) v += w[j] * example[j];
      const float e = y[which] - b - v, change = 0.01f * e;
      for (int j = 0; j < d; j++) w[j] += change * example[j];
      b += change;
      squares += e * e;
    }
  }
  return squares / float(n);
}

// One threshold neuron with d inputs, an update after each example that it gets wrong.
template <int d> long perceptron(const float* x, const float* y, int n, int epochs) {
  float w[d] = {}, b = 0;
  long mistakes = 0;
  for (int epoch = 0; epoch < epochs; epoch++) {
    mistakes = 0;
    for (int i = 0; i < n; i++) {
      const float* example = x + std::size_t(i) * d;
      float v = 0;
      for (int j = 0; j < d; j++) v += w[j] * example[j];
      const float e = y[i] - (v + b >= 0 ? 1.0f : 0.0f);
      if (e == 0) continue;
      for (int j = 0; j < d; j++) w[j] += e * example[j];
      b += e;
      mistakes++;
    }
  }
  return mistakes;
}

}  // namespace

extern "C" {

// One threshold neuron with 20 inputs; returns the mistakes of the last epoch.
long floor_perceptron(const float* x, const float* y, int n, int epochs) {
  return perceptron<20>(x, y, n, epochs);
}
// One linear neuron with 20 inputs; returns the mean of e² over the last epoch.
float floor_lms(const float* x, const float* y, int n, int epochs, int shuffled) {
  return lms<20>(x, y, n, epochs, shuffled != 0);
}
// Returns the mean cross-entropy of the last epoch, averaged over the networks.
float floor_train(const float* x, const std::int64_t* y, int d, int h, int k, int batch, int n, int networks, int epochs,
                  int threads) {
  if (networks == 1) {
    scipy_openblas_set_num_threads(threads);
    return Network(d, h, k, batch, 1).train(x, y, n, epochs, 1);
  }
  scipy_openblas_set_num_threads(1);
  Floats losses(networks);
  auto work = [&](int first) {
    for (int i = first; i < networks; i += threads)
      losses[i] = Network(d, h, k, batch, i + 1).train(x, y, n, epochs, i + 1);
  };
  std::vector<std::thread> others;
  for (int t = 1; t < threads; t++) others.emplace_back(work, t);
  work(0);
  for (std::thread& other : others) other.join();
  return std::accumulate(losses.begin(), losses.end(), 0.0f) / float(networks);
}

// The classes of `calls` examples, one by one; returns their sum, so that nothing can be left out.
long floor_predict(const float* x, int d, int h, int k, int calls) {
  scipy_openblas_set_num_threads(1);
  Network net(d, h, k, 1, 1);
  long sum = 0;
  for (int call = 0; call < calls; call++) {
    std::memcpy(net.x.data(), x, sizeof(float) * d);
    net.forward(1);
    sum += std::max_element(net.out.begin(), net.out.end()) - net.out.begin();
  }
  return sum;
}

}
