#include "run/run.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <exception>
#include <stdexcept>
#include <string>
#include <vector>

#include "gather/rows.h"
#include "image/plane.h"
#include "image/reshape.h"
#include "jpeg/decoder.h"
#include "plan/geometry.h"

namespace augstream {
namespace {

// Full-range BT.601 as JFIF has it, with the offset of 128 in the last column.
constexpr float kYccToRgb[12] = {1,          0,           1.402f, -179.456f, 1, -0.344136f,
                                 -0.714136f, 135.458816f, 1,      1.772f,    0, -226.816f};
constexpr float kRgbToLuma[4] = {0.299f, 0.587f, 0.114f, 0};
constexpr int64_t kMostPixels = int64_t{1} << 28;  // so that offsets into a plane fit into 32 bits
constexpr size_t kPastCache = size_t{4} << 20;     // bytes

int64_t since(std::chrono::steady_clock::time_point begin) {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now() - begin).count();
}

size_t element_size(Type type) { return type == Type::u8 ? 1 : type == Type::f32 ? 4 : 2; }

}  // namespace

struct Worker::State {
    JpegDecoder decoder;
    std::vector<Buffer> loaded, filtered, reduced, results[2];
    Buffer rows, scratch, packed, offsets, interleaved;
    std::vector<Taps> taps;
    std::vector<float*> row;  // the output row at hand, channel by channel
    float* row_memory = nullptr;
    size_t row_pitch = 0;
    std::vector<float> matrix, clip;

    float* row_of(int k, size_t c) const { return row_memory + (static_cast<size_t>(k) * row.size() + c) * row_pitch; }
    void load(Job& job, size_t i, const Mapping& mapping, Planes& planes, ColorSpace& space);
    std::string decode(Job& job, size_t i, const Hint& hint, Planes& planes, ColorSpace& space);
    void sample(const Mapping& mapping, Planes& planes, const auto& emit);
    void sample_axis(const Mapping& mapping, const Planes& planes, const auto& emit);
    void sample_skewed(const Mapping& mapping, const Planes& planes, const auto& emit);
    void prepare(const Mapping& mapping, Planes& planes);
    void points(const Pass& pass, size_t first, size_t i, int channels, int n);
    bool to_levels(const Pass& pass, size_t i, ColorSpace space, int inputs, int channels, bool alone);
    void store(const Output& output, bool past_cache, int width, size_t area, uint8_t* to);
    void run(Job& job, size_t i);
};

Worker::Worker() : state_(std::make_unique<State>()) {}
Worker::~Worker() = default;

// A file to planes; where they are to be kept, all of them, and then those that the hint asks for.
std::string Worker::State::decode(Job& job, size_t i, const Hint& hint, Planes& planes, ColorSpace& space) {
    const Source& source = job.sources[i];
    const bool luma_only = job.input_channels == 1;
    if (!job.keep.empty() && job.keep[i]) {
        const Hint all{0, source.height, 0, source.width, hint.denominator}, least{0, 1, 0, 1, 1};
        // A file that is broken outside the region is a picture still, but cannot be kept; nor can one whose beginning
        // is plain and whose end is not, as it depends on the region which decoder reads it.
        const bool whole = decoder.decode(source.data, source.bytes, all, luma_only, planes, space).empty() &&
                           planes.height == source.height && planes.width == source.width;
        const Groups groups = decoder.groups();
        if (whole && (hint.denominator > 1 || decoder.plain() ||
                      !decoder.decode_plain(source.data, source.bytes, least, luma_only, planes, space))) {
            Block& block = job.kept[i];
            const int orientation = std::clamp(read_jpeg_header(source.data, source.bytes).orientation, 1, 8);
            block = store_planes(planes, space, groups, hint.denominator, orientation);
            Stored stored;
            if (!read_stored(block.data.get(), block.bytes, stored)) throw std::runtime_error("cannot be cached");
            view_stored(block.data.get(), stored, hint, luma_only, planes, space);
            return {};
        }
    }
    return decoder.decode(source.data, source.bytes, hint, luma_only, planes, space);
}

