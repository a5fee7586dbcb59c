// The only file that knows Python: check, convert, release the GIL, call.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/string.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

#include "geometry.h"
#include "jpeg.h"
#include "permute.h"
#include "philox.h"
#include "plan.h"
#include "pool.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace {

using Indices = nb::ndarray<const int64_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

// A NumPy array over memory that is freed with it.
template <typename T, typename... Size>
auto own(std::unique_ptr<T[]> data, Size... size) {
    nb::capsule owner(data.get(), [](void* p) noexcept { delete[] static_cast<T*>(p); });
    return nb::ndarray<nb::numpy, T, nb::ndim<sizeof...(Size)>>(data.release(), {size...}, owner);
}

auto philox(uint64_t key, uint32_t epoch, Indices index, size_t words) {
    const size_t n = index.shape(0);
    std::unique_ptr<uint32_t[]> out(new uint32_t[n * words]);
    {
        nb::gil_scoped_release release;
        augstream::philox(key, epoch, index.data(), n, words, out.get());
    }
    return own(std::move(out), n, words);
}

// A bijection of 0..n-1, or its inverse, at some places.
template <auto kBijection>
auto permute(uint64_t key, int64_t n, Indices positions) {
    if (n < 1 || n > int64_t{1} << 62) throw nb::value_error("n must be in 1..2**62");
    const size_t count = positions.shape(0);
    for (size_t i = 0; i < count; ++i)
        if (positions.data()[i] < 0 || positions.data()[i] >= n) throw nb::value_error("positions must be in 0..n-1");
    std::unique_ptr<int64_t[]> out(new int64_t[count]);
    {
        nb::gil_scoped_release release;
        kBijection(key, n, positions.data(), count, out.get());
    }
    return own(std::move(out), count);
}

using augstream::Job;
using augstream::Type;

template <typename T, typename Shape>
using Rows = nb::ndarray<const T, Shape, nb::c_contig, nb::device::cpu>;
using Matrices = Rows<double, nb::shape<-1, 3, 3>>;
using Sizes = Rows<int64_t, nb::shape<-1, 2>>;
using Floats = Rows<float, nb::ndim<2>>;
using Tables = Rows<float, nb::ndim<3>>;
using Pixels = nb::ndarray<nb::ro, nb::ndim<3>, nb::c_contig, nb::device::cpu>;
using Pictures = nb::ndarray<nb::ro, nb::ndim<4>, nb::c_contig, nb::device::cpu>;
using Bytes = nb::ndarray<const uint8_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Batch = nb::ndarray<nb::ndim<4>, nb::c_contig, nb::device::cpu>;

Type type_of(nb::dlpack::dtype dtype) {
    if (dtype == nb::dtype<uint8_t>()) return Type::u8;
    if (dtype == nb::dtype<uint16_t>()) return Type::u16;
    if (dtype == nb::dtype<float>()) return Type::f32;
    throw nb::type_error("pixels must be uint8, uint16 or float32");
}

void expect(bool right, const char* what) {
    if (!right) throw nb::value_error(what);
}

// The array itself, never a converted copy of it, which would be gone by the time the core reads it.
template <typename T>
T exactly(nb::handle value) {
    T array;
    if (!nb::try_cast(value, array, false))
        throw nb::type_error("an array is not C-contiguous or has another dtype or number of axes");
    return array;
}

augstream::Stored stored_of(const Bytes& block) {
    augstream::Stored stored;
    expect(augstream::read_stored(block.data(), block.shape(0), stored), "a one-dimensional array is no block");
    return stored;
}

augstream::Source pixels_of(const void* data, nb::dlpack::dtype dtype, size_t height, size_t width, size_t channels) {
    expect(height > 0 && width > 0 && channels > 0, "a picture has no pixels");
    augstream::Source source;
    source.data = static_cast<const uint8_t*>(data);
    source.encoded = false;
    source.type = type_of(dtype);
    source.height = static_cast<int>(height);
    source.width = static_cast<int>(width);
    source.channels = static_cast<int>(channels);
    return source;
}

