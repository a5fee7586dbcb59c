// Noise that is added to the levels: a random value per pixel, or per pixel and channel, of mean 0.
#pragma once

#include "plan/fields.h"
#include "plan/point.h"

namespace augstream {

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

    const bool gaussian_;       // or uniform
    const Rows<float> std_;     // (n, c), standard deviations; a channel of 0 stays as it is
    const Rows<uint64_t> key_;  // (n,)
    const bool per_channel_;
    const float low_, high_;  // levels are clipped to these
};

}  // namespace augstream
