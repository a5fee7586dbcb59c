// The rows of an image as they go on outside of it, for what looks at neighbors.
#pragma once

#include <algorithm>
#include <cstring>
#include <vector>

#include "plan/fields.h"
#include "plan/head.h"
#include "plan/step.h"

namespace augstream {

// What ops that look at neighbors have in common on the wire.
Border border_of(Fields& fields);
// reach: (n, 2) pixels down and along; y and x are the most that there may be.
void check_reach(Fields& fields, const Rows<int64_t>& reach, int64_t y, int64_t x);

// Which pixel stands at -reach, ..., n - 1 + reach; -1 for none.
std::vector<int> places(int n, int reach, Border border);

inline bool all_bytes(const Planes& in) {
    return std::all_of(in.plane.begin(), in.plane.end(), [](const Plane& p) { return p.element == Element::u8; });
}

// The elements of a row.
inline size_t elements(const Planes& in) { return static_cast<size_t>(in.width) * static_cast<size_t>(in.together); }
inline size_t channels(const Planes& in) { return in.plane.size() * static_cast<size_t>(in.together); }

// Whether bytes hold the fill; null is 0.
bool whole_levels(const float* fill, size_t channels);

// T: uint8_t of planes of bytes, or float of any.
template <typename T>
class Lines {
  public:
    // fill: a level per channel, or null for 0.
    Lines(const Planes& in, int down, int along, Border border, const float* fill)
        : in_(in),
          n_(static_cast<size_t>(in.width)),
          apart_(static_cast<size_t>(in.together)),
          down_(down),
          along_(static_cast<size_t>(along)),
          columns_(places(in.width, along, border)),
          rows_(places(in.height, down, border)),
          fill_(channels(in)) {
        for (size_t c = 0; fill && c < fill_.size(); ++c) fill_[c] = static_cast<T>(fill[c]);
    }

    // Row y from -down on of plane c; the line's first pixel is that at -along.
    void read(size_t c, int y, T* line) const {
        const int from = rows_[static_cast<size_t>(y + down_)];
        const T* const fill = fill_.data() + c * apart_;
        if (from < 0) {
            for (size_t k = 0; k < n_ + 2 * along_; ++k) set(fill, line + k * apart_);
            return;
        }
        T* const inner = line + along_ * apart_;
        copy(in_.plane[c], from, inner);
        const auto outside = [&](size_t k) {
            const int place = columns_[k];
            set(place < 0 ? fill : inner + static_cast<size_t>(place) * apart_, line + k * apart_);
        };
        for (size_t k = 0; k < along_; ++k) {
            outside(k);
            outside(along_ + n_ + k);
        }
    }

  private:
    void set(const T* pixel, T* to) const {
        if (apart_ == 3) {
            std::memcpy(to, pixel, 3 * sizeof(T));
        } else {
            for (size_t e = 0; e < apart_; ++e) to[e] = pixel[e];
        }
    }
    void copy(const Plane& plane, int y, T* to) const {
        const size_t n = n_ * apart_;
        if (sizeof(T) == 1 || plane.element == Element::f32) {
            std::memcpy(to, plane.row<T>(y), n * sizeof(T));
        } else {
            const uint8_t* const from = plane.row<uint8_t>(y);
            for (size_t x = 0; x < n; ++x) to[x] = static_cast<T>(from[x]);
        }
    }

    const Planes& in_;
    const size_t n_, apart_;  // pixels, and elements from one to the next
    const int down_;
    const size_t along_;
    const std::vector<int> columns_, rows_;
    std::vector<T> fill_;
};

// A ring of rows for each channel: the last `kept` of those that were written.
template <typename T>
class Ring {
  public:
    Ring() = default;
    Ring(T* memory, size_t channels, size_t kept, size_t pitch)
        : memory_(memory), kept_(kept), pitch_(pitch), channels_(channels) {}
    // v: the number of the row, from 0 on.
    T* row(size_t c, size_t v) const { return memory_ + (c * kept_ + v % kept_) * pitch_; }
    size_t size() const { return channels_ * kept_ * pitch_; }

  private:
    T* memory_ = nullptr;
    size_t kept_ = 1, pitch_ = 0, channels_ = 0;
};

// Lines for what is made, with room behind each.
template <typename T>
std::vector<T*> lines_out(Buffer& memory, size_t channels, size_t n) {
    const size_t pitch = padded(n) + kRowPad;
    T* const first = memory.take<T>(channels * pitch);
    std::vector<T*> out;
    for (size_t c = 0; c < channels; ++c) out.push_back(first + c * pitch);
    return out;
}

}  // namespace augstream