augstream::Source source_of(nb::handle sample) {
    augstream::Source source;
    if (PyBytes_Check(sample.ptr())) {
        source.data = reinterpret_cast<const uint8_t*>(PyBytes_AS_STRING(sample.ptr()));
        source.bytes = static_cast<size_t>(PyBytes_GET_SIZE(sample.ptr()));
        const augstream::JpegHeader header = augstream::read_jpeg_header(source.data, source.bytes);
        source.height = header.height;
        source.width = header.width;
        return source;
    }
    Bytes block;
    if (nb::try_cast(sample, block, false)) {
        const augstream::Stored stored = stored_of(block);
        source.stored = source.encoded = stored.kind == 0;
        source.data = block.data() + (source.stored ? 0 : augstream::kStoredFront);
        source.bytes = block.shape(0);
        source.height = stored.height;
        source.width = stored.width;
        source.channels = static_cast<int>(stored.components);
        return source;
    }
    const auto pixels = exactly<Pixels>(sample);
    return pixels_of(pixels.data(), pixels.dtype(), pixels.shape(0), pixels.shape(1), pixels.shape(2));
}

// The samples of a batch: a list of files, blocks and pictures, or (pictures (n, h, w, c), numbers (m,)).
std::vector<augstream::Source> sources_of(nb::handle samples) {
    std::vector<augstream::Source> sources;
    if (nb::isinstance<nb::list>(samples)) {
        const auto list = nb::borrow<nb::list>(samples);
        sources.reserve(list.size());
        for (nb::handle sample : list) sources.push_back(source_of(sample));
        return sources;
    }
    const auto stack = nb::cast<nb::tuple>(samples);
    const auto pictures = exactly<Pictures>(stack[0]);
    const auto numbers = exactly<Rows<int64_t, nb::ndim<1>>>(stack[1]);
    augstream::Source source =
        pixels_of(pictures.data(), pictures.dtype(), pictures.shape(1), pictures.shape(2), pictures.shape(3));
    const uint8_t* const data = source.data;
    const size_t bytes = pictures.shape(1) * pictures.shape(2) * pictures.shape(3) * pictures.itemsize();
    sources.reserve(numbers.shape(0));
    for (size_t i = 0; i < numbers.shape(0); ++i) {
        const int64_t number = numbers.data()[i];
        expect(number >= 0 && static_cast<size_t>(number) < pictures.shape(0), "there is no picture of this number");
        source.data = data + static_cast<size_t>(number) * bytes;
        sources.push_back(source);
    }
    return sources;
}

// One pass: (warp or None, points) with warp = (matrix, size, border, interpolation, antialias, fill or None) and
// points = [(matrix, clip or None) or (table, peak, steps, on or None), ...].
augstream::Pass pass_of(nb::handle item, size_t n, size_t channels) {
    const auto tuple = nb::cast<nb::tuple>(item);
    augstream::Pass pass;
    if (!tuple[0].is_none()) {
        const auto warp = nb::cast<nb::tuple>(tuple[0]);
        const auto matrix = exactly<Matrices>(warp[0]);
        const auto size = exactly<Sizes>(warp[1]);
        expect(matrix.shape(0) == n && size.shape(0) == n, "a warp must have one row per sample");
        pass.warped = true;
        pass.warp.matrix = matrix.data();
        pass.warp.size = size.data();
        for (size_t i = 0; i < 2 * n; ++i)
            expect(size.data()[i] >= 1 && size.data()[i] <= 1 << 16, "output sizes must be in 1..65536");
        pass.warp.border = static_cast<augstream::Border>(nb::cast<int>(warp[2]));
        pass.warp.interpolation = static_cast<augstream::Interpolation>(nb::cast<int>(warp[3]));
        pass.warp.antialias = nb::cast<bool>(warp[4]);
        if (!warp[5].is_none()) {
            const auto fill = exactly<Floats>(warp[5]);
            expect(fill.shape(0) == n && fill.shape(1) == channels, "fill must be (n, channels)");
            pass.warp.fill = fill.data();
        }
    }
    for (nb::handle entry : nb::cast<nb::list>(tuple[1])) {
        const auto values = nb::cast<nb::tuple>(entry);
        augstream::Point point;
        const auto rows = exactly<Tables>(values[0]);
        expect(rows.shape(0) == n && rows.shape(1) == channels, "a point op must be (n, channels, ...)");
        if (values.size() == 2) {
            expect(rows.shape(2) == channels + 1, "a color matrix must be (n, channels, channels + 1)");
            point.matrix = rows.data();
            if (!values[1].is_none()) {
                const auto clip = exactly<Tables>(values[1]);
                expect(clip.shape(0) == n && clip.shape(1) == channels && clip.shape(2) == 2,
                       "a clip must be (n, channels, 2)");
                point.clip = clip.data();
            }
        } else {
            expect(rows.shape(2) == 256, "a curve must have 256 entries");
            point.kind = augstream::Point::Kind::curve;
            point.table = rows.data();
            point.peak = nb::cast<float>(values[1]);
            point.steps = nb::cast<bool>(values[2]);
            if (!values[3].is_none()) {
                const auto on = exactly<Rows<uint8_t, nb::ndim<1>>>(values[3]);
                expect(on.shape(0) == n, "a curve's samples must be (n,)");
                point.on = on.data();
            }
        }
        pass.points.push_back(point);
    }
    return pass;
}

