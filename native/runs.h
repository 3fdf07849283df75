// Runs of training steps: an epoch is one call. Nothing here knows Python; binding.cpp gives the functions that ask it.
#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>
#include "executor.h"

namespace glassnet {

// Positions 0 … n − 1 in the order of chance that belongs to the seed, the stream and the counter. What it works in is
// kept from one call to the next.
class Shuffle {
 public:
  void draw(std::int64_t* out, long n, std::uint64_t seed, std::uint32_t stream, std::uint64_t counter);

 private:
  std::vector<std::int64_t> work_;
};

// Asked from time to time, with the examples done and the last loss: whether to go on.
using GoOn = std::function<bool(long done, double loss)>;

// Says when it is time to ask. The clock is looked at about every millisecond, however long a step takes, since a look
// takes as long as a short step.
class Watch {
 public:
  void begin() { looked_ = told_ = Clock::now(); since_ = 0; }
  bool after_step() { return ++since_ >= every_ && look(); }
  bool within_step();  // for steps so long that they are watched too
  bool is_slow() const { return slow_; }

 private:
  using Clock = std::chrono::steady_clock;
  bool look();
  Clock::time_point looked_, told_;
  long since_ = 0, every_ = 1;
  bool slow_ = true;  // until the first step is over
};

// One array of examples: row i is copied to row j of the batch where example i is taken as the j-th.
struct Feed {
  std::string name;
  const char* from;
  long rows;
  std::size_t bytes;  // of a row
  DType dtype;
};

// A whole number at the end of an epoch's shuffling: which order of the examples it has.
struct Order {
  bool shuffled;
  std::uint64_t seed;
  std::uint32_t stream;
  std::uint64_t counter;
};

struct Outcome {
  long steps = 0;            // done
  std::vector<double> sums;  // of the measures, each times the examples of its batch
  bool finite = true;        // the objective after each step, and the state at the end
  bool stopped = false;      // because it was told so; the state is that after the steps done
};

// A step that one kernel stands for, of patterns/: `kind` is linear, threshold, signum, or empty for other steps.
struct Neuron {
  std::string kind, weights, bias;
  double factor = 1.0;
};

// The epochs of a training run: programs for batches of several sizes, the state they change, and the examples.
class Epochs {
 public:
  // Throws std::invalid_argument where sizes do not fit: afterwards nothing is checked again.
  //   state: the names of what steps change and what a later one needs.
  //   measures: the names of the measures that are summed up.
  //   edges: where each batch begins in the order of the examples, and where the last one ends.
  Epochs(Store& store, std::map<long, Program*> programs, const std::vector<std::string>& state,
         const std::vector<std::string>& measures, std::vector<Feed> feeds, std::vector<std::int64_t> edges,
         const Neuron& neuron);

  // `rates` has one for each step, or one for all of them.
  Outcome run(const Order& order, const double* rates, long n_rates, long first_step, const GoOn& go_on);

  // Puts the state back that was there when the last epoch began.
  void restore() { put_back(before_); }

 private:
  struct Place { char* memory; std::size_t bytes; DType dtype; };
  struct Number {
    char* memory;
    DType dtype;
    double read() const;
    void write(double x) const;
  };
  Number number(const std::string& name);
  void check(const std::map<long, Program*>& programs) const;
  void remember(std::vector<char>& copy) const;
  void put_back(const std::vector<char>& copy);
  bool is_finite() const;
  void gather(const std::int64_t* order, long start, long stop, long threads);
  bool step(Program& program, long start, double loss, const GoOn& go_on);
  void run_steps(Outcome& outcome, const std::int64_t* order, const double* rates, long stride, long first_step,
                 const GoOn& go_on);
  void run_neuron(Outcome& outcome, const std::int64_t* order, const double* rates, long stride, const GoOn& go_on);

  Store& store_;
  std::map<long, Program*> programs_;
  std::vector<Place> state_;
  std::vector<Number> measured_;
  std::vector<Feed> feeds_;
  std::vector<char*> batch_;  // where the rows of each feed go
  std::vector<std::int64_t> edges_, order_;
  OnlineNeuron neuron_{};
  void (*neuron_kernel_)(OnlineNeuron&, long, long) = nullptr;  // null: a step is a program
  std::vector<bool> counts_mistakes_;                           // for each measure; the others are the loss
  std::vector<char> before_, before_step_;
  Shuffle shuffle_;
  Watch watch_;
};

}  // namespace glassnet