// Source pixels to planes: no more of them than the mapping looks at.
void Worker::State::load(Job& job, size_t i, const Mapping& mapping, Planes& planes, ColorSpace& space) {
    const Source& source = job.sources[i];
    const Hint hint = make_hint(mapping, source.height, source.width);
    if (source.stored) {
        Stored stored;
        if (!read_stored(source.data, source.bytes, stored)) throw std::runtime_error("the cache is damaged");
        view_stored(source.data, stored, hint, job.input_channels == 1, planes, space);
        return;
    }
    if (source.encoded) {
        const auto begin = std::chrono::steady_clock::now();
        const std::string reason = decode(job, i, hint, planes, space);
        job.decoding += since(begin);
        if (!reason.empty()) throw std::runtime_error(reason);
        if (planes.height != source.height || planes.width != source.width)
            throw std::runtime_error("the file changed while it was read");
        return;
    }
    space = ColorSpace::rgb;
    planes.width = source.width;
    planes.height = source.height;
    planes.plane.assign(static_cast<size_t>(source.channels), Plane{});
    loaded.resize(std::max(loaded.size(), planes.plane.size()));
    Plane like;
    like.element = source.type == Type::u8 ? Element::u8 : Element::f32;
    like.width = source.width;
    like.height = source.height;
    for (size_t c = 0; c < planes.plane.size(); ++c)
        planes.plane[c] = allocate(like, hint.left, hint.top, hint.right, hint.bottom, loaded[c]);
    const size_t stride = static_cast<size_t>(source.width) * planes.plane.size() * element_size(source.type);
    std::vector<void*> out(planes.plane.size());
    for (int y = hint.top; y < hint.bottom; ++y) {
        for (size_t c = 0; c < out.size(); ++c) {
            const Plane& p = planes.plane[c];
            out[c] = p.element == Element::u8 ? static_cast<void*>(p.row<uint8_t>(y)) : p.row<float>(y);
        }
        unpack_row(source.data + static_cast<size_t>(y) * stride, source.type, source.channels, hint.left, hint.right,
                   out.data());
    }
}

// Transposes, averages and blurs the planes as the mapping asks for.
void Worker::State::prepare(const Mapping& mapping, Planes& planes) {
    const size_t n = planes.plane.size();
    filtered.resize(std::max(filtered.size(), n));
    reduced.resize(std::max(reduced.size(), n));
    if (mapping.transposed) {
        std::swap(planes.width, planes.height);
        for (size_t c = 0; c < n; ++c) planes.plane[c] = transpose(planes.plane[c], filtered[c]);
        planes.borrowed = false;
    }
    if (!mapping.skewed) return;
    for (size_t c = 0; c < n; ++c) {
        Plane& p = planes.plane[c];
        const void* const given = p.data;
        if (mapping.interpolation != Interpolation::nearest && mapping.antialias) {
            const int kx = reduction(mapping.shrink_x * p.scale_x), ky = reduction(mapping.shrink_y * p.scale_y);
            if (kx > 1 || ky > 1) p = reduce(p, kx, ky, reduced[c]);
            const double vx = prefilter(mapping.shrink_x * p.scale_x, 1 / p.scale_x),
                         vy = prefilter(mapping.shrink_y * p.scale_y, 1 / p.scale_y);
            if (vx > 0 || vy > 0) {
                const Plane out = allocate(p, p.x0, p.y0, p.x1, p.y1, filtered[c]);
                prefilter_plane(p, out, vx, vy, scratch);
                p = out;
            }
        }
        if (planes.borrowed && p.data == given) {
            const Plane own = allocate(p, p.x0, p.y0, p.x1, p.y1, filtered[c]);
            for (int y = p.y0; y < p.y1; ++y)
                std::memcpy(own.row<uint8_t>(y), p.row<uint8_t>(y), static_cast<size_t>(p.x1 - p.x0));
            p = own;
        }
        extend(p, mapping.border == Border::wrap);
    }
}

// Calls emit(y) for each output row, with the sampled channels in `row`.
void Worker::State::sample(const Mapping& mapping, Planes& planes, const auto& emit) {
    prepare(mapping, planes);
    if (mapping.skewed) {
        sample_skewed(mapping, planes, emit);
    } else {
        sample_axis(mapping, planes, emit);
    }
}

