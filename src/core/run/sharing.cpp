#include "run/sharing.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "image/reshape.h"
#include "plan/leaves.h"

namespace augstream {
namespace {

template <typename F>
void each_input(const Job& job, const F& f) {
    for (size_t slot = 0; slot < job.tasks.size(); ++slot) {
        const Task& task = job.tasks[slot];
        const Program& program = job.programs[task.program];
        const size_t source = mixes(program.steps) ? 0 : program.source_of(task.row);
        each_leaf(Way{program.steps, task.row, source}, [&](const Way& way) { f(slot, way); });
    }
}

}  // namespace

std::unique_ptr<Sharing> Sharing::of(Job& job) {
    std::vector<uint8_t> readers(job.samples.size());
    bool any = false;
    each_input(job, [&](size_t, const Way& way) {
        const Sample& sample = job.samples[way.input];
        if (!sample.encoded || sample.stored) return;
        readers[way.input] = static_cast<uint8_t>(std::min(readers[way.input] + 1, 2));
        any = any || readers[way.input] == 2;
    });
    if (!any) return nullptr;
    auto sharing = std::make_unique<Sharing>();
    sharing->shared_.resize(readers.size());
    for (size_t i = 0; i < readers.size(); ++i) sharing->shared_[i] = readers[i] == 2;
    sharing->scales_.resize(readers.size());
    sharing->users_.resize(job.tasks.size());
    each_input(job, [&](size_t slot, const Way& way) {
        if (sharing->shared_[way.input]) sharing->add(slot, way.input, hint_of(way, job.samples[way.input].size()));
    });
    for (size_t i = 0; i < job.keep.size(); ++i)
        if (sharing->scales_[i].size() > 1) job.keep[i] = false;
    return sharing;
}

void Sharing::add(size_t slot, size_t input, const Hint& hint) {
    std::vector<Decoded*>& scales = scales_[input];
    const auto same = [&](const Decoded* one) { return one->hint.denominator == hint.denominator; };
    auto found = std::find_if(scales.begin(), scales.end(), same);
    if (found == scales.end()) {
        Decoded& made = decoded_.emplace_back();
        made.input = input;
        made.hint = hint;
        found = scales.insert(scales.end(), &made);
    }
    Decoded& image = **found;
    Hint& all = image.hint;
    all.top = std::min(all.top, hint.top);
    all.left = std::min(all.left, hint.left);
    all.bottom = std::max(all.bottom, hint.bottom);
    all.right = std::max(all.right, hint.right);
    ++image.users;
    users_[slot].push_back(&image);
}

// False where the file is broken, or where it depends on the region which decoder reads it.
bool Sharing::decode(Job& job, Decoded& image, Loader& loader) {
    const Sample& sample = job.samples[image.input];
    const bool luma_only = job.channels == 1, keep = !job.keep.empty() && job.keep[image.input];
    Planes planes;
    const std::string reason = loader.decode(job, image.input, image.hint, keep, planes, image.space);
    if (!reason.empty() || planes.height != sample.height || planes.width != sample.width) return false;
    if (keep && job.kept[image.input].data) {
        const Block& block = job.kept[image.input];
        Stored stored;
        if (!read_stored(block.data.get(), block.bytes, stored)) return false;
        image.planes = planes;  // the block's
        image.groups = stored.groups;
        return true;
    }
    image.groups = loader.groups();
    image.planes = planes;
    image.memory.resize(planes.plane.size());
    for (size_t c = 0; c < planes.plane.size(); ++c) {
        const Plane& from = planes.plane[c];
        const Plane to = allocate(from, from.x0, from.y0, from.x1, from.y1, image.memory[c]);
        for (int y = from.y0; y < from.y1; ++y)
            std::memcpy(to.row<uint8_t>(y), from.row<uint8_t>(y), static_cast<size_t>(from.x1 - from.x0));
        image.planes.plane[c] = to;
    }
    return loader.settled(sample, image.hint, luma_only);
}

bool Sharing::view(Job& job, size_t slot, size_t i, const Hint& hint, Loader& loader, Planes& planes,
                   ColorSpace& space) {
    if (!shared_[i]) return false;
    Decoded* image = nullptr;
    for (Decoded* one : users_[slot])
        if (one->input == i && one->hint.denominator == hint.denominator) image = one;
    if (!image) return false;
    using State = Decoded::State;
    std::unique_lock lock(image->mutex);
    if (image->state == State::none) {
        image->state = State::decoding;
        lock.unlock();
        const auto begin = std::chrono::steady_clock::now();
        bool whole = false;
        try {
            whole = decode(job, *image, loader);
        } catch (const std::exception&) {
            // Whoever looks at it tries for itself, and says what is wrong.
        }
        job.decoding += since(begin);
        lock.lock();
        image->state = whole ? State::ready : State::useless;
        image->decoded.notify_all();
    }
    image->decoded.wait(lock, [&] { return image->state != State::decoding; });
    if (image->state != State::ready) return false;
    planes = image->planes;
    planes.borrowed = true;
    space = image->space;
    const auto [top, bottom] = groups_of(image->groups, hint);
    for (size_t c = 0; c < planes.plane.size(); ++c) {
        Plane& p = planes.plane[c];
        const int first = p.y0, lines = image->groups.plane_lines[c];
        p.y0 = std::max(top * lines, p.y0);
        p.y1 = std::min(bottom * lines, p.y1);
        p.data = static_cast<uint8_t*>(p.data) + (p.y0 - first) * p.stride;
    }
    return true;
}

void Sharing::done(size_t slot) {
    for (Decoded* image : users_[slot]) {
        std::lock_guard lock(image->mutex);
        if (--image->users > 0) continue;
        image->planes = {};
        image->memory.clear();
    }
}

}  // namespace augstream
