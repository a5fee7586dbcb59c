#include "run/loader.h"

#include <algorithm>
#include <chrono>
#include <stdexcept>

#include "image/reshape.h"
#include "run/sharing.h"

namespace augstream {

bool Loader::settled(const Sample& sample, const Hint& hint, bool luma_only) {
    const Hint least{0, 1, 0, 1, 1};
    Planes planes;
    ColorSpace space;
    return hint.denominator > 1 || decoder_.plain() ||
           !decoder_.decode_plain(sample.data, sample.bytes, least, luma_only, planes, space);
}

std::string Loader::decode(Job& job, size_t i, const Hint& hint, bool keep, Planes& planes, ColorSpace& space) {
    const Sample& sample = job.samples[i];
    const bool luma_only = job.channels == 1;
    if (keep) {
        const Hint all{0, sample.height, 0, sample.width, hint.denominator};
        // A file that is broken outside the region is an image still, but cannot be kept; nor can one whose beginning
        // is plain and whose end is not, as it depends on the region which decoder reads it.
        const bool whole = decoder_.decode(sample.data, sample.bytes, all, luma_only, planes, space).empty() &&
                           planes.height == sample.height && planes.width == sample.width;
        const Groups groups = decoder_.groups();
        if (whole && settled(sample, hint, luma_only)) {
            Block& block = job.kept[i];
            const int orientation = std::clamp(read_jpeg_header(sample.data, sample.bytes).orientation, 1, 8);
            block = store_planes(planes, space, groups, hint.denominator, orientation);
            Stored stored;
            if (!read_stored(block.data.get(), block.bytes, stored)) throw std::runtime_error("cannot be cached");
            view_stored(block.data.get(), stored, hint, luma_only, planes, space);
            return {};
        }
    }
    return decoder_.decode(sample.data, sample.bytes, hint, luma_only, planes, space);
}

void Loader::load(Job& job, size_t slot, size_t i, const Hint& hint, Planes& planes, ColorSpace& space) {
    const Sample& sample = job.samples[i];
    if (sample.stored) {
        Stored stored;
        if (!read_stored(sample.data, sample.bytes, stored)) throw std::runtime_error("the cache is damaged");
        view_stored(sample.data, stored, hint, job.channels == 1, planes, space);
        return;
    }
    if (!sample.encoded) {
        space = ColorSpace::rgb;
        unpack(sample, hint, planes);
        return;
    }
    if (job.sharing && job.sharing->view(job, slot, i, hint, *this, planes, space)) return;
    const auto begin = std::chrono::steady_clock::now();
    // What several rows share is kept by whoever decodes it for all of them, or not at all.
    const bool keep = !job.keep.empty() && job.keep[i] && !(job.sharing && job.sharing->shared(i));
    const std::string reason = decode(job, i, hint, keep, planes, space);
    job.decoding += since(begin);
    if (!reason.empty()) throw std::runtime_error(reason);
    if (planes.height != sample.height || planes.width != sample.width)
        throw std::runtime_error("the file changed while it was read");
}

void Loader::unpack(const Sample& sample, const Hint& hint, Planes& planes) {
    planes.width = sample.width;
    planes.height = sample.height;
    planes.plane.assign(static_cast<size_t>(sample.channels), Plane{});
    loaded_.resize(std::max(loaded_.size(), planes.plane.size()));
    Plane like;
    like.element = sample.type == Type::u8 ? Element::u8 : Element::f32;
    like.width = sample.width;
    like.height = sample.height;
    for (size_t c = 0; c < planes.plane.size(); ++c)
        planes.plane[c] = allocate(like, hint.left, hint.top, hint.right, hint.bottom, loaded_[c]);
    const size_t stride = static_cast<size_t>(sample.width) * planes.plane.size() * element_size(sample.type);
    std::vector<void*> out(planes.plane.size());
    for (int y = hint.top; y < hint.bottom; ++y) {
        for (size_t c = 0; c < out.size(); ++c) {
            const Plane& p = planes.plane[c];
            out[c] = p.element == Element::u8 ? static_cast<void*>(p.row<uint8_t>(y)) : p.row<float>(y);
        }
        unpack_row(sample.data + static_cast<size_t>(y) * stride, sample.type, sample.channels, hint.left, hint.right,
                   out.data());
    }
}

}  // namespace augstream