void Worker::State::sample_axis(const Mapping& g, const Planes& planes, const auto& emit) {
    const size_t n = planes.plane.size();
    taps.resize(std::max(taps.size(), 2 * n));
    std::vector<size_t> same(n);  // the first plane with the same grid, whose weights serve
    int widest = 0;
    for (size_t c = 0; c < n; ++c) {
        const Plane& p = planes.plane[c];
        same[c] = 0;
        while (!planes.plane[same[c]].same_grid(p)) ++same[c];
        if (same[c] != c) continue;
        make_taps(g, g.m[0], g.m[2], g.width, {p.width, p.x0, p.x1, double(planes.width), p.scale_x}, taps[2 * c]);
        make_taps(g, g.m[4], g.m[5], g.height, {p.height, p.y0, p.y1, double(planes.height), p.scale_y},
                  taps[2 * c + 1]);
        widest = std::max(widest, taps[2 * c].high - taps[2 * c].low);
    }
    const size_t wide = padded(static_cast<size_t>(widest)) + kRowPad, width = padded(static_cast<size_t>(g.width));
    float* lines = scratch.take<float>(2 * kRowsAtOnce * wide + kRowsAtOnce * width);
    float* mixed = lines + kRowsAtOnce * wide;
    float* seen = packed.take<float>(width);
    for (int top = 0; top < g.height; top += kRowsAtOnce) {
        const int last = std::min(top + kRowsAtOnce, g.height) - 1;
        for (size_t c = 0; c < n; ++c) {
            const Taps &along = taps[2 * same[c]], &down = taps[2 * same[c] + 1];
            const bool copy = along.kind == Taps::Kind::copy;
            const float* in[kRowsAtOnce];
            float* out[kRowsAtOnce];
            for (int k = 0; k < kRowsAtOnce; ++k) {
                out[k] = row_of(k, c);
                float* line = copy ? out[k] : lines + static_cast<size_t>(k) * wide;
                // Rows over the end repeat the last one, and are never used.
                vertical_row(planes.plane[c], down, std::min(top + k, last), along.low, along.high, line);
                in[k] = line;
            }
            if (along.kind == Taps::Kind::reverse) {
                for (int k = 0; k < kRowsAtOnce; ++k) std::reverse_copy(in[k], in[k] + g.width, out[k]);
            } else if (!copy) {
                horizontal_rows(in, along, mixed, out);
            }
        }
        for (int y = top; y <= last; ++y) {
            for (size_t c = 0; c < row.size(); ++c) row[c] = row_of(y - top, c);
            if (g.border == Border::constant) {
                const float visible_down = taps[1].seen[static_cast<size_t>(y)];
                for (size_t j = 0; j < static_cast<size_t>(g.width); ++j) seen[j] = visible_down * taps[0].seen[j];
            }
            emit(y, g.border == Border::constant ? seen : nullptr);
        }
    }
}

void Worker::State::sample_skewed(const Mapping& g, const Planes& planes, const auto& emit) {
    const size_t n = planes.plane.size(), width = padded(static_cast<size_t>(g.width));
    float* fx = scratch.take<float>(3 * width);
    float* fy = fx + width;
    float* seen = fy + width;
    auto* offset = offsets.take<int32_t>(width);
    auto* words = packed.take<uint32_t>(width);
    std::vector<Grid> grids(n);
    for (size_t c = 0; c < n; ++c) {
        const Plane& p = planes.plane[c];
        Grid& grid = grids[c];
        std::copy(g.m, g.m + 9, grid.m);
        grid.width = planes.width;
        grid.height = planes.height;
        grid.scale_x = p.scale_x;
        grid.scale_y = p.scale_y;
        grid.shrink_x = g.shrink_x;
        grid.shrink_y = g.shrink_y;
        grid.border = g.border;
        grid.fades = g.antialias && g.interpolation != Interpolation::nearest;
        grid.inset = g.antialias ? 0 : 0.5;
        grid.center = g.interpolation == Interpolation::nearest ? 0 : 0.5;
        grid.plane = &p;
    }

    for (int y = 0; y < g.height; ++y) {
        for (size_t c = 0; c < n; ++c) {
            const Plane& p = planes.plane[c];
            const bool nearest = g.interpolation == Interpolation::nearest;
            // The overlapping border takes a pixel's number and not its place round.
            if (g.interpolation == Interpolation::bicubic || (nearest && g.border == Border::overlap)) {
                slow_row(grids[c], p, g.interpolation, y, g.width, row[c]);
                continue;
            }
            if (c == 0 || !p.same_grid(planes.plane[c - 1])) grid_row(grids[c], y, g.width, offset, fx, fy);
            if (nearest) {
                nearest_row(p, offset, g.width, row[c]);
            } else {
                bilinear_row(p, offset, fx, fy, g.width, words, row[c]);
            }
        }
        if (g.border == Border::constant) {
            seen_row(grids[0], y, g.width, seen);
        }
        emit(y, g.border == Border::constant ? seen : nullptr);
    }
}

