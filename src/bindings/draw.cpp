#include <cstdint>
#include <memory>

#include "draw/permute.h"
#include "draw/philox.h"
#include "draw/pixel_hash.h"
#include "parts.h"

namespace {

using Indices = nb::ndarray<const int64_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

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

using Pixels = nb::ndarray<const uint32_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

auto pixel_hash(uint64_t key, Pixels pixels, uint32_t channel) {
    std::unique_ptr<uint32_t[]> out(new uint32_t[pixels.shape(0)]);
    augstream::pixel_words(key, channel, pixels.data(), pixels.shape(0), out.get());
    return own(std::move(out), pixels.shape(0));
}

auto pixel_normal(uint64_t key, Pixels pixels, uint32_t channel) {
    std::unique_ptr<float[]> out(new float[pixels.shape(0)]);
    augstream::pixel_normals(key, channel, pixels.data(), pixels.shape(0), out.get());
    return own(std::move(out), pixels.shape(0));
}

}  // namespace

void add_draw(nb::module_& m) {
    m.def("philox", &philox, "key"_a, "epoch"_a, "index"_a, "words"_a);
    m.def("permute", &permute<augstream::permute>, "key"_a, "n"_a, "positions"_a);
    m.def("unpermute", &permute<augstream::unpermute>, "key"_a, "n"_a, "positions"_a);
    m.def("pixel_hash", &pixel_hash, "key"_a, "pixels"_a, "channel"_a);
    m.def("pixel_normal", &pixel_normal, "key"_a, "pixels"_a, "channel"_a);
}
