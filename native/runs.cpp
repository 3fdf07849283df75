#include "runs.h"
#include <algorithm>
#include <cmath>
#include <cstring>

namespace glassnet {

void Shuffle::draw(std::int64_t* out, long n, std::uint64_t seed, std::uint32_t stream, std::uint64_t counter) {
  work_.resize(std::size_t(best_kernels().permute_work(n)));
  best_kernels().permute(out, n, seed, stream, counter, work_.data());
}

static constexpr std::chrono::milliseconds ask_every{50}, slow_step{20};

bool Watch::look() {
  const auto now = Clock::now();
  const auto passed = now - looked_;
  slow_ = passed >= slow_step * since_;
  if (passed < std::chrono::microseconds(500)) every_ = std::min(2 * every_, 4096L);
  else if (passed > std::chrono::milliseconds(2)) every_ = std::max(every_ / 2, 1L);
  if (passed > slow_step) every_ = 1;  // steps take longer than they did
  looked_ = now;
  since_ = 0;
  if (now - told_ < ask_every) return false;
  told_ = now;
  return true;
}

bool Watch::within_step() {
  const auto now = Clock::now();
  if (now - told_ < ask_every) return false;
  told_ = now;
  return true;
}

double Epochs::Number::read() const {
  return dtype == DType::f32 ? double(*reinterpret_cast<float*>(memory)) : *reinterpret_cast<double*>(memory);
}
void Epochs::Number::write(double x) const {
  if (dtype == DType::f32) *reinterpret_cast<float*>(memory) = float(x);
  else if (dtype == DType::f64) *reinterpret_cast<double*>(memory) = x;
  else *reinterpret_cast<std::int64_t*>(memory) = std::int64_t(x);
}
Epochs::Number Epochs::number(const std::string& name) {
  Store::Entry& entry = store_.at(name);
  return {entry.data(), entry.dtype};
}

Epochs::Epochs(Store& store, std::map<long, Program*> programs, const std::vector<std::string>& state,
               const std::vector<std::string>& measures, std::vector<Feed> feeds, std::vector<std::int64_t> edges,
               const Neuron& neuron)
    : store_(store), programs_(std::move(programs)), feeds_(std::move(feeds)), edges_(std::move(edges)) {
  for (const std::string& name : state) {
    Store::Entry& entry = store.at(name);
    state_.push_back({entry.data(), std::size_t(entry.count * bytes_of(entry.dtype)), entry.dtype});
  }
  for (const std::string& name : measures) measured_.push_back(number(name));
  check(programs_);
  for (const Feed& feed : feeds_) batch_.push_back(store.at(feed.name).data());
  if (neuron.kind.empty()) return;
  Store::Entry& weights = store.at(neuron.weights);
  const auto feed = [this](const char* name) -> const Feed& {
    for (const Feed& f : feeds_) if (f.name == name) return f;
    throw std::invalid_argument(std::string("there are no examples ") + name);
  };
  const std::size_t size = std::size_t(bytes_of(weights.dtype));
  const Feed &x = feed("batch/x"), &targets = feed("batch/target");
  const bool is_linear = neuron.kind == "linear";
  if (x.bytes != std::size_t(weights.count) * size || targets.bytes != (is_linear ? size : 8) || long(edges_.size()) != x.rows + 1)
    throw std::invalid_argument("the arrays do not fit");
  neuron_kernel_ = is_linear ? best_kernels().linear_neuron : best_kernels().threshold_neuron;
  for (const std::string& name : measures) counts_mistakes_.push_back(name == "measures/mistakes");
  const bool is_double = weights.dtype == DType::f64;
  neuron_.weights = weights.data();
  neuron_.bias = neuron.bias.empty() ? nullptr : store.at(neuron.bias).data();
  neuron_.x = x.from;
  neuron_.targets = targets.from;
  neuron_.inputs = weights.count;
  neuron_.factor = neuron.factor;
  neuron_.largest = is_double ? 1.7976931348623157e308 : 3.402823466e38;
  neuron_.is_double = is_double;
  neuron_.bipolar = neuron.kind == "signum";
}

void Epochs::check(const std::map<long, Program*>& programs) const {
  if (feeds_.empty() || edges_.size() < 2 || programs.empty()) throw std::invalid_argument("there is nothing to learn from");
  const long rows = feeds_.front().rows, largest = programs.rbegin()->first;
  for (const Feed& feed : feeds_) {
    if (feed.rows != rows) throw std::invalid_argument(feed.name + " has another length");
    const Store::Entry& entry = store_.at(feed.name);
    if (feed.dtype != entry.dtype || feed.bytes * std::size_t(largest) > std::size_t(entry.count * bytes_of(entry.dtype)))
      throw std::invalid_argument(feed.name + " does not fit its place");
  }
  if (edges_.front() < 0 || edges_.back() > rows) throw std::invalid_argument("a batch names an example that is not there");
  for (std::size_t i = 1; i < edges_.size(); i++)
    if (programs.find(long(edges_[i] - edges_[i - 1])) == programs.end()) throw std::invalid_argument("a batch has no program");
}

void Epochs::remember(std::vector<char>& copy) const {
  std::size_t bytes = 0, at = 0;
  for (const Place& place : state_) bytes += place.bytes;
  copy.resize(bytes);
  for (const Place& place : state_) {
    std::memcpy(copy.data() + at, place.memory, place.bytes);
    at += place.bytes;
  }
}

void Epochs::put_back(const std::vector<char>& copy) {
  std::size_t at = 0;
  if (copy.empty()) return;
  for (const Place& place : state_) {
    std::memcpy(place.memory, copy.data() + at, place.bytes);
    at += place.bytes;
  }
}

// By the bits, so that the compiler may take many at a time: an exponent of ones is infinity or no number.
template <class Bits> static bool exponents_are_finite(const char* memory, std::size_t bytes, Bits exponent) {
  const Bits* bits = reinterpret_cast<const Bits*>(memory);
  Bits found = 0;
  for (std::size_t i = 0; i < bytes / sizeof(Bits); i++) found |= (bits[i] & exponent) == exponent ? Bits(1) : Bits(0);
  return found == 0;
}
bool Epochs::is_finite() const {
  for (const Place& place : state_) {
    if (place.dtype == DType::f32 && !exponents_are_finite<std::uint32_t>(place.memory, place.bytes, 0x7f800000u)) return false;
    if (place.dtype == DType::f64 && !exponents_are_finite<std::uint64_t>(place.memory, place.bytes, 0x7ff0000000000000u))
      return false;
  }
  return true;
}

// Rows of one number, such as classes, without a call for each.
template <class T> static void gather_numbers(char* to, const char* from, const std::int64_t* rows, long n) {
  T* target = reinterpret_cast<T*>(to);
  const T* source = reinterpret_cast<const T*>(from);
  for (long i = 0; i < n; i++) target[i] = source[rows[i]];
}

void Epochs::gather(const std::int64_t* order, long start, long stop, long threads) {
  for (std::size_t f = 0; f < feeds_.size(); f++) {
    const Feed& feed = feeds_[f];
    const long n = stop - start;
    if (order == nullptr) std::memcpy(batch_[f], feed.from + std::size_t(start) * feed.bytes, std::size_t(n) * feed.bytes);
    else if (feed.bytes == 8) gather_numbers<std::uint64_t>(batch_[f], feed.from, order + start, n);
    else if (feed.bytes == 4) gather_numbers<std::uint32_t>(batch_[f], feed.from, order + start, n);
    else gather_rows(batch_[f], feed.from, order + start, n, feed.bytes, threads);
  }
}

// A long step is watched from within: told to stop, it leaves the state as it was before.
bool Epochs::step(Program& program, long start, double loss, const GoOn& go_on) {
  if (!watch_.is_slow()) {
    program.run();
    return true;
  }
  remember(before_step_);
  if (program.run_while([&] { return !watch_.within_step() || go_on(start, loss); })) return true;
  put_back(before_step_);
  return false;
}

void Epochs::run_steps(Outcome& outcome, const std::int64_t* order, const double* rates, long stride, long first_step,
                       const GoOn& go_on) {
  const Number rate = number("rate"), step_number = number("step"), counter = number("counter"),
               objective = number("measures/objective"), loss = number("measures/loss");
  const long steps = long(edges_.size()) - 1;
  Program* program = nullptr;
  long size = -1;
  double last_loss = 0;
  for (; outcome.steps < steps; outcome.steps++) {
    const long at = outcome.steps, start = long(edges_[std::size_t(at)]), stop = long(edges_[std::size_t(at) + 1]);
    if (stop - start != size) {
      size = stop - start;
      program = programs_.at(size);
    }
    gather(order, start, stop, program->threads());
    rate.write(rates[at * stride]);
    step_number.write(double(first_step + at));
    counter.write(double(first_step + at));
    if (!step(*program, start, last_loss, go_on)) { outcome.stopped = true; return; }
    if (!std::isfinite(objective.read())) { outcome.finite = false; return; }
    last_loss = loss.read();
    for (std::size_t i = 0; i < measured_.size(); i++) outcome.sums[i] += measured_[i].read() * double(size);
    if (watch_.after_step() && !go_on(stop, last_loss)) {
      outcome.steps++;
      outcome.stopped = true;
      return;
    }
  }
}

void Epochs::run_neuron(Outcome& outcome, const std::int64_t* order, const double* rates, long stride, const GoOn& go_on) {
  const long n = long(edges_.size()) - 1, at_once = std::max(1L, 65536 / std::max(1L, neuron_.inputs));
  OnlineNeuron job = neuron_;
  job.order = order;
  job.rates = rates;
  job.rate_stride = stride;
  while (job.done < n) {
    const long until = std::min(n, job.done + at_once);
    neuron_kernel_(job, job.done, until);
    outcome.steps = job.done;
    if (job.done < until) { outcome.finite = false; break; }
    if (watch_.after_step() && !go_on(job.done, job.loss / double(job.done))) { outcome.stopped = true; break; }
  }
  for (std::size_t i = 0; i < outcome.sums.size(); i++)  // the objective is the loss
    outcome.sums[i] = counts_mistakes_[i] ? double(job.mistakes) : job.loss;
}

Outcome Epochs::run(const Order& order, const double* rates, long n_rates, long first_step, const GoOn& go_on) {
  if (n_rates != 1 && n_rates + 1 != long(edges_.size())) throw std::invalid_argument("the rates do not fit the batches");
  const long rows = feeds_.front().rows, stride = n_rates == 1 ? 0 : 1;
  if (order.shuffled) {
    order_.resize(std::size_t(rows));
    shuffle_.draw(order_.data(), rows, order.seed, order.stream, order.counter);
  }
  const std::int64_t* rows_in_order = order.shuffled ? order_.data() : nullptr;
  remember(before_);
  watch_.begin();
  Outcome outcome;
  outcome.sums.assign(measured_.size(), 0.0);
  if (neuron_kernel_ != nullptr) run_neuron(outcome, rows_in_order, rates, stride, go_on);
  else run_steps(outcome, rows_in_order, rates, stride, first_step, go_on);
  outcome.finite = outcome.finite && is_finite();
  return outcome;
}

}  // namespace glassnet