// The matrix from the planes of a JPEG to the pipeline's channels, in `matrix` and `clip`; merged with the pass's first
// color unless it has to stand alone. Returns whether that color is used up.
bool Worker::State::to_levels(const Pass& pass, size_t i, ColorSpace space, int inputs, int channels, bool alone) {
    const auto p = static_cast<size_t>(inputs), c = static_cast<size_t>(channels);
    std::vector<float> base(c * (p + 1), 0.0f);
    if (channels == 1) {
        if (inputs == 1)
            base[0] = 1;
        else
            std::copy(kRgbToLuma, kRgbToLuma + 4, base.begin());
    } else {
        for (size_t o = 0; o < std::min<size_t>(c, 3); ++o) {
            if (inputs == 1)
                base[o * 2] = 1;
            else if (space == ColorSpace::ycc)
                std::copy(kYccToRgb + 4 * o, kYccToRgb + 4 * o + 4, base.begin() + static_cast<ptrdiff_t>(4 * o));
            else
                base[o * 4 + o] = 1;
        }
        if (channels == 4) base[3 * (p + 1) + p] = 255;  // a JPEG is opaque
    }
    clip.assign(2 * c, 0.0f);
    for (size_t o = 0; o < c; ++o) clip[2 * o + 1] = 255;
    if (alone || pass.points.empty() || pass.points[0].kind != Point::Kind::color) {
        matrix = base;
        return false;
    }
    const Point& color = pass.points[0];
    const float* m = color.matrix + i * c * (c + 1);
    matrix.assign(c * (p + 1), 0.0f);
    for (size_t o = 0; o < c; ++o) {
        float* to = matrix.data() + o * (p + 1);
        for (size_t k = 0; k < c; ++k)
            for (size_t j = 0; j <= p; ++j) to[j] += m[o * (c + 1) + k] * base[k * (p + 1) + j];
        to[p] += m[o * (c + 1) + c];
        if (color.clip) {
            std::copy_n(color.clip + i * 2 * c + 2 * o, 2, &clip[2 * o]);
        } else {
            const float gain = m[o * (c + 1) + o], shift = m[o * (c + 1) + c];
            clip[2 * o] = std::min(shift, gain * 255 + shift);
            clip[2 * o + 1] = std::max(shift, gain * 255 + shift);
        }
    }
    return true;
}

void Worker::State::points(const Pass& pass, size_t first, size_t i, int channels, int n) {
    const auto c = static_cast<size_t>(channels);
    for (size_t k = first; k < pass.points.size(); ++k) {
        const Point& point = pass.points[k];
        if (point.kind == Point::Kind::color) {
            color_row(row.data(), channels, channels, point.matrix + i * c * (c + 1),
                      point.clip ? point.clip + i * 2 * c : nullptr, n);
        } else if (!point.on || point.on[i]) {
            for (size_t o = 0; o < c; ++o)
                curve_row(row[o], point.table + (i * c + o) * 256, point.peak, point.steps, n);
        }
    }
}

// Whether the picture comes out as it is, but for its type, and has just done so.
static bool copied(const Job& job, const Source& source, size_t i) {
    const Output& out = job.output;
    if (source.encoded || source.stored || job.passes.size() != 1) return false;
    if (job.passes[0].warped || !job.passes[0].points.empty()) return false;
    if (out.layout != Layout::nhwc && source.channels != 1) return false;
    if (out.height != source.height || out.width != source.width) return false;
    const size_t n =
        static_cast<size_t>(source.height) * static_cast<size_t>(source.width) * static_cast<size_t>(source.channels);
    const bool copied = copy_pixels(source.data, source.type, n, out.type, out.data + i * n * element_size(out.type));
    flush_pixels();
    return copied;
}

// Writes the row at hand to its place in the batch.
void Worker::State::store(const Output& output, bool past_cache, int width, size_t area, uint8_t* to) {
    const auto n = static_cast<size_t>(width), channels = static_cast<size_t>(output.channels);
    if (!past_cache) {
        store_row(row.data(), output.channels, width, output.type, output.layout, area, to);
    } else if (output.layout == Layout::nchw || channels == 1) {
        for (size_t c = 0; c < channels; ++c)
            copy_pixels(row[c], Type::f32, n, Type::f32, to + c * area * sizeof(float));
    } else {
        float* mixed = interleaved.take<float>(n * channels);
        store_row(row.data(), output.channels, width, Type::f32, Layout::nhwc, area, mixed);
        copy_pixels(mixed, Type::f32, n * channels, Type::f32, to);
    }
}

