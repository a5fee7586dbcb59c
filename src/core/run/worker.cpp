#include "run/worker.h"

#include <chrono>
#include <cstring>
#include <exception>
#include <string>

#include "plan/leaves.h"
#include "points/store.h"
#include "run/chain.h"
#include "run/sharing.h"

namespace augstream {
namespace {

constexpr size_t kPastCache = size_t{4} << 20;  // bytes

// Whether the image comes out as it is, but for its type, and has just done so.
bool copied(const Job& job, const Way& way, size_t i) {
    if (mixes(way.steps) || first_step(way)) return false;
    const Sample& sample = job.samples[way.input];
    const Output& out = job.output;
    if (sample.encoded || sample.stored || sample.channels != out.channels) return false;
    if (out.layout != Layout::nhwc && sample.channels != 1) return false;
    if (out.height != sample.height || out.width != sample.width) return false;
    const bool copied =
        copy_pixels(sample.data, sample.type, out.area() * static_cast<size_t>(out.channels), out.type, out.slot(i));
    if (out.type == Type::f32) flush_pixels();
    return copied;
}

}  // namespace

struct Worker::State {
    Chain chain;
    Buffer interleaved;

    void run(Job& job, size_t i);
    void run(Job& job, size_t i, const Way& way);
};

Worker::Worker() : state_(std::make_unique<State>()) {}
Worker::~Worker() = default;

void Worker::State::run(Job& job, size_t i, const Way& way) {
    if (copied(job, way, i)) return;
    const Output& out = job.output;
    const auto channels = static_cast<size_t>(out.channels), n = static_cast<size_t>(out.width);
    uint8_t* const slot = out.slot(i);
    const size_t line = n * (out.layout == Layout::nchw ? 1 : channels) * element_size(out.type), area = out.area();
    const auto store = [&](int y, float* const* rows) {
        store_row(rows, out.channels, out.width, out.type, out.layout, area, slot + static_cast<size_t>(y) * line);
    };
    const auto store_bytes = [&](int y, uint8_t* const* rows) {
        store_bytes_row(rows, out.channels, out.width, out.layout, area, slot + static_cast<size_t>(y) * line);
    };
    const auto store_packed = [&](int y, uint8_t* const* rows) {
        std::memcpy(slot + static_cast<size_t>(y) * line, rows[0], line);
    };
    // A batch that no cache near a core can hold is written past them, and need not be read in first.
    const auto stream = [&](int y, float* const* rows) {
        uint8_t* const to = slot + static_cast<size_t>(y) * line;
        if (out.layout == Layout::nchw || channels == 1) {
            for (size_t c = 0; c < channels; ++c)
                copy_pixels(rows[c], Type::f32, n, Type::f32, to + c * area * sizeof(float));
        } else {
            float* mixed = interleaved.take<float>(n * channels);
            store_row(rows, out.channels, out.width, Type::f32, Layout::nhwc, area, mixed);
            copy_pixels(mixed, Type::f32, n * channels, Type::f32, to);
        }
    };
    const bool past_cache = out.type == Type::f32 && out.count * out.bytes() >= kPastCache;
    const EmitBytes bytes(store_bytes), packed(store_packed);
    const bool side_by_side = out.type == Type::u8 && (out.layout == Layout::nhwc || channels == 1);
    const Size size{out.height, out.width};
    chain.run(job, i, way,
              {size,
               {0, 0, size.width, size.height},
               past_cache ? Emit(stream) : Emit(store),
               out.type == Type::u8 ? &bytes : nullptr,
               side_by_side ? &packed : nullptr});
    if (past_cache) flush_pixels();
}

void Worker::State::run(Job& job, size_t i) {
    const Task& task = job.tasks[i];
    const Program& program = job.programs[task.program];
    chain.forget();
    run(job, i, {program.steps, task.row, mixes(program.steps) ? 0 : program.source_of(task.row)});
}

void Worker::run(Job& job, size_t i) noexcept {
    const auto begin = std::chrono::steady_clock::now();
    std::string& reason = job.failures[i].reason;
    try {
        state_->run(job, i);
    } catch (const std::bad_alloc&) {
        reason = "out of memory";
    } catch (const std::exception& e) {
        reason = e.what();
    }
    if (job.sharing) job.sharing->done(i);
    job.running += since(begin);
    if (reason.empty()) return;
    job.failures[i].input = state_->chain.at_hand();
    std::memset(job.output.slot(i), 0, job.output.bytes());
}

}  // namespace augstream
