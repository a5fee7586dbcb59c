#include "spectrum/spectrum.h"

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstring>
#include <numbers>
#include <type_traits>
#include <vector>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "spectrum/spectrum.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace augstream {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
const hn::ScalableTag<float> df;
const hn::RebindToSigned<decltype(df)> di;
const hn::RebindToUnsigned<decltype(df)> du;
const hn::Rebind<uint8_t, decltype(df)> d8;

// The n pixels are followed by zeros up to a whole number of vectors, here and in all rows below.
void Widen(const uint8_t* in, size_t n, float* out) {
    for (size_t x = 0; x < n; x += hn::Lanes(df))
        hn::StoreU(hn::ConvertTo(df, hn::PromoteTo(di, hn::LoadU(d8, in + x))), df, out + x);
}

// sums[k]: of row times wave k. Waves are `pitch` apart and zero behind the row.
void Project(const float* HWY_RESTRICT row, const float* HWY_RESTRICT waves, size_t count, size_t n, size_t pitch,
             float* HWY_RESTRICT sums) {
    for (size_t k = 0; k < count; k += 2) {
        const float* const a = waves + k * pitch;
        const float* const b = a + pitch;
        auto sum_a = hn::Zero(df), sum_b = hn::Zero(df), more_a = hn::Zero(df), more_b = hn::Zero(df);
        for (size_t x = 0; x < n; x += 2 * hn::Lanes(df)) {
            const auto one = hn::LoadU(df, row + x), two = hn::LoadU(df, row + x + hn::Lanes(df));
            sum_a = hn::MulAdd(one, hn::LoadU(df, a + x), sum_a);
            sum_b = hn::MulAdd(one, hn::LoadU(df, b + x), sum_b);
            more_a = hn::MulAdd(two, hn::LoadU(df, a + x + hn::Lanes(df)), more_a);
            more_b = hn::MulAdd(two, hn::LoadU(df, b + x + hn::Lanes(df)), more_b);
        }
        sums[k] = hn::GetLane(hn::SumOfLanes(df, hn::Add(sum_a, more_a)));
        sums[k + 1] = hn::GetLane(hn::SumOfLanes(df, hn::Add(sum_b, more_b)));
    }
}

// row += the sum of weight[k] times wave k, then clipped.
void AddWaves(float* HWY_RESTRICT row, const float* HWY_RESTRICT waves, const float* HWY_RESTRICT weight, size_t count,
              size_t n, size_t pitch, float peak) {
    const size_t step = hn::Lanes(df);
    const auto clip = [&](auto v) HWY_ATTR {
        return hn::Min(hn::IfThenElse(hn::Gt(v, hn::Zero(df)), v, hn::Zero(df)), hn::Set(df, peak));
    };
    for (size_t x = 0; x < n; x += 2 * step) {
        auto one = hn::LoadU(df, row + x), two = hn::LoadU(df, row + x + step);
        for (size_t k = 0; k < count; ++k) {
            const auto w = hn::Set(df, weight[k]);
            one = hn::MulAdd(w, hn::LoadU(df, waves + k * pitch + x), one);
            two = hn::MulAdd(w, hn::LoadU(df, waves + k * pitch + x + step), two);
        }
        hn::StoreU(clip(one), df, row + x);
        hn::StoreU(clip(two), df, row + x + step);
    }
}

