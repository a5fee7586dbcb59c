// One output: its row through the plan, and the result to its place in the batch.
#pragma once

#include <memory>

#include "run/job.h"

namespace augstream {

// What a thread keeps from row to row: the decompressor, planes, rows and weights. Never shared between threads.
class Worker {
  public:
    Worker();
    ~Worker();
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

    // Makes output i of the job. On failure the reason stands in job.failures[i] and the slot is zero.
    void run(Job& job, size_t i) noexcept;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace augstream
