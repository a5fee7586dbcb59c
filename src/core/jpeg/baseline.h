// The plain JPEG file, which nearly every photo is: baseline, Huffman-coded, all components in one scan. Faster than
// libjpeg, because the codes and the bits of up to two coefficients are looked up together, and because nothing outside
// of the region is transformed. It reads no file that is unusual or broken in any way: libjpeg is there for those, and
// says what is the matter with them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "image/plane.h"
#include "jpeg/decoder.h"

namespace augstream {

class BaselineDecoder {
  public:
    BaselineDecoder();
    ~BaselineDecoder();
    BaselineDecoder(const BaselineDecoder&) = delete;
    BaselineDecoder& operator=(const BaselineDecoder&) = delete;

    // As JpegDecoder::decode at full scale. False where the file is not plain.
    bool decode(const uint8_t* data, size_t bytes, const Hint& hint, bool luma_only, Planes& planes, ColorSpace& space,
                Groups& groups);

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace augstream