void Narrow(const float* in, size_t n, uint8_t* out) {
    for (size_t x = 0; x < n; x += hn::Lanes(df))
        hn::StoreU(hn::U8FromU32(hn::BitCast(du, hn::NearestInt(hn::LoadU(df, in + x)))), d8, out + x);
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace augstream
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace augstream {

HWY_EXPORT(Widen);
HWY_EXPORT(Project);
HWY_EXPORT(AddWaves);
HWY_EXPORT(Narrow);

namespace {

using Complex = std::complex<double>;

// exp(2 pi i k / n) for k = 0..n-1.
std::vector<Complex> circle(int n) {
    std::vector<Complex> points(static_cast<size_t>(n));
    for (int k = 0; k < n; ++k) points[static_cast<size_t>(k)] = std::polar(1.0, 2 * std::numbers::pi * k / n);
    return points;
}

size_t around(int64_t k, int64_t n) { return static_cast<size_t>((k % n + n) % n); }

Complex times(Complex a, Complex b) {  // without what std has for infinities
    return {a.real() * b.real() - a.imag() * b.imag(), a.real() * b.imag() + a.imag() * b.real()};
}

}  // namespace

Spectrum::Spectrum(Fields& fields)
    : amplitude_(fields.array<float>("amplitude", {fields.channels, Fields::kAny, Fields::kAny})),
      reach_(fields.array<int64_t>("reach", {})),
      peak_(fields.real("peak")) {
    if (amplitude_.shape[2] + 1 != 2 * amplitude_.shape[3])
        fields.fail("amplitude", "must have 2 k + 1 frequencies down where it has k + 1 along");
    if (!(peak_ > 0)) fields.fail("peak", "must be above 0");
    for (size_t i = 0; i < fields.rows; ++i)
        if (*reach_[i] < -1 || *reach_[i] >= static_cast<int64_t>(amplitude_.shape[3]))
            fields.fail("reach", "must be -1 or a frequency of the amplitude");
}

template <typename T>
void Spectrum::change(const Planes& in, size_t row, Scratch& scratch, const EmitOf<T>& emit) const {
    const int height = in.height, width = in.width;
    const auto n = static_cast<size_t>(width);
    const size_t pitch = padded(n), channels = in.plane.size(), colors = channels == 4 ? 3 : channels;
    const int b = static_cast<int>(std::min<int64_t>(*reach_[row], (std::min(height, width) - 1) / 2));
    const size_t across = static_cast<size_t>(b) + 1, down = 2 * across - 1;
    const std::vector<Complex> xs = circle(width), ys = circle(height);

    // Two waves, cosine and sine, for each frequency along the rows.
    float* const waves = scratch[0].take<float>(2 * across * pitch);
    for (size_t v = 0; v < across; ++v)
        for (size_t x = 0; x < pitch; ++x) {
            const Complex at = x < n ? xs[v * x % n] : Complex{};
            waves[2 * v * pitch + x] = static_cast<float>(at.real());
            waves[(2 * v + 1) * pitch + x] = static_cast<float>(at.imag());
        }
    float* const line = scratch[1].take<float>(pitch + kRowPad);
    const auto read = [&](const Plane& plane, int y) {
        if (plane.element == Element::u8) {
            HWY_DYNAMIC_DISPATCH(Widen)(plane.row<uint8_t>(y), n, line);
        } else {
            std::memcpy(line, plane.row<float>(y), n * sizeof(float));
        }
        std::fill(line + n, line + pitch + kRowPad, 0.0f);
    };

    std::vector<float> sums(2 * across);
    std::vector<Complex> change(colors * down * across);
    const double area = static_cast<double>(width) * height;
    for (size_t c = 0; c < colors; ++c) {
        Complex* const spectrum = &change[c * down * across];
        for (int y = 0; y < height; ++y) {
            read(in.plane[c], y);
            HWY_DYNAMIC_DISPATCH(Project)(line, waves, 2 * across, n, pitch, sums.data());
            for (int u = 0; u <= b; ++u) {
                const Complex turn = std::conj(ys[around(int64_t{u} * y, height)]);
                Complex* const lower = spectrum + static_cast<size_t>(b - u) * across;
                Complex* const upper = spectrum + static_cast<size_t>(b + u) * across;
                for (size_t v = 0; v < across; ++v) {
                    const Complex sum(sums[2 * v], -sums[2 * v + 1]);
                    upper[v] += times(sum, turn);
                    if (u > 0) lower[v] += times(sum, std::conj(turn));
                }
            }
        }
        // What is added: the coefficient with the other amplitude, less itself; both halves of the plane at once.
        const size_t most = amplitude_.shape[3], middle = most - 1;
        for (size_t u = 0; u < down; ++u)
            for (size_t v = 0; v < across; ++v) {
                const float* const wanted = amplitude_[row] + c * amplitude_.shape[2] * most;
                const double amplitude = area * wanted[(middle + u - static_cast<size_t>(b)) * most + v];
                Complex& at = spectrum[u * across + v];
                const double own = std::abs(at);
                at = (own > 0 ? at * (amplitude / own) : Complex(amplitude, 0)) - at;
                at *= (v > 0 ? 2 : 1) / area;
            }
    }

    const size_t room = pitch + kRowPad;
    float* const rows = scratch[2].take<float>(channels * room);
    auto* const bytes = scratch[3].take<uint8_t>(channels * room);
    std::vector<T*> out(channels);
    for (int y = 0; y < height; ++y) {
        for (size_t c = 0; c < channels; ++c) {
            float* const to = rows + c * room;
            read(in.plane[c], y);
            std::memcpy(to, line, room * sizeof(float));
            if (c < colors) {
                for (size_t v = 0; v < across; ++v) {
                    Complex sum{};
                    for (size_t u = 0; u < down; ++u)
                        sum += times(change[(c * down + u) * across + v],
                                     ys[around((static_cast<int64_t>(u) - b) * y, height)]);
                    sums[2 * v] = static_cast<float>(sum.real());
                    sums[2 * v + 1] = static_cast<float>(-sum.imag());
                }
                HWY_DYNAMIC_DISPATCH(AddWaves)(to, waves, sums.data(), 2 * across, n, pitch, peak_);
            }
            if constexpr (std::is_same_v<T, float>) {
                out[c] = to;
            } else {
                out[c] = bytes + c * room;
                HWY_DYNAMIC_DISPATCH(Narrow)(to, n, out[c]);
            }
        }
        emit(y, out.data());
    }
}

void Spectrum::run(const Planes& in, size_t row, Scratch& scratch, const Emit& emit) const {
    change(in, row, scratch, emit);
}

bool Spectrum::run_bytes(const Planes& in, size_t row, Scratch& scratch, const EmitBytes& emit) const {
    if (peak_ > 255 || in.plane[0].element != Element::u8) return false;
    change(in, row, scratch, emit);
    return true;
}

}  // namespace augstream
#endif
