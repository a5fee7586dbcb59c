#include "points/statistic.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "points/curve.h"
#include "points/histogram.h"

namespace augstream {
namespace {

// A table of its own for each of the first channels.
class Tables final : public Point {
  public:
    Tables(std::vector<float> table, float peak) : table_(std::move(table)), peak_(peak) {}

    bool idle(size_t) const override { return false; }
    Bytes bytes(size_t, bool) const override { return Bytes::levels; }
    void run(const Line& line) const override {
        for (size_t c = 0; c < table_.size() / kBins; ++c)
            curve_row(line.rows[c], line.n, table_.data() + kBins * c, peak_, false);
    }

  private:
    const std::vector<float> table_;
    const float peak_;
};

// A gain and an offset for each of the first channels.
class Gains final : public Point {
  public:
    // high: the levels are clipped to 0 and it, unless it is 0.
    Gains(std::vector<float> gain, std::vector<float> offset, float high)
        : gain_(std::move(gain)), offset_(std::move(offset)), high_(high) {}

    bool idle(size_t) const override { return false; }
    Bytes bytes(size_t, bool) const override { return Bytes::levels; }
    void run(const Line& line) const override {
        for (size_t c = 0; c < gain_.size(); ++c) {
            float* const row = line.rows[c];
            const float gain = gain_[c], offset = offset_[c];
            for (int j = 0; j < line.n; ++j) row[j] = row[j] * gain + offset;
            for (int j = 0; high_ > 0 && j < line.n; ++j) row[j] = row[j] > 0 ? std::min(row[j], high_) : 0.0f;
        }
    }

  private:
    const std::vector<float> gain_, offset_;
    const float high_;
};

using Table = std::array<double, kBins>;  // in 255ths of the peak

Table same() {
    Table table;
    for (size_t v = 0; v < kBins; ++v) table[v] = static_cast<double>(v);
    return table;
}

// As Pillow and torchvision have it.
Table equalizing(const Histogram& count) {
    int64_t total = 0, last = 0;
    for (const uint32_t n : count) {
        total += n;
        if (n) last = n;
    }
    const int64_t step = (total - last) / 255;
    if (step == 0) return same();
    Table table;
    int64_t below = step / 2;
    for (size_t v = 0; v < kBins; ++v) {
        table[v] = static_cast<double>(std::min<int64_t>(below / step, 255));
        below += count[v];
    }
    return table;
}

// The lowest level that is left when the share `cut` of all pixels is taken away from below.
int end_of(const Histogram& count, double cut, bool from_above) {
    int64_t total = 0;
    for (const uint32_t n : count) total += n;
    const auto all = static_cast<double>(total);
    // What is no number is nothing.
    auto rest = static_cast<int64_t>(std::floor(std::fmin(std::fmax(all * cut, 0.0), all)));
    for (int k = 0; k < kBins; ++k) {
        const int v = from_above ? kBins - 1 - k : k;
        rest -= count[static_cast<size_t>(v)];
        if (rest < 0) return v;
    }
    return from_above ? 0 : kBins - 1;
}

Table stretching(const Histogram& count, const double* cut) {
    const int low = end_of(count, cut[0], false), high = end_of(count, cut[1], true);
    Table table = same();
    if (high > low)
        for (double& v : table) v = std::clamp((v - low) * 255 / (high - low), 0.0, 255.0);
    return table;
}

Table matching(const Histogram& count, const double* target, double strength) {
    // The levels that the target has, and the share of its pixels up to each.
    std::vector<double> share, level;
    for (size_t v = 0; v < kBins; ++v) {
        if (!(target[v] > (share.empty() ? 0.0 : share.back()))) continue;
        share.push_back(target[v]);
        level.push_back(static_cast<double>(v));
    }
    Table table = same();
    if (share.empty()) return table;
    double total = 0, below = 0;
    for (const uint32_t n : count) total += n;
    for (size_t v = 0; v < kBins; ++v) {
        below += count[v];
        const double place = below / total;
        const auto k = static_cast<size_t>(std::lower_bound(share.begin(), share.end(), place) - share.begin());
        double met = level.back();
        if (k == 0) {
            met = level[0];
        } else if (k < share.size()) {
            met = level[k - 1] + (level[k] - level[k - 1]) * (place - share[k - 1]) / (share[k] - share[k - 1]);
        }
        table[v] += strength * (met - table[v]);
    }
    return table;
}

constexpr double kLuma[3] = {0.299, 0.587, 0.114};

}  // namespace

Statistic::Statistic(Fields& fields)
    : what_(static_cast<What>(fields.integer("what", 0, static_cast<int>(What::standardize_channels)))),
      channels_(static_cast<size_t>(fields.integer("channels", 1, static_cast<int>(fields.channels)))),
      peak_(fields.real("peak")),
      amount_(fields.array<double>("amount", {2})),
      target_(fields.array_or_none<double>("target", {fields.channels, kBins})),
      on_(fields.array<uint8_t>("on", {})) {
    if (!(peak_ > 0)) fields.fail("peak", "must be above 0");
    if (what_ == What::match && !target_) fields.fail("target", "must be given to match");
}

std::unique_ptr<Point> Statistic::measured(const Planes& image, size_t row) const {
    const double* const amount = amount_[row];
    if (what_ <= What::match) {
        std::vector<float> tables;
        for (size_t c = 0; c < channels_; ++c) {
            const Histogram count = histogram(image.plane[c], peak_);
            const Table table = what_ == What::equalize  ? equalizing(count)
                                : what_ == What::stretch ? stretching(count, amount)
                                                         : matching(count, target_[row] + kBins * c, amount[0]);
            for (const double v : table) tables.push_back(static_cast<float>(v * peak_ / 255));
        }
        return std::make_unique<Tables>(std::move(tables), peak_);
    }
    std::vector<Moments> found;
    for (size_t c = 0; c < channels_; ++c) found.push_back(moments(image.plane[c]));
    Moments all;
    for (size_t c = 0; c < channels_; ++c)
        all.mean += found[c].mean *
                    (what_ == What::contrast && channels_ == 3 ? kLuma[c] : 1.0 / static_cast<double>(channels_));
    for (const Moments& one : found)
        all.variance += (one.variance + (one.mean - all.mean) * (one.mean - all.mean)) / static_cast<double>(channels_);
    const bool apart = what_ == What::standardize_channels;
    const double values = static_cast<double>(image.width) * image.height * static_cast<double>(apart ? 1 : channels_);
    std::vector<float> gains, offsets;
    for (size_t c = 0; c < channels_; ++c) {
        const Moments& one = apart ? found[c] : all;
        // A flat image has no deviation to divide by; the bound is TensorFlow's.
        const double gain = what_ == What::contrast
                                ? amount[0]
                                : 1 / std::max(std::sqrt(one.variance), peak_ / (255 * std::sqrt(values)));
        gains.push_back(static_cast<float>(gain));
        offsets.push_back(static_cast<float>(what_ == What::contrast ? (1 - gain) * one.mean : -gain * one.mean));
    }
    return std::make_unique<Gains>(std::move(gains), std::move(offsets), what_ == What::contrast ? peak_ : 0);
}

}  // namespace augstream