// Runs the plan over a batch and returns [(position, reason), ...] of the samples that failed. All arrays stay
// referenced by the caller's arguments meanwhile. keep: whether to keep what the decoder makes of each sample; the
// block, or None, then takes the place of the answer. clock: the seconds of [decoding, everything] in all threads are
// added.
nb::list run(augstream::Pool& pool, nb::object samples, nb::list passes, int channels, Batch out,
             const std::string& type, bool planar, nb::object keep, nb::object clock) {
    Job job;
    job.sources = sources_of(samples);
    const size_t n = job.sources.size();
    expect(out.shape(0) == n, "the output must have one slot per sample");
    expect(channels >= 1, "a picture needs a channel");
    job.input_channels = channels;
    for (nb::handle pass : passes) job.passes.push_back(pass_of(pass, n, static_cast<size_t>(channels)));
    expect(!job.passes.empty(), "a plan must have a pass");
    job.output.data = static_cast<uint8_t*>(out.data());
    job.output.type = type == "float16" ? Type::f16 : type == "bfloat16" ? Type::bf16 : type_of(out.dtype());
    expect(out.itemsize() == (job.output.type == Type::u8    ? 1
                              : job.output.type == Type::f32 ? 4
                                                             : 2),
           "the output's dtype does not fit");
    job.output.layout = planar ? augstream::Layout::nchw : augstream::Layout::nhwc;
    const size_t shape[3] = {out.shape(1), out.shape(2), out.shape(3)};
    job.output.channels = static_cast<int>(planar ? shape[0] : shape[2]);
    job.output.height = static_cast<int>(planar ? shape[1] : shape[0]);
    job.output.width = static_cast<int>(planar ? shape[2] : shape[1]);
    expect(job.output.channels == channels, "the output must have the plan's channels");
    if (!keep.is_none()) {
        const auto wanted = nb::cast<nb::list>(keep);
        expect(wanted.size() == n, "keep must have an entry per sample");
        for (size_t i = 0; i < n; ++i)
            job.keep.push_back(job.sources[i].encoded && !job.sources[i].stored && nb::cast<bool>(wanted[i]));
    }
    {
        nb::gil_scoped_release release;
        pool.run(job);
    }
    if (!clock.is_none()) {
        auto seconds = nb::cast<nb::ndarray<double, nb::shape<2>, nb::device::cpu>>(clock, false);
        seconds.data()[0] += static_cast<double>(job.decoding) * 1e-9;
        seconds.data()[1] += static_cast<double>(job.running) * 1e-9;
    }
    for (size_t i = 0; i < job.kept.size(); ++i) {
        nb::object block = nb::none();
        if (job.kept[i].data) block = nb::cast(own(std::move(job.kept[i].data), job.kept[i].bytes));
        keep[i] = block;
    }
    nb::list failures;
    for (size_t i = 0; i < n; ++i)
        if (!job.errors[i].empty()) failures.append(nb::make_tuple(i, job.errors[i]));
    return failures;
}

