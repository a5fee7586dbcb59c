// Threads that run samples. Several batches may be under way; samples are handed out one by one, oldest batch first, so
// that no thread idles at the end of a batch.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <memory>

#include "run/job.h"

namespace augstream {

class Pool {
  public:
    // threads = 0: run() works in the calling thread.
    explicit Pool(int threads);
    ~Pool();
    Pool(const Pool&) = delete;
    Pool& operator=(const Pool&) = delete;

    int threads() const { return threads_; }
    // Prepares the job, and returns when every output of it is done. May be called from several threads at once, and in
    // a forked child.
    void run(Job& job);

  private:
    struct State;
    void start();

    int threads_;
    std::unique_ptr<State> state_;
    std::atomic<pid_t> owner_ = 0;  // the process that has the threads of `state_`
};

}  // namespace augstream
