#include "run/job.h"

#include <stdexcept>

#include "run/sharing.h"

namespace augstream {

Job::Job() = default;
Job::~Job() = default;

void Job::prepare() {
    constexpr uint32_t kNone = UINT32_MAX;
    tasks.assign(output.count, Task{kNone, 0});
    failures.assign(output.count, {});
    for (size_t p = 0; p < programs.size(); ++p)
        for (size_t row = 0; row < programs[p].rows; ++row) {
            Task& task = tasks[programs[p].slot_of(row)];
            if (task.program != kNone)
                throw std::invalid_argument("output " + std::to_string(programs[p].slot_of(row)) + " is made twice");
            task = {static_cast<uint32_t>(p), static_cast<uint32_t>(row)};
        }
    for (size_t i = 0; i < tasks.size(); ++i)
        if (tasks[i].program == kNone)
            throw std::invalid_argument("output " + std::to_string(i) + " is made by no program");
    if (!keep.empty()) kept.resize(samples.size());
    sharing = Sharing::of(*this);
}

}  // namespace augstream
