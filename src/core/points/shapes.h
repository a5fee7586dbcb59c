// Boxes of the image that are written over: with levels, noise, or the image's mean.
#pragma once

#include "plan/fields.h"
#include "plan/point.h"

namespace augstream {

// A pixel belongs to the last box that its center is in.
class Shapes final : public Point {
  public:
    explicit Shapes(Fields& fields);

    bool idle(size_t row) const override;
    void run(const Line& line) const override { write(line); }
    bool wants_mean(size_t row) const override { return mode_ == Mode::mean && !idle(row); }
    Bytes bytes(size_t row, bool last) const override;
    void run_bytes(const ByteLine& line) const override { write(line); }

  private:
    enum class Mode : uint8_t { constant, noise, mean };

    template <typename T>
    void write(const LineOf<T>& line) const;

    const Rows<float> boxes_;  // (n, k, 4), x0 y0 x1 y1 in pixels
    const Mode mode_;
    const Rows<float> fill_;    // constant: (n, k, channels)
    const Rows<uint64_t> key_;  // noise: (n,)
    const float peak_;          // noise is below it
    const int channels_;        // only the first of them are written
};

}  // namespace augstream
