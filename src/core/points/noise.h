// Noise that is added to the levels: a random value per pixel, or per pixel and channel, of mean 0.
#pragma once

#include "plan/fields.h"
#include "plan/point.h"

namespace augstream {

struct NoiseRow;

class Noise final : public Point {
  public:
    explicit Noise(Fields& fields);

    bool idle(size_t row) const override;
    void run(const Line& line) const override;
    Bytes bytes(size_t, bool last) const override { return last ? Bytes::places : Bytes::none; }
    void run_bytes(const ByteLine& line) const override;

  private:
    template <typename T>
    void add(const LineOf<T>& line) const;

    NoiseRow at(size_t row) const;

    const int distribution_;    // gaussian, uniform, laplace
    const Rows<float> std_;     // (n, c), standard deviations
    const Rows<uint64_t> key_;  // (n,)
    const bool per_channel_;
    const float low_, high_;    // levels are clipped to these
    const Rows<float> growth_;  // (n, 2, c) a, b of the variance std^2 + a level + b level^2, or none
    const Rows<float> grain_;   // (n,) pixels between random values that are interpolated between, or none
};

}  // namespace augstream
