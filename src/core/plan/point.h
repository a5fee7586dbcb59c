// A point op: it sees the levels of one pixel, its place and the number of its image, and nothing else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "image/plane.h"

namespace augstream {

// A piece of one row of an image, a line per channel, to be changed in place. Lines of floats have room for kRowPad
// more, so that vectors need no tail.
template <typename T>
struct LineOf {
    T* const* rows = nullptr;
    int channels = 0;
    int n = 0;                  // pixels
    int x = 0, y = 0;           // the place of the first of them in the image
    int width = 0, height = 0;  // of the image
    size_t row = 0;             // of the op's arrays
    // The mean of each channel over the whole image, where wants_mean() says so.
    const float* mean = nullptr;
};
using Line = LineOf<float>;
using ByteLine = LineOf<uint8_t>;

class Color;

class Point {
  public:
    // What it can do to an image of bytes that ends as bytes, with the result that floats and one rounding at the end
    // would have.
    enum class Bytes : uint8_t {
        none,
        levels,  // each level becomes another one, channel by channel, wherever it stands: run() makes a table of it
        places,  // run_bytes() writes bytes
    };

    virtual ~Point() = default;
    // Whether it leaves this row's image as it is.
    virtual bool idle(size_t row) const = 0;
    virtual void run(const Line& line) const = 0;

    virtual bool wants_mean(size_t /*row*/) const { return false; }
    // Whether it asks something of the whole image at hand. It then is the first of its step, which has no head, and
    // measured() is what it does to that image, whatever the row is that it is run with.
    virtual bool measures() const { return false; }
    virtual std::unique_ptr<Point> measured(const Planes& /*image*/, size_t /*row*/) const { return nullptr; }
    // last: no other point comes behind it.
    virtual Bytes bytes(size_t /*row*/, bool /*last*/) const { return Bytes::none; }
    virtual void run_bytes(const ByteLine& /*line*/) const {}
    // This, if it is a color: the one point that merges with the conversion of a JPEG's planes.
    virtual const Color* color() const { return nullptr; }
};

}  // namespace augstream
