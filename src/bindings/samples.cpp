#include "samples.h"

#include <nanobind/stl/vector.h>

#include <cstdint>
#include <memory>
#include <string>

#include "image/stored.h"
#include "jpeg/decoder.h"
#include "jpeg/idct.h"
#include "run/instruction_sets.h"

using augstream::Array;
using augstream::Sample;
using augstream::Scalar;
using augstream::Stored;
using augstream::Type;

Type type_of(Scalar scalar) {
    if (scalar == Scalar::u8) return Type::u8;
    if (scalar == Scalar::u16) return Type::u16;
    if (scalar == Scalar::f32) return Type::f32;
    throw nb::type_error("pixels must be uint8, uint16 or float32");
}

namespace {

struct File {
    const uint8_t* data;
    size_t bytes;
};

File file_of(nb::handle sample) {
    return {reinterpret_cast<const uint8_t*>(PyBytes_AS_STRING(sample.ptr())),
            static_cast<size_t>(PyBytes_GET_SIZE(sample.ptr()))};
}

bool block(const Array& array) { return array.axes == 1 && array.scalar == Scalar::u8; }

Stored stored_of(const Array& array) {
    Stored stored;
    expect(augstream::read_stored(static_cast<const uint8_t*>(array.data), array.shape[0], stored),
           "a one-dimensional array is no block");
    return stored;
}

// shape: of the image's three axes.
Sample pixels_of(const Array& array, const size_t* shape) {
    constexpr size_t kMost = size_t{1} << 30;
    expect(shape[0] > 0 && shape[1] > 0 && shape[2] > 0, "an image has no pixels");
    expect(shape[0] < kMost && shape[1] < kMost && shape[2] < kMost, "an image is too large");
    Sample sample;
    sample.data = static_cast<const uint8_t*>(array.data);
    sample.encoded = false;
    sample.type = type_of(array.scalar);
    sample.height = static_cast<int>(shape[0]);
    sample.width = static_cast<int>(shape[1]);
    sample.channels = static_cast<int>(shape[2]);
    return sample;
}

void expect_image(const Array& array) {
    if (array.axes != 3) throw nb::type_error("an image must be an array (height, width, channels)");
}

Sample sample_of(nb::handle value, Buffers& buffers) {
    Sample sample;
    if (PyBytes_Check(value.ptr())) {
        const File file = file_of(value);
        sample.data = file.data;
        sample.bytes = file.bytes;
        const augstream::JpegHeader header = augstream::read_jpeg_header(file.data, file.bytes);
        sample.height = header.height;
        sample.width = header.width;
        return sample;
    }
    const Array array = buffers.array(value);
    if (!block(array)) {
        expect_image(array);
        return pixels_of(array, array.shape);
    }
    const Stored stored = stored_of(array);
    sample.stored = sample.encoded = stored.kind == 0;
    sample.data = static_cast<const uint8_t*>(array.data) + (sample.stored ? 0 : augstream::kStoredFront);
    sample.bytes = array.shape[0];
    sample.height = stored.height;
    sample.width = stored.width;
    sample.channels = static_cast<int>(stored.components);
    return sample;
}

std::vector<Sample> stack_of(nb::handle samples, Buffers& buffers) {
    const auto stack = nb::cast<nb::tuple>(samples);
    expect(stack.size() == 2, "a stack must be (images, numbers)");
    const Array images = buffers.array(stack[0]), numbers = buffers.array(stack[1]);
    if (images.axes != 4 || numbers.axes != 1 || numbers.scalar != Scalar::i64)
        throw nb::type_error("a stack must be images (n, height, width, channels) and their numbers (m,) of int64");
    Sample sample = pixels_of(images, images.shape + 1);
    const uint8_t* const data = sample.data;
    const size_t bytes = images.shape[1] * images.shape[2] * images.shape[3] * augstream::element_size(sample.type);
    std::vector<Sample> found;
    found.reserve(numbers.shape[0]);
    for (size_t i = 0; i < numbers.shape[0]; ++i) {
        const int64_t number = static_cast<const int64_t*>(numbers.data)[i];
        expect(number >= 0 && static_cast<size_t>(number) < images.shape[0], "there is no image of this number");
        sample.data = data + static_cast<size_t>(number) * bytes;
        found.push_back(sample);
    }
    return found;
}

// Rows of (kind, height, width, channels, orientation): kind 0 is bytes that are no JPEG the core reads, 1 such a JPEG,
// 2 an array. Sizes are as stored.
auto header(nb::list samples) {
    const size_t n = samples.size();
    std::unique_ptr<int32_t[]> out(new int32_t[n * 5]());
    Buffers buffers;
    for (size_t i = 0; i < n; ++i) {
        int32_t* row = out.get() + 5 * i;
        const nb::handle sample = samples[i];
        if (PyBytes_Check(sample.ptr())) {
            const File file = file_of(sample);
            const augstream::JpegHeader h = augstream::read_jpeg_header(file.data, file.bytes);
            row[0] = h.supported ? 1 : 0;
            row[1] = h.height;
            row[2] = h.width;
            row[3] = h.components;
            row[4] = h.orientation;
            continue;
        }
        const Array array = buffers.array(sample);
        if (block(array)) {
            const Stored stored = stored_of(array);
            row[0] = stored.kind == 0 ? 1 : 2;
            row[1] = stored.height;
            row[2] = stored.width;
            row[3] = static_cast<int32_t>(stored.components);
            row[4] = static_cast<int32_t>(stored.orientation);
        } else {
            expect_image(array);
            row[0] = 2;
            for (size_t k = 0; k < 3; ++k) row[1 + k] = static_cast<int32_t>(array.shape[k]);
            row[4] = 1;
        }
    }
    return own(std::move(out), n, size_t{5});
}

// An image as a block, as `run` makes them of what it decodes itself.
auto pack(nb::ndarray<const uint8_t, nb::ndim<3>, nb::c_contig, nb::device::cpu> pixels, int orientation) {
    expect(pixels.size() > 0 && pixels.shape(2) <= 4, "an image must have pixels, of at most four channels");
    augstream::Block block =
        augstream::store_pixels(pixels.data(), static_cast<int>(pixels.shape(0)), static_cast<int>(pixels.shape(1)),
                                static_cast<int>(pixels.shape(2)), orientation);
    return own(std::move(block.data), block.bytes);
}

// The scale denominator of a block, and 0 for what is none.
int block_scale(nb::ndarray<const uint8_t, nb::ndim<1>, nb::c_contig, nb::device::cpu> block) {
    Stored stored;
    return augstream::read_stored(block.data(), block.shape(0), stored) ? static_cast<int>(stored.denominator) : 0;
}

uint64_t checksum(nb::ndarray<const uint8_t, nb::ndim<1>, nb::c_contig, nb::device::cpu> block) {
    nb::gil_scoped_release release;
    return augstream::checksum(block.data(), block.shape(0));
}

void use_instruction_set(const std::string& name, bool pairs) {
    if (!augstream::use_instruction_set(name)) throw nb::value_error("this machine has no such instruction set");
    augstream::pair_blocks(pairs);
}

}  // namespace

std::vector<Sample> samples_of(nb::handle samples, Buffers& buffers) {
    if (!PyList_Check(samples.ptr())) return stack_of(samples, buffers);
    std::vector<Sample> found;
    const auto list = nb::borrow<nb::list>(samples);
    found.reserve(list.size());
    for (nb::handle sample : list) found.push_back(sample_of(sample, buffers));
    return found;
}

void add_samples(nb::module_& m) {
    m.def("header", &header, "samples"_a);
    m.def("pack", &pack, "pixels"_a, "orientation"_a);
    m.def("block_scale", &block_scale, "block"_a);
    m.def("checksum", &checksum, "block"_a);
    m.def("instruction_sets", &augstream::instruction_sets);
    m.def("use_instruction_set", &use_instruction_set, "name"_a = "", "pairs"_a = false);
}
