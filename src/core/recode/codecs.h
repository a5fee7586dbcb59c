// What an encoder and its decoder make of an image, in memory. libjpeg's errors never leave jpeg.cpp.
#pragma once

#include <cstdint>

#include "plan/head.h"

namespace augstream {

// An image of bytes, of 1 (gray) or 3 (RGB) interleaved channels, that is read and written row by row.
class Coded {
  public:
    virtual ~Coded() = default;
    virtual void read(int y, uint8_t* line) const = 0;
    virtual void write(int y, const uint8_t* line) const = 0;

    const Size size;
    const int channels;

  protected:
    Coded(Size of, int count) : size(of), channels(count) {}
};

// Encodes and decodes; quality is 1 to 100. Throws std::runtime_error where the format cannot hold the image.
void code_jpeg(const Coded& image, int quality, Head::Scratch& scratch);
void code_webp(const Coded& image, int quality, Head::Scratch& scratch);

}  // namespace augstream
