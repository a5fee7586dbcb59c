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
    std::vector<Picture*>& scales = scales_[input];
    const auto same = [&](const Picture* one) { return one->hint.denominator == hint.denominator; };
    auto found = std::find_if(scales.begin(), scales.end(), same);
    if (found == scales.end()) {
        Picture& made = pictures_.emplace_back();
        made.input = input;
        made.hint = hint;
        found = scales.insert(scales.end(), &made);
    }
    Picture& picture = **found;
    Hint& all = picture.hint;
    all.top = std::min(all.top, hint.top);
    all.left = std::min(all.left, hint.left);
    all.bottom = std::max(all.bottom, hint.bottom);
    all.right = std::max(all.right, hint.right);
    ++picture.users;
    users_[slot].push_back(&picture);
}

// False where the file is broken, or where it depends on the region which decoder reads it.
bool Sharing::decode(Job& job, Picture& picture, Loader& loader) {
    const Sample& sample = job.samples[picture.input];
    const bool luma_only = job.channels == 1, keep = !job.keep.empty() && job.keep[picture.input];
    Planes planes;
    const std::string reason = loader.decode(job, picture.input, picture.hint, keep, planes, picture.space);
    if (!reason.empty() || planes.height != sample.height || planes.width != sample.width) return false;
    if (keep && job.kept[picture.input].data) {
        const Block& block = job.kept[picture.input];
        Stored stored;
        if (!read_stored(block.data.get(), block.bytes, stored)) return false;
        picture.planes = planes;  // the block's
        picture.groups = stored.groups;
        return true;
    }
    picture.groups = loader.groups();
    picture.planes = planes;
    picture.memory.resize(planes.plane.size());
    for (size_t c = 0; c < planes.plane.size(); ++c) {
        const Plane& from = planes.plane[c];
        const Plane to = allocate(from, from.x0, from.y0, from.x1, from.y1, picture.memory[c]);
        for (int y = from.y0; y < from.y1; ++y)
            std::memcpy(to.row<uint8_t>(y), from.row<uint8_t>(y), static_cast<size_t>(from.x1 - from.x0));
        picture.planes.plane[c] = to;
    }
    return loader.settled(sample, picture.hint, luma_only);
}

bool Sharing::view(Job& job, size_t slot, size_t i, const Hint& hint, Loader& loader, Planes& planes,
                   ColorSpace& space) {
    if (!shared_[i]) return false;
    Picture* picture = nullptr;
    for (Picture* one : users_[slot])
        if (one->input == i && one->hint.denominator == hint.denominator) picture = one;
    if (!picture) return false;
    using State = Picture::State;
    std::unique_lock lock(picture->mutex);
    if (picture->state == State::none) {
        picture->state = State::decoding;
        lock.unlock();
        const auto begin = std::chrono::steady_clock::now();
        bool whole = false;
        try {
            whole = decode(job, *picture, loader);
        } catch (const std::exception&) {
            // Whoever looks at it tries for itself, and says what is wrong.
        }
        job.decoding += since(begin);
        lock.lock();
        picture->state = whole ? State::ready : State::useless;
        picture->decoded.notify_all();
    }
    picture->decoded.wait(lock, [&] { return picture->state != State::decoding; });
    if (picture->state != State::ready) return false;
    planes = picture->planes;
    planes.borrowed = true;
    space = picture->space;
    const auto [top, bottom] = groups_of(picture->groups, hint);
    for (size_t c = 0; c < planes.plane.size(); ++c) {
        Plane& p = planes.plane[c];
        const int first = p.y0, lines = picture->groups.plane_lines[c];
        p.y0 = std::max(top * lines, p.y0);
        p.y1 = std::min(bottom * lines, p.y1);
        p.data = static_cast<uint8_t*>(p.data) + (p.y0 - first) * p.stride;
    }
    return true;
}

void Sharing::done(size_t slot) {
    for (Picture* picture : users_[slot]) {
        std::lock_guard lock(picture->mutex);
        if (--picture->users > 0) continue;
        picture->planes = {};
        picture->memory.clear();
    }
}

}  // namespace augstream