void Worker::State::run(Job& job, size_t i) {
    const Source& source = job.sources[i];
    if (static_cast<int64_t>(source.height) * source.width > kMostPixels)
        throw std::runtime_error("the picture has more than 2^28 pixels");
    if (!source.encoded && source.channels != job.input_channels)
        throw std::runtime_error("an array of " + std::to_string(source.channels) +
                                 " channels where the pipeline has " + std::to_string(job.input_channels));
    const int channels = job.input_channels;
    if (copied(job, source, i)) return;
    Planes planes;
    int height = source.height, width = source.width;
    for (size_t k = 0; k < job.passes.size(); ++k) {
        const Pass& pass = job.passes[k];
        const bool last = k + 1 == job.passes.size();
        // Rows are padded, so a narrow picture may be too tall, and what a pass makes may be larger than any source.
        if (padded_stride(width) * static_cast<ptrdiff_t>(height) > INT32_MAX)
            throw std::runtime_error("a picture of " + std::to_string(height) + " x " + std::to_string(width) +
                                     " pixels is more than the core can address");
        const Mapping mapping = make_mapping(pass, i, channels, height, width);
        if (last && (mapping.height != job.output.height || mapping.width != job.output.width))
            throw std::runtime_error("the plan's size is not the batch's");
        ColorSpace space = ColorSpace::rgb;
        if (k == 0) load(job, i, mapping, planes, space);
        const int inputs = static_cast<int>(planes.plane.size());
        const size_t pitch = padded(static_cast<size_t>(mapping.width)) + kRowPad;
        row.resize(static_cast<size_t>(std::max(inputs, channels)));
        row_pitch = pitch;
        row_memory = rows.take<float>(kRowsAtOnce * pitch * row.size());
        for (size_t c = 0; c < row.size(); ++c) row[c] = row_of(0, c);

        const bool converted = k == 0 && source.encoded && (channels > 1 || inputs > 1);
        const bool merged =
            converted && to_levels(pass, i, space, inputs, channels, mapping.border == Border::constant);
        const bool overshoots =
            k == 0 && !converted && mapping.interpolation == Interpolation::bicubic && source.type != Type::f32;
        const float peak = source.encoded || source.type == Type::u8 ? 255.0f : 65535.0f;

        Planes result;
        if (!last) {
            result.width = mapping.width;
            result.height = mapping.height;
            results[k % 2].resize(std::max(results[k % 2].size(), static_cast<size_t>(channels)));
            Plane like;
            like.element = Element::f32;
            like.width = mapping.width;
            like.height = mapping.height;
            for (size_t c = 0; c < static_cast<size_t>(channels); ++c)
                result.plane.push_back(allocate(like, 0, 0, mapping.width, mapping.height, results[k % 2][c]));
        }
        const Output& output = job.output;
        const size_t element = element_size(output.type),
                     area = static_cast<size_t>(output.height) * static_cast<size_t>(output.width);
        uint8_t* slot = output.data + i * area * static_cast<size_t>(output.channels) * element;
        const size_t line = static_cast<size_t>(output.width) *
                            (output.layout == Layout::nchw ? 1 : static_cast<size_t>(output.channels)) * element;

        // A batch that no cache near a core can hold is written past them, and need not be read in first.
        const bool past_cache = output.type == Type::f32 &&
                                job.sources.size() * area * static_cast<size_t>(channels) * element >= kPastCache;
        sample(mapping, planes, [&](int y, const float* seen) {
            if (converted) color_row(row.data(), inputs, channels, matrix.data(), clip.data(), mapping.width);
            if (overshoots)
                for (int c = 0; c < channels; ++c) clip_row(row[static_cast<size_t>(c)], 0, peak, mapping.width);
            if (seen)
                for (int c = 0; c < channels; ++c)
                    fade_row(row[static_cast<size_t>(c)], seen, mapping.fill ? mapping.fill[c] : 0.0f, mapping.width);
            points(pass, merged ? 1 : 0, i, channels, mapping.width);
            if (last) {
                store(output, past_cache, mapping.width, area, slot + static_cast<size_t>(y) * line);
            } else {
                for (size_t c = 0; c < result.plane.size(); ++c)
                    std::memcpy(result.plane[c].row<float>(y), row[c],
                                static_cast<size_t>(mapping.width) * sizeof(float));
            }
        });
        if (past_cache) flush_pixels();
        planes = std::move(result);
        height = mapping.height;
        width = mapping.width;
    }
}

void Worker::run(Job& job, size_t i) noexcept {
    const auto begin = std::chrono::steady_clock::now();
    try {
        state_->run(job, i);
    } catch (const std::bad_alloc&) {
        job.errors[i] = "out of memory";
    } catch (const std::exception& e) {
        job.errors[i] = e.what();
    }
    job.running += since(begin);
    if (job.errors[i].empty()) return;
    const Output& o = job.output;
    const size_t bytes = static_cast<size_t>(o.height) * static_cast<size_t>(o.width) *
                         static_cast<size_t>(o.channels) * element_size(o.type);
    std::memset(o.data + i * bytes, 0, bytes);
}

}  // namespace augstream
