#include "run/chain.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <string>

#include "image/reshape.h"
#include "mix/mix.h"
#include "points/color.h"
#include "points/histogram.h"
#include "points/store.h"

namespace augstream {
namespace {

constexpr int64_t kMostPixels = int64_t{1} << 28;  // so that offsets into a plane fit into 32 bits

std::string text(Size size) { return std::to_string(size.height) + " x " + std::to_string(size.width); }

Part whole(Size size) { return {0, 0, size.width, size.height}; }

void check(const Sample& sample, int channels) {
    if (static_cast<int64_t>(sample.height) * sample.width > kMostPixels)
        throw std::runtime_error("the image has more than 2^28 pixels");
    if (!sample.encoded && sample.channels != channels)
        throw std::runtime_error("an array of " + std::to_string(sample.channels) +
                                 " channels where the pipeline has " + std::to_string(channels));
}

void check(Size made, Size wanted) {
    if (made.height != wanted.height || made.width != wanted.width)
        throw std::runtime_error("the plan makes " + text(made) + " pixels where " + text(wanted) + " are wanted");
}

// Rows are padded, so a narrow image may be too tall, and what a step makes may be larger than any source.
void check_room(Size size) {
    if (padded_stride(size.width) * static_cast<ptrdiff_t>(size.height) > INT32_MAX)
        throw std::runtime_error("an image of " + text(size) + " pixels is more than the core can address");
}

std::vector<Outside> outside_of(const Warp* warp, size_t row, const Mapping& mapping, Size in, const Part& part) {
    std::vector<Outside> outside;
    if (!warp) return outside;
    const auto add = [&](const Mapping& g, Size size, const float* fill) {
        outside.push_back({Seen(part_of(g, part), size), fill});
    };
    if (warp->border == Border::constant) add(mapping, in, warp->fill ? warp->fill[row] : nullptr);
    for (const Window& window : warp->windows) {
        const Size size{static_cast<int>(window.size[row][0]), static_cast<int>(window.size[row][1])};
        add(make_mapping(mapping, window.matrix[row], window.bent), size, window.fill[row]);
    }
    return outside;
}

bool want_mean(const std::vector<const Point*>& points, size_t row) {
    return std::any_of(points.begin(), points.end(), [&](const Point* point) { return point->wants_mean(row); });
}

// Whether the image as it is before a step has to be there as a whole.
bool measure(const std::vector<const Point*>& points, size_t row) {
    for (size_t k = 1; k < points.size(); ++k)
        if (points[k]->measures()) throw std::invalid_argument("a point that measures its image stands behind another");
    return want_mean(points, row) || (!points.empty() && points[0]->measures());
}

// The points of a step, applied to the lines of one row after the other, and the wanted part of these handed on.
class Finish {
  public:
    // begun: the part that lines hold.
    Finish(const std::vector<const Point*>& points, size_t first, size_t row, int channels, const Part& begun,
           const float* mean, const Sink& sink)
        : points_(points), first_(first), begun_(begun), sink_(sink), rows_(static_cast<size_t>(channels)) {
        line_.channels = channels;
        line_.n = begun.x1 - begun.x0;
        line_.x = begun.x0;
        line_.width = sink.size.width;
        line_.height = sink.size.height;
        line_.row = row;
        line_.mean = mean;
    }

    void operator()(int y, float* const* rows) {
        line_.y = y + begun_.y0;
        if (line_.y < sink_.part.y0 || line_.y >= sink_.part.y1) return;
        line_.rows = rows;
        for (size_t k = first_; k < points_.size(); ++k) points_[k]->run(line_);
        for (size_t c = 0; c < rows_.size(); ++c) rows_[c] = rows[c] + (sink_.part.x0 - begun_.x0);
        sink_.take(line_.y, rows_.data());
    }

