#include "run/pool.h"

#include <unistd.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "run/worker.h"

namespace augstream {
namespace {

struct Batch {
    Job* job;
    size_t next = 0, done = 0;
    std::condition_variable finished;
};

}  // namespace

struct Pool::State {
    std::mutex mutex;
    std::condition_variable work;
    std::deque<Batch*> waiting;  // batches with samples not handed out yet
    bool stopping = false;
    std::vector<std::thread> threads;

    // Also of a pool that could not start all of its threads.
    ~State() {
        {
            std::lock_guard lock(mutex);
            stopping = true;
        }
        work.notify_all();
        for (std::thread& thread : threads) thread.join();
    }

    void loop() {
        Worker worker;
        std::unique_lock lock(mutex);
        for (;;) {
            work.wait(lock, [&] { return stopping || !waiting.empty(); });
            if (stopping) return;
            Batch& batch = *waiting.front();
            const size_t i = batch.next++;
            const size_t n = batch.job->tasks.size();
            if (batch.next == n) waiting.pop_front();
            lock.unlock();
            worker.run(*batch.job, i);
            lock.lock();
            if (++batch.done == n) batch.finished.notify_all();
        }
    }
};

Pool::Pool(int threads) : threads_(threads) {}

Pool::~Pool() {
    // Behind a fork the threads stayed with the parent process: there is nothing to join.
    if (owner_ != getpid()) static_cast<void>(state_.release());
}

void Pool::start() {
    // Without the lock, which another thread of the parent may have held at the moment of a fork.
    if (owner_.load(std::memory_order_acquire) == getpid()) return;
    static std::mutex mutex;
    std::lock_guard lock(mutex);
    if (owner_ == getpid()) return;
    static_cast<void>(state_.release());
    auto state = std::make_unique<State>();
    for (int i = 0; i < threads_; ++i) {
        [[maybe_unused]] std::thread& thread = state->threads.emplace_back(&State::loop, state.get());
#ifdef __linux__
        pthread_setname_np(thread.native_handle(), "augstream");  // what top, perf and debuggers show
#endif
    }
    state_ = std::move(state);
    owner_.store(getpid(), std::memory_order_release);
}

void Pool::run(Job& job) {
    job.prepare();
    if (job.tasks.empty()) return;
    if (threads_ == 0) {
        thread_local Worker worker;
        for (size_t i = 0; i < job.tasks.size(); ++i) worker.run(job, i);
        return;
    }
    start();
    State& state = *state_;
    Batch batch{.job = &job, .finished = {}};
    std::unique_lock lock(state.mutex);
    state.waiting.push_back(&batch);
    state.work.notify_all();
    batch.finished.wait(lock, [&] { return batch.done == job.tasks.size(); });
}

}  // namespace augstream
