// The pixels of an image under a mapping, row by row: of whatever planes the image is given as.
#pragma once

#include <vector>

#include "gather/field.h"
#include "gather/rows.h"
#include "gather/seen.h"
#include "image/plane.h"
#include "plan/geometry.h"
#include "plan/head.h"

namespace augstream {

// What stands outside of a rectangle.
struct Outside {
    Seen seen;
    const float* fill = nullptr;  // a level per channel; null: zeros
};

// From the values of the planes to the levels of an image's channels.
struct Levels {
    bool converts = false;
    const float* matrix = nullptr;  // (channels, planes + 1)
    const float* clip = nullptr;    // (channels, 2)
    float most = 0;                 // where interpolation overshoots: the highest level; else 0
};

// The memory of one thread for this. Never shared.
class Sampler {
  public:
    // Transposes, averages and blurs the planes as the mapping asks for. `outside` begins with the constant border, if
    // there is one; all of them lie on the output at hand.
    void begin(const Mapping& mapping, Planes& planes, size_t channels, std::vector<Outside> outside);
    // Whether every output pixel is one byte per channel of the planes as it is, or a fill that is one.
    bool copies_bytes() const;
    void bytes(const EmitBytes& emit);
    void levels(const Levels& levels, const Emit& emit);

  private:
    void prepare(Planes& planes);
    void begin_axis();
    void begin_skewed();
    void axis(const Emit& emit);
    void skewed(const Emit& emit);
    void byte_row(size_t c, int y, uint8_t* to);
    void fill_bytes(int y, uint8_t* const* rows);
    float* row_of(int k, size_t c) const { return row_memory_ + (static_cast<size_t>(k) * row_.size() + c) * pitch_; }

    Mapping mapping_;
    const Planes* planes_ = nullptr;
    size_t channels_ = 0;
    std::vector<Outside> outside_;
    std::vector<Taps> taps_;
    std::vector<size_t> same_;  // the first plane with the same grid, whose weights and places serve
    std::vector<Grid> grids_;
    Bend bend_;
    bool whole_ = false;       // a field that moves whole pixels, and nothing else does
    std::vector<float*> row_;  // the row at hand
    float* row_memory_ = nullptr;
    size_t pitch_ = 0;
    std::vector<Buffer> filtered_, reduced_;
    Buffer rows_, scratch_, packed_, offsets_, seen_;
};

}  // namespace augstream
