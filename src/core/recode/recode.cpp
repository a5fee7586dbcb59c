#include "recode/recode.h"

#include <cstring>
#include <string>
#include <vector>

#include "image/pixels.h"
#include "points/store.h"
#include "recode/codecs.h"
#include "recode/eight_bits.h"

namespace augstream {
namespace {

// Some channels of an image as the one that is coded, and the lines of what comes back.
class Group final : public Coded {
  public:
    // lines: memory for a line of each channel.
    Group(const Planes& in, size_t first, int count, float peak, uint8_t* lines, const EmitBytes& emit)
        : Coded({in.height, in.width}, count),
          in_(in),
          first_(first),
          pitch_(byte_pitch(in.width)),
          peak_(peak),
          lines_(lines),
          emit_(emit) {}

    void read(int y, uint8_t* line) const override {
        uint8_t* rows[3];
        for (size_t c = 0; c < static_cast<size_t>(channels); ++c) {
            const Plane& plane = in_.plane[first_ + c];
            const bool whole = is_bytes(plane, peak_);
            rows[c] = whole ? plane.row<uint8_t>(y) : lines_ + c * pitch_;
            if (!whole) to_bytes(plane, y, peak_, static_cast<size_t>(size.width), rows[c]);
        }
        store_bytes_row(rows, channels, size.width, Layout::nhwc, 0, line);
    }
    void write(int y, const uint8_t* line) const override {
        uint8_t* const rows[3] = {lines_, lines_ + pitch_, lines_ + 2 * pitch_};
        void* const out[3] = {rows[0], rows[1], rows[2]};
        unpack_row(line, Type::u8, channels, 0, size.width, out);
        emit_(y, rows);
    }

  private:
    const Planes& in_;
    const size_t first_, pitch_;
    const float peak_;
    uint8_t* const lines_;
    const EmitBytes& emit_;
};

}  // namespace

Recode::Recode(Fields& fields)
    : webp_(fields.flag("webp")), quality_(fields.array<int64_t>("quality", {})), peak_(fields.real("peak")) {
    if (!(peak_ > 0)) fields.fail("peak", "must be above 0");
    for (size_t i = 0; i < fields.rows; ++i)
        if (*quality_[i] < 0 || *quality_[i] > 100)
            fields.fail("quality", "must be 0 (none) to 100; got " + std::to_string(*quality_[i]));
}

// What has been coded, row by row; alpha is left to `emit`.
void Recode::code(const Planes& in, size_t row, Scratch& scratch, const EmitBytes& emit) const {
    const size_t pitch = byte_pitch(in.width), channels = in.plane.size(), height = static_cast<size_t>(in.height);
    const auto quality = static_cast<int>(*quality_[row]);
    const auto group = [&](size_t first, int count, uint8_t* lines, const EmitBytes& take) {
        const Group one(in, first, count, peak_, lines, take);
        webp_ ? code_webp(one, quality, scratch) : code_jpeg(one, quality, scratch);
    };
    if (channels == 1) return group(0, 1, scratch[2].take<uint8_t>(3 * pitch), emit);
    if (channels == 3 || channels == 4) return group(0, 3, scratch[2].take<uint8_t>(3 * pitch), emit);
    uint8_t* const planes = scratch[2].take<uint8_t>((channels * height + 3) * pitch);
    std::vector<uint8_t*> rows(channels);
    for (size_t c = 0; c < channels; ++c)
        group(c, 1, planes + channels * height * pitch, [&](int y, uint8_t* const* line) {
            std::memcpy(planes + (c * height + static_cast<size_t>(y)) * pitch, line[0], pitch);
        });
    for (size_t y = 0; y < height; ++y) {
        for (size_t c = 0; c < channels; ++c) rows[c] = planes + (c * height + y) * pitch;
        emit(static_cast<int>(y), rows.data());
    }
}

void Recode::run(const Planes& in, size_t row, Scratch& scratch, const Emit& emit) const {
    const size_t n = static_cast<size_t>(in.width), channels = in.plane.size(), pitch = padded(n) + kRowPad;
    float* const memory = scratch[3].take<float>(channels * pitch);
    std::vector<float*> rows(channels);
    code(in, row, scratch, [&](int y, uint8_t* const* made) {
        for (size_t c = 0; c < channels; ++c) {
            rows[c] = memory + c * pitch;
            const bool alpha = channels == 4 && c == 3;
            alpha ? to_floats(in.plane[c], y, n, rows[c]) : to_levels(made[c], n, peak_, rows[c]);
        }
        emit(y, rows.data());
    });
}

bool Recode::run_bytes(const Planes& in, size_t row, Scratch& scratch, const EmitBytes& emit) const {
    for (const Plane& plane : in.plane)
        if (!is_bytes(plane, peak_)) return false;
    const size_t n = static_cast<size_t>(in.width);
    if (in.plane.size() != 4) {
        code(in, row, scratch, emit);
        return true;
    }
    uint8_t* const alpha = scratch[3].take<uint8_t>(byte_pitch(in.width));
    code(in, row, scratch, [&](int y, uint8_t* const* made) {
        std::memcpy(alpha, in.plane[3].row<uint8_t>(y), n);
        uint8_t* const rows[4] = {made[0], made[1], made[2], alpha};
        emit(y, rows);
    });
    return true;
}

}  // namespace augstream