// Rows of (kind, height, width, channels, orientation): kind 0 is bytes that are no JPEG the core reads, 1 such a JPEG,
// 2 an array. Sizes are as stored.
auto header(nb::list samples) {
    const size_t n = samples.size();
    std::unique_ptr<int32_t[]> out(new int32_t[n * 5]());
    for (size_t i = 0; i < n; ++i) {
        int32_t* row = out.get() + 5 * i;
        const nb::handle sample = samples[i];
        if (PyBytes_Check(sample.ptr())) {
            const auto* data = reinterpret_cast<const uint8_t*>(PyBytes_AS_STRING(sample.ptr()));
            const augstream::JpegHeader h =
                augstream::read_jpeg_header(data, static_cast<size_t>(PyBytes_GET_SIZE(sample.ptr())));
            row[0] = h.supported ? 1 : 0;
            row[1] = h.height;
            row[2] = h.width;
            row[3] = h.components;
            row[4] = h.orientation;
        } else if (Bytes block; nb::try_cast(sample, block, false)) {
            const augstream::Stored stored = stored_of(block);
            row[0] = stored.kind == 0 ? 1 : 2;
            row[1] = stored.height;
            row[2] = stored.width;
            row[3] = static_cast<int32_t>(stored.components);
            row[4] = static_cast<int32_t>(stored.orientation);
        } else {
            const auto pixels = exactly<Pixels>(sample);
            row[0] = 2;
            for (size_t k = 0; k < 3; ++k) row[1 + k] = static_cast<int32_t>(pixels.shape(k));
            row[4] = 1;
        }
    }
    return own(std::move(out), n, size_t{5});
}

// What the decoder is asked for: (top, bottom, left, right, denominator), for a picture of height x width.
nb::tuple hint(Matrices matrix, Sizes size, int border, int interpolation, bool antialias, int height, int width) {
    augstream::Pass pass;
    expect(matrix.shape(0) >= 1 && size.shape(0) >= 1, "hint needs one sample");
    pass.warped = true;
    pass.warp = {matrix.data(),
                 size.data(),
                 static_cast<augstream::Border>(border),
                 static_cast<augstream::Interpolation>(interpolation),
                 antialias,
                 nullptr};
    const augstream::Hint h = make_hint(make_mapping(pass, 0, 0, height, width), height, width);
    return nb::make_tuple(h.top, h.bottom, h.left, h.right, h.denominator);
}

// The scale denominator that the decoder is asked for, for each picture of height x width.
auto scales(Matrices matrix, Sizes size, int border, int interpolation, bool antialias, Sizes stored) {
    const size_t n = stored.shape(0);
    expect(matrix.shape(0) == n && size.shape(0) == n, "a warp must have one row per sample");
    augstream::Pass pass;
    pass.warped = true;
    pass.warp = {matrix.data(),
                 size.data(),
                 static_cast<augstream::Border>(border),
                 static_cast<augstream::Interpolation>(interpolation),
                 antialias,
                 nullptr};
    std::unique_ptr<int64_t[]> out(new int64_t[n]);
    for (size_t i = 0; i < n; ++i) {
        const auto height = static_cast<int>(stored.data()[2 * i]), width = static_cast<int>(stored.data()[2 * i + 1]);
        out[i] = make_hint(make_mapping(pass, i, 0, height, width), height, width).denominator;
    }
    return own(std::move(out), n);
}

// A picture as a block, as `run` makes them of what it decodes itself.
auto pack(nb::ndarray<const uint8_t, nb::ndim<3>, nb::c_contig, nb::device::cpu> pixels, int orientation) {
    expect(pixels.size() > 0 && pixels.shape(2) <= 4, "a picture must have pixels, of at most four channels");
    augstream::Block block =
        augstream::store_pixels(pixels.data(), static_cast<int>(pixels.shape(0)), static_cast<int>(pixels.shape(1)),
                                static_cast<int>(pixels.shape(2)), orientation);
    return own(std::move(block.data), block.bytes);
}

// The scale denominator of a block, and 0 for what is none.
int block_scale(Bytes block) {
    augstream::Stored stored;
    return augstream::read_stored(block.data(), block.shape(0), stored) ? static_cast<int>(stored.denominator) : 0;
}

