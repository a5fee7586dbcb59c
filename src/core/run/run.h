// One sample through the plan: decode, sample, point ops, store.
#pragma once

#include <memory>

#include "plan/plan.h"

namespace augstream {

// What a thread keeps from sample to sample: the decompressor, planes, rows and weights. Never shared between threads.
class Worker {
  public:
    Worker();
    ~Worker();
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

    // Runs sample i of the job. On failure the reason stands in job.errors[i] and the slot is zero.
    void run(Job& job, size_t i) noexcept;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace augstream
