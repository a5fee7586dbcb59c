// One channel of an image at its own resolution, and the memory that planes live in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <utility>
#include <vector>

namespace augstream {

// Bytes that may be read (never used) past the last pixel of a stored row, so that vectors need no tail.
inline constexpr size_t kSlack = 64;

// Rows of floats are padded to kRowPad elements, so kernels may run over the end of a row by less than that.
inline constexpr size_t kRowPad = 64;
inline size_t padded(size_t n) { return (n + kRowPad - 1) / kRowPad * kRowPad; }

// Memory that is reused from sample to sample; it grows to the largest image seen and is given back when that was
// huge.
class Buffer {
  public:
    Buffer() = default;
    Buffer(Buffer&&) noexcept = default;
    Buffer& operator=(Buffer&&) noexcept = default;

    template <typename T>
    T* take(size_t count) {
        const size_t bytes = (count * sizeof(T) + 2 * kSlack - 1) / kSlack * kSlack;
        if (bytes > size_ || (size_ > kKeep && bytes < size_ / 4)) {
            memory_.reset();
            memory_.reset(static_cast<std::byte*>(std::aligned_alloc(kSlack, bytes)));
            size_ = memory_ ? bytes : 0;
            if (!memory_) throw std::bad_alloc();
        }
        return reinterpret_cast<T*>(memory_.get());
    }

  private:
    static constexpr size_t kKeep = size_t{16} << 20;
    struct Free {
        void operator()(std::byte* p) const { std::free(p); }
    };
    std::unique_ptr<std::byte, Free> memory_;
    size_t size_ = 0;
};

enum class Element : uint8_t { u8, f32 };

// `data` points at plane pixel (x0, y0); pixels [x0, x1) x [y0, y1) are stored, and one more column and row beyond them
// may be read. A place x in the image (continuous, pixel i covers [i, i+1)) is the place x * scale_x in the plane.
struct Plane {
    void* data = nullptr;
    Element element = Element::u8;
    ptrdiff_t stride = 0;  // in elements
    int width = 0, height = 0;
    int x0 = 0, y0 = 0, x1 = 0, y1 = 0;
    double scale_x = 1, scale_y = 1;

    template <typename T>
    T* row(int y) const {
        return static_cast<T*>(data) + (y - y0) * stride;
    }
    bool same_grid(const Plane& o) const {
        return element == o.element && stride == o.stride && width == o.width && height == o.height && x0 == o.x0 &&
               y0 == o.y0 && x1 == o.x1 && y1 == o.y1 && scale_x == o.scale_x && scale_y == o.scale_y;
    }
};

// The planes of one image of width x height pixels (its size before any scaling by the decoder).
struct Planes {
    int width = 0, height = 0;
    std::vector<Plane> plane;
    bool borrowed = false;  // memory that is not to be written to
    bool tight = false;     // nothing may be read behind a row's last pixel
    int together = 1;       // channels that stand side by side in a plane, which then is one of a whole image
};

// Elements between rows that hold `width` pixels, the extra column and the slack.
inline ptrdiff_t padded_stride(int width) { return (static_cast<ptrdiff_t>(width) + 1 + 63) / 64 * 64; }

}  // namespace augstream
