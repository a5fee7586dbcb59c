// A batch: what comes in, what is done to it, and where it goes. The caller keeps all memory alive.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "image/pixels.h"
#include "image/stored.h"
#include "plan/step.h"

namespace augstream {

// An encoded JPEG, the planes of one (see stored.h), or an array of pixels (height, width, channels) without gaps.
struct Sample {
    const uint8_t* data = nullptr;
    size_t bytes = 0;
    bool encoded = true;
    bool stored = false;  // planes: `data` is the front of their block
    Type type = Type::u8;
    int height = 0, width = 0, channels = 0;

    Size size() const { return {height, width}; }
};

struct Output {
    uint8_t* data = nullptr;
    Type type = Type::f32;
    Layout layout = Layout::nhwc;
    size_t count = 0;  // of images
    int height = 0, width = 0, channels = 0;

    size_t area() const { return static_cast<size_t>(height) * static_cast<size_t>(width); }
    size_t bytes() const { return area() * static_cast<size_t>(channels) * element_size(type); }  // of an image
    uint8_t* slot(size_t i) const { return data + i * bytes(); }
};

// Which row of which program makes an output.
struct Task {
    uint32_t program = 0, row = 0;
};

struct Failure {
    int64_t input = -1;  // the one that was at hand
    std::string reason;  // empty where all went well
};

class Sharing;

struct Job {
    Job();
    ~Job();

    std::vector<Sample> samples;
    std::vector<Program> programs;
    int channels = 3;  // what the plan was drawn for
    Output output;
    std::vector<uint8_t> keep;  // one per sample, or none: whether to keep what the decoder made of it,
    std::vector<Block> kept;    // here: empty where it could not be decoded as a whole

    // Made by prepare().
    std::vector<Task> tasks;        // one per output
    std::vector<Failure> failures;  // one per output
    std::unique_ptr<Sharing> sharing;
    std::atomic<int64_t> decoding = 0, running = 0;  // nanoseconds in all threads; running contains decoding

    // Throws std::invalid_argument where the programs do not make each output once.
    void prepare();
};

}  // namespace augstream
