// Decoded images as one block of bytes each: what a cache keeps, in memory or in a file. Running from a block gives
// the very pixels that running from the file would.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "image/plane.h"
#include "jpeg/decoder.h"

namespace augstream {

struct Block {
    std::unique_ptr<uint8_t[]> data;
    size_t bytes = 0;
};

// What stands at the front of a block; its pixels begin at kStoredFront. Blocks may come from a damaged file, so
// nothing here is believed before `read_stored` has looked at it.
struct Stored {
    char magic[8];
    uint32_t kind;  // 0: planes of a JPEG; 1: interleaved bytes
    uint32_t space, components, denominator, orientation;
    int32_t height, width;  // as stored in the file
    Groups groups;
    struct {
        int32_t height, width;
        double scale_x, scale_y;
        uint64_t offset;
    } plane[3];
};

inline constexpr size_t kStoredFront = 256;
static_assert(sizeof(Stored) <= kStoredFront);

// The planes of a whole file, as `decoder` has just decoded them at 1/denominator.
Block store_planes(const Planes& planes, ColorSpace space, const Groups& groups, int denominator, int orientation);
Block store_pixels(const uint8_t* pixels, int height, int width, int channels, int orientation);

// False where this is no block, or not a whole one.
bool read_stored(const uint8_t* data, size_t bytes, Stored& stored);

// The planes of a block, with the window that decoding the file with this hint would have given. They are the block's
// own memory: not to be written to.
void view_stored(const uint8_t* data, const Stored& stored, const Hint& hint, bool luma_only, Planes& planes,
                 ColorSpace& space);

// 64 bits that tell damage: a change within eight bytes always, others but for a chance of about one in 2^64. They are
// no proof against somebody who wants them equal.
uint64_t checksum(const uint8_t* data, size_t bytes);

}  // namespace augstream
