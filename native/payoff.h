// Whether a program's steps are quicker with helpers or alone: found by trying both, again and again.
// What two cores cost each other differs by a factor of five from one pair to another, and in a
// virtual machine from one second to the next (docs/design/0009-threads.md). Bits are the same either way.
#pragma once
#include <algorithm>
#include <chrono>

namespace glassnet {

class Payoff {
 public:
  typedef std::chrono::steady_clock Clock;

  // Whether the step that begins now is to use helpers.
  bool begin(Clock::time_point now) {
    if (left_ == 0 && now >= next_trial_) start_trial();
    started_ = now;
    return with_helpers();
  }
  // That step is over. `now` is called only if somebody wants to know.
  template <class Now> void end(const Now& now) {
    if (left_ > 0) note(now());
  }
  bool with_helpers() const { return left_ > 0 && tries_other_ ? !helpers_pay_ : helpers_pay_; }

 private:
  static constexpr long tries = 8;  // of each way at most: the first ones wake a helper, fill caches
  static constexpr std::chrono::milliseconds enough{1}, long_step{20}, shortest_pause{5};
  static constexpr long worth = 100;  // trials cost one part in so many

  struct Way {
    long steps = 0;
    Clock::duration took{}, quickest = Clock::duration::max();
  };

  void start_trial() {
    used_ = other_ = Way();
    tries_other_ = false;
    left_ = tries;
  }
  void note(Clock::time_point now) {
    Way& way = tries_other_ ? other_ : used_;
    const Clock::duration step = now - started_;
    way.steps++;
    way.took += step;
    way.quickest = std::min(way.quickest, step);
    if (--left_ > 0 && way.took < enough) return;
    const bool must_pay = helpers_pay_ && step > long_step;  // so long a step is not tried alone
    if (!tries_other_ && !must_pay) {
      tries_other_ = true;
      left_ = tries;
      return;
    }
    left_ = 0;
    Clock::duration lost{};
    if (tries_other_) {
      const bool is_better = other_.quickest < used_.quickest;
      lost = is_better ? used_.steps * (used_.quickest - other_.quickest) : other_.steps * (other_.quickest - used_.quickest);
      helpers_pay_ = is_better != helpers_pay_;
    }
    next_trial_ = now + std::max<Clock::duration>(worth * lost, shortest_pause);
  }

  bool helpers_pay_ = true;
  bool tries_other_ = false;  // this half of a trial does what is not done otherwise
  long left_ = 0;             // steps of this half; 0: no trial goes on
  Way used_, other_;
  Clock::time_point started_{}, next_trial_{};
};

}  // namespace glassnet
