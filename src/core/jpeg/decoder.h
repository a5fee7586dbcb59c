// JPEG files to planes. What libjpeg jumps out of never leaves its file; recode/jpeg.cpp is the other one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "image/plane.h"

namespace augstream {

enum class ColorSpace : uint8_t { gray, ycc, rgb };

// What the markers in front of the pixels say. `height` and `width` are as stored, before `orientation` (EXIF 1..8).
struct JpegHeader {
    bool supported = false;  // 8 bits, one or three components, and not lossless: what JpegDecoder reads
    int height = 0, width = 0, components = 0, orientation = 1;
};

JpegHeader read_jpeg_header(const uint8_t* data, size_t bytes);

// What of an image will be looked at: rows [top, bottom), and the scale 1/denominator that is fine enough (1, 2, 4,
// 8).
struct Hint {
    int top = 0, bottom = 0, left = 0, right = 0;
    int denominator = 1;
};

// How libjpeg hands out rows: so many of the scaled image, of `height` rows in all, and of each plane at a time.
struct Groups {
    int height = 0, lines = 0;
    int plane_lines[3] = {};
};

// The groups [first, last) that hold what the hint asks for.
std::pair<int, int> groups_of(const Groups& groups, const Hint& hint);

// The memory that one thread decodes into, file after file; nothing else of a file stays.
class JpegDecoder {
  public:
    JpegDecoder();
    ~JpegDecoder();
    JpegDecoder(const JpegDecoder&) = delete;
    JpegDecoder& operator=(const JpegDecoder&) = delete;

    // Decodes to the file's own planes (gray: one; else three, in `space`). The planes stay valid until the next call.
    // Returns the reason of a failure, or an empty string. A file that ends early is a failure.
    std::string decode(const uint8_t* data, size_t bytes, const Hint& hint, bool luma_only, Planes& planes,
                       ColorSpace& space);
    // The same, and only, if all that the hint asks for can be read as a plain file (see baseline.h).
    bool decode_plain(const uint8_t* data, size_t bytes, const Hint& hint, bool luma_only, Planes& planes,
                      ColorSpace& space);
    // Of the file that was decoded last; plain: by the decoder for plain files, which rounds in another way.
    const Groups& groups() const;
    bool plain() const;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace augstream
