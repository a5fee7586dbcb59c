#include "recode/recode.h"

#include <array>
#include <string>
#include <vector>

#include "image/pixels.h"
#include "points/store.h"
#include "recode/codecs.h"
#include "recode/eight_bits.h"

namespace augstream {
namespace {

// Some channels of an image as the one that is coded; what comes back goes into planes of bytes.
class Group final : public Coded {
  public:
    Group(const Planes& in, const Planes& out, size_t first, int count, float peak, uint8_t* line)
        : Coded({in.height, in.width}, count), in_(in), out_(out), first_(first), peak_(peak), line_(line) {}

    void read(int y, uint8_t* line) const override {
        uint8_t* rows[3];
        const size_t n = static_cast<size_t>(size.width), pitch = byte_pitch(size.width);
        for (size_t c = 0; c < static_cast<size_t>(channels); ++c) {
            const Plane& plane = in_.plane[first_ + c];
            const bool whole = is_bytes(plane, peak_);
            rows[c] = whole ? plane.row<uint8_t>(y) : line_ + c * pitch;
            if (!whole) to_bytes(plane, y, peak_, n, rows[c]);
        }
        store_bytes_row(rows, channels, size.width, Layout::nhwc, 0, line);
    }
    void write(int y, const uint8_t* line) const override {
        void* rows[3];
        for (size_t c = 0; c < static_cast<size_t>(channels); ++c) rows[c] = out_.plane[first_ + c].row<uint8_t>(y);
        unpack_row(line, Type::u8, channels, 0, size.width, rows);
    }

  private:
    const Planes &in_, &out_;
    const size_t first_;
    const float peak_;
    uint8_t* const line_;
};

}  // namespace

Recode::Recode(Fields& fields)
    : webp_(fields.flag("webp")), quality_(fields.array<int64_t>("quality", {})), peak_(fields.real("peak")) {
    if (!(peak_ > 0)) fields.fail("peak", "must be above 0");
    for (size_t i = 0; i < fields.rows; ++i)
        if (*quality_[i] < 0 || *quality_[i] > 100)
            fields.fail("quality", "must be 0 (none) to 100; got " + std::to_string(*quality_[i]));
}

Planes Recode::coded(const Planes& in, size_t row, Scratch& scratch) const {
    const size_t pitch = byte_pitch(in.width), channels = in.plane.size();
    uint8_t* const memory = scratch[2].take<uint8_t>((channels * static_cast<size_t>(in.height) + 3) * pitch);
    Planes out = in;
    for (size_t c = 0; c < channels; ++c) {
        Plane& plane = out.plane[c];
        plane.data = memory + c * static_cast<size_t>(in.height) * pitch;
        plane.element = Element::u8;
        plane.stride = static_cast<ptrdiff_t>(pitch);
    }
    const bool color = channels == 3 || channels == 4;
    uint8_t* const line = memory + channels * static_cast<size_t>(in.height) * pitch;
    for (size_t first = 0; first < (color ? 1 : channels); ++first) {
        const Group group(in, out, first, color ? 3 : 1, peak_, line);
        const auto quality = static_cast<int>(*quality_[row]);
        webp_ ? code_webp(group, quality, scratch) : code_jpeg(group, quality, scratch);
    }
    return out;
}

void Recode::run(const Planes& in, size_t row, Scratch& scratch, const Emit& emit) const {
    const Planes made = coded(in, row, scratch);
    const size_t n = static_cast<size_t>(in.width), channels = in.plane.size(), pitch = padded(n) + kRowPad;
    float* const memory = scratch[3].take<float>(channels * pitch);
    std::vector<float*> rows;
    for (int y = 0; y < in.height; ++y) {
        rows.clear();
        for (size_t c = 0; c < channels; ++c) {
            rows.push_back(memory + c * pitch);
            const bool alpha = channels == 4 && c == 3;
            alpha ? to_floats(in.plane[c], y, n, rows[c]) : to_levels(made.plane[c].row<uint8_t>(y), n, peak_, rows[c]);
        }
        emit(y, rows.data());
    }
}

bool Recode::run_bytes(const Planes& in, size_t row, Scratch& scratch, const EmitBytes& emit) const {
    for (const Plane& plane : in.plane)
        if (!is_bytes(plane, peak_)) return false;
    const Planes made = coded(in, row, scratch);
    std::vector<uint8_t*> rows(in.plane.size());
    for (int y = 0; y < in.height; ++y) {
        for (size_t c = 0; c < rows.size(); ++c) rows[c] = made.plane[c].row<uint8_t>(y);
        if (rows.size() == 4) to_bytes(in.plane[3], y, peak_, static_cast<size_t>(in.width), rows[3]);
        emit(y, rows.data());
    }
    return true;
}

}  // namespace augstream