  private:
    const std::vector<const Point*>& points_;
    const size_t first_;
    const Part begun_;
    const Sink& sink_;
    std::vector<float*> rows_;
    Line line_;
};

}  // namespace

void Chain::steps(const Row& at, const Sink& sink, size_t depth) {
    const Way& way = at.way;
    Image image;
    if (mixes(way.steps)) {
        blend(at, *way.steps[0].mix, image, depth);
    } else {
        const Sample& sample = at.job.samples[way.input];
        at_hand_ = static_cast<int64_t>(way.input);
        check(sample, at.job.channels);
        image.size = sample.size();
    }
    static const Step kNothing;
    std::vector<const Step*> live;
    live.reserve(way.steps.size() + 1);
    for (const Step& one : way.steps)
        if (!idle(one, way.row)) live.push_back(&one);
    if (live.empty()) live.push_back(&kNothing);
    for (size_t k = 0; k + 1 < live.size(); ++k) {
        const Size size = size_of(*live[k], way.row, image.size);
        check_room(size);
        Planes result = allocate_planes(size.height, size.width, Element::f32, static_cast<size_t>(at.job.channels),
                                        results_[k % 2]);
        const auto keep = [&](int y, float* const* rows) {
            for (size_t c = 0; c < result.plane.size(); ++c)
                std::memcpy(result.plane[c].row<float>(y), rows[c], static_cast<size_t>(size.width) * sizeof(float));
        };
        step(at, *live[k], image, {size, whole(size), keep});
        image = {size, true, std::move(result)};
    }
    step(at, *live.back(), image, sink);
}

void Chain::step(const Row& at, const Step& step, Image& image, const Sink& sink) {
    check_room(image.size);
    check(size_of(step, at.way.row, image.size), sink.size);
    Points points;
    points.reserve(step.points.size());
    for (const auto& point : step.points)
        if (!point->idle(at.way.row)) points.push_back(point.get());
    std::unique_ptr<Point> measured;
    if (measure(points, at.way.row)) {
        if (step.head || step.warp || step.mix)
            throw std::invalid_argument("a point that measures its image stands behind a head");
        if (!image.loaded) to_bytes(at, image);
        image.loaded = true;
        if (points[0]->measures()) points[0] = (measured = points[0]->measured(image.planes, at.way.row)).get();
    }
    if (step.head && !step.head->idle(at.way.row)) {
        look(at, step, points, image, sink);
    } else {
        gather(at, step, points, image, sink);
    }
}

// An image's planes, if they are not there yet, and what makes levels of them.
Levels Chain::load(const Row& at, const Mapping& mapping, Image& image, const Color* color) {
    if (image.loaded) return {};
    const Sample& sample = at.job.samples[at.way.input];
    const auto channels = static_cast<size_t>(at.job.channels);
    ColorSpace space = ColorSpace::rgb;
    const Hint hint = make_hint(mapping, sample.height, sample.width);
    loader_.load(at.job, at.slot, at.way.input, hint, image.planes, space);
    const size_t planes = image.planes.plane.size();
    if (sample.encoded && (channels > 1 || planes > 1))
        return conversion_.levels(space, planes, channels, color, at.way.row);
    Levels levels;
    if (mapping.interpolation == Interpolation::bicubic && sample.type != Type::f32)
        levels.most = sample.encoded || sample.type == Type::u8 ? 255.0f : 65535.0f;
    return levels;
}

void Chain::gather(const Row& at, const Step& step, const Points& points, Image& image, const Sink& sink) {
    const Warp* const warp = step.warp ? &*step.warp : nullptr;
    const size_t row = at.way.row;
    const Mapping all = make_mapping(warp, row, image.size);
    const bool means = want_mean(points, row);
    const Part part = sink.part;
    const Mapping mapping = part_of(all, part);
    std::vector<Outside> outside = outside_of(warp, row, all, image.size, part);
    const Color* const color = points.empty() || means || !outside.empty() ? nullptr : points[0]->color();
    const Levels levels = load(at, mapping, image, color);
    const auto channels = static_cast<size_t>(at.job.channels);
    std::vector<float> mean;
    if (means)
        for (const Plane& plane : image.planes.plane) mean.push_back(static_cast<float>(moments(plane).mean));
    sampler_.begin(mapping, image.planes, channels, std::move(outside));
    if (!means && gather_bytes(at, points, levels, sink)) return;
    const size_t first = levels.converts && color ? 1 : 0;
    Finish finish(points, first, row, at.job.channels, part, mean.data(), sink);
    sampler_.levels(levels, finish);
}

bool Chain::gather_bytes(const Row& at, const Points& points, const Levels& levels, const Sink& sink) {
    if (!sink.bytes || levels.converts || !sampler_.copies_bytes()) return false;
    // A table costs as much as this many pixels.
    constexpr int kTable = 512;
    if (!points.empty() && sink.size.height * static_cast<int64_t>(sink.size.width) < kTable) return false;
    if (!byte_points_.begin(points, at.way.row, at.job.channels)) return false;
    ByteLine line{nullptr,         at.job.channels,  sink.size.width, 0,      0,
                  sink.size.width, sink.size.height, at.way.row,      nullptr};
    sampler_.bytes([&](int y, uint8_t* const* rows) {
        line.rows = rows;
        line.y = y;
        byte_points_.run(line);
        (*sink.bytes)(y, rows);
    });
    return true;
}

// The step's head is one that looks at neighborhoods.
void Chain::look(const Row& at, const Step& step, const Points& points, Image& image, const Sink& sink) {
    if (!image.loaded && points.empty() && look_packed(at, *step.head, sink)) return;
    if (!image.loaded) to_bytes(at, image);
    if (sink.bytes && points.empty() && step.head->run_bytes(image.planes, at.way.row, scratch_, *sink.bytes)) return;
    Finish finish(points, 0, at.way.row, at.job.channels, whole(sink.size), nullptr, sink);
    step.head->run(image.planes, at.way.row, scratch_, finish);
}

// An array of bytes from which an array of bytes is made, without taking its channels apart.
bool Chain::look_packed(const Row& at, const Head& head, const Sink& sink) {
    const Sample& sample = at.job.samples[at.way.input];
    if (!sink.packed || sample.encoded || sample.stored || sample.type != Type::u8) return false;
    Planes in;
    in.width = sample.width;
    in.height = sample.height;
    in.together = sample.channels;
    in.tight = true;
    Plane& plane = in.plane.emplace_back();
    plane.data = const_cast<uint8_t*>(sample.data);  // heads do not write to what they read
    plane.width = plane.x1 = sample.width * sample.channels;
    plane.height = plane.y1 = sample.height;
    plane.stride = plane.width;
    return head.run_packed(in, at.way.row, scratch_, *sink.packed);
}

// An input as whole planes, one per channel: of a JPEG the bytes that any decoder makes of it.
void Chain::to_bytes(const Row& at, Image& image) {
    const Mapping mapping = make_mapping(nullptr, 0, image.size);
    const Levels levels = load(at, mapping, image, nullptr);
    if (!levels.converts) return;
    const auto channels = static_cast<size_t>(at.job.channels);
    Planes made = allocate_planes(image.size.height, image.size.width, Element::u8, channels, bytes_);
    sampler_.begin(mapping, image.planes, channels, {});
    sampler_.levels(levels, [&](int y, float* const* rows) {
        for (size_t c = 0; c < channels; ++c)
            store_row(rows + c, 1, image.size.width, Type::u8, Layout::nhwc, 0, made.plane[c].row<uint8_t>(y));
    });
    image.planes = std::move(made);
}

void Chain::blend(const Row& at, const Mix& mix, Image& image, size_t depth) {
    const auto channels = static_cast<size_t>(at.job.channels);
    image.size = size_of(mix, at.way.row, [&](size_t input) { return at.job.samples[input].size(); });
    check_room(image.size);
    while (blends_.size() <= depth) blends_.emplace_back();
    Blend blend(mix, at.way.row, image.size, channels, blends_[depth]);
    for (const size_t k : blend.order()) {
        const Part part = blend.part(k);
        if (part.x0 >= part.x1 || part.y0 >= part.y1) continue;
        const auto take = [&](int y, float* const* rows) { blend.add(k, part, y, rows); };
        const Way way = mix.way(at.way.row, k);
        steps({at.job, at.slot, way}, {image.size, part, take}, depth + 1);
    }
    image.planes = blend.planes();
    image.loaded = true;
}

}  // namespace augstream