// Memory for batches. An array's memory comes back here when the last view of it is gone, and serves the next batch:
// the system would have to map and clear fresh pages.
class Slots {
  public:
    explicit Slots(size_t keep) : free_(std::make_shared<Free>()) { free_->keep = keep; }

    nb::ndarray<nb::numpy, uint8_t, nb::ndim<1>> take(size_t bytes) {
        std::unique_ptr<Block> block = free_->pop(bytes);
        if (!block) block = std::make_unique<Block>(bytes);
        block->home = free_;
        uint8_t* data = block->data;
        nb::capsule owner(block.release(), [](void* p) noexcept {
            std::unique_ptr<Block> back(static_cast<Block*>(p));
            const std::shared_ptr<Free> home = std::move(back->home);
            home->push(std::move(back));
        });
        return {data, {bytes}, owner};
    }

  private:
    struct Free;
    // Straight from the system, which gets it back at once: an allocator would keep what is as large as this.
    struct Block {
        explicit Block(size_t size) : bytes(size) {
            void* p =
                mmap(nullptr, std::max<size_t>(bytes, 1), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
            if (p == MAP_FAILED) throw std::bad_alloc();
            data = static_cast<uint8_t*>(p);
        }
        ~Block() { munmap(data, std::max<size_t>(bytes, 1)); }
        Block(const Block&) = delete;
        Block& operator=(const Block&) = delete;

        uint8_t* data = nullptr;
        size_t bytes;
        std::shared_ptr<Free> home;
    };
    struct Free {
        std::mutex mutex;
        std::vector<std::unique_ptr<Block>> blocks;
        size_t keep = 0;

        std::unique_ptr<Block> pop(size_t bytes) {
            std::lock_guard lock(mutex);
            // The newest first: it may still be in a cache.
            for (size_t i = blocks.size(); i-- > 0;) {
                if (blocks[i]->bytes != bytes) continue;
                std::swap(blocks[i], blocks.back());
                std::unique_ptr<Block> found = std::move(blocks.back());
                blocks.pop_back();
                return found;
            }
            return nullptr;
        }
        void push(std::unique_ptr<Block> block) noexcept {
            std::lock_guard lock(mutex);
            if (blocks.size() >= keep) blocks.erase(blocks.begin());
            if (keep > 0) blocks.push_back(std::move(block));
        }
    };
    std::shared_ptr<Free> free_;
};

}  // namespace

// The arithmetic of draws and plans: src/bindings.
namespace rows {
void start();
}
void add_draws(nb::module_& m);
void add_matrices(nb::module_& m);
void add_colors(nb::module_& m);
void add_boxes(nb::module_& m);

NB_MODULE(_core, m) {
    rows::start();
    add_draws(m);
    add_matrices(m);
    add_colors(m);
    add_boxes(m);
    nb::class_<augstream::Pool>(m, "Pool")
        .def(nb::init<int>(), "threads"_a)
        .def_prop_ro("threads", &augstream::Pool::threads)
        .def("run", &run, "samples"_a, "passes"_a, "channels"_a, "out"_a, "dtype"_a, "planar"_a, "keep"_a = nb::none(),
             "clock"_a = nb::none());
    nb::class_<Slots>(m, "Slots").def(nb::init<size_t>(), "keep"_a).def("take", &Slots::take, "size"_a);
    m.def("header", &header, "samples"_a);
    m.def("hint", &hint, "matrix"_a, "size"_a, "border"_a, "interpolation"_a, "antialias"_a, "height"_a, "width"_a);
    m.def("scales", &scales, "matrix"_a, "size"_a, "border"_a, "interpolation"_a, "antialias"_a, "stored"_a);
    m.def("pack", &pack, "pixels"_a, "orientation"_a);
    m.def("block_scale", &block_scale, "block"_a);
    m.def("philox", &philox, "key"_a, "epoch"_a, "index"_a, "words"_a);
    m.def("permute", &permute<augstream::permute>, "key"_a, "n"_a, "positions"_a);
    m.def("unpermute", &permute<augstream::unpermute>, "key"_a, "n"_a, "positions"_a);
}
