// The plan of a batch as the engine reads it: pointers into arrays that the caller keeps alive. See ops.py for the
// words.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "image/stored.h"

namespace augstream {

enum class Border : uint8_t { constant, edge, reflect, mirror, wrap, overlap };
enum class Interpolation : uint8_t { nearest, bilinear, bicubic };
enum class Layout : uint8_t { nhwc, nchw };
enum class Type : uint8_t { u8, u16, f16, bf16, f32 };

struct Warp {
    const double* matrix = nullptr;  // (n, 3, 3), output to input
    const int64_t* size = nullptr;   // (n, 2), output height and width
    Border border = Border::edge;
    Interpolation interpolation = Interpolation::bilinear;
    bool antialias = true;
    const float* fill = nullptr;  // (n, channels), with a constant border
};

struct Point {
    enum class Kind : uint8_t { color, curve } kind = Kind::color;
    const float* matrix = nullptr;  // color: (n, c, c + 1)
    const float* clip = nullptr;    // color: (n, c, 2), or null
    const float* table = nullptr;   // curve: (n, c, 256)
    float peak = 255;               // curve: the level of the last entry
    const uint8_t* on = nullptr;    // curve: (n,), 0 where the sample stays as it is, or null
    bool steps = false;             // curve: nearest entry
};

struct Pass {
    bool warped = false;
    Warp warp;
    std::vector<Point> points;
};

// An encoded JPEG, the planes of one (see stored.h), or an array of pixels (height, width, channels) without gaps.
struct Source {
    const uint8_t* data = nullptr;
    size_t bytes = 0;
    bool encoded = true;
    bool stored = false;  // planes: `data` is the front of their block
    Type type = Type::u8;
    int height = 0, width = 0, channels = 0;
};

struct Output {
    uint8_t* data = nullptr;  // sample i starts at data + i * height * width * channels * element size
    Type type = Type::f32;
    Layout layout = Layout::nhwc;
    int height = 0, width = 0, channels = 0;
};

struct Job {
    std::vector<Source> sources;
    std::vector<Pass> passes;
    int input_channels = 3;  // what the plan was drawn for
    Output output;
    std::vector<std::string> errors;  // one per sample; empty where all went well
    std::vector<uint8_t> keep;        // one per sample, or none: whether to keep what the decoder made of it,
    std::vector<Block> kept;          // here: empty where it could not be decoded as a whole
    std::atomic<int64_t> decoding = 0, running = 0;  // nanoseconds in all threads; running contains decoding
};

}  // namespace augstream
