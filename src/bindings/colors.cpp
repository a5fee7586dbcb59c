#include "draw/colors.h"

#include <algorithm>
#include <vector>

#include "draw/tables.h"
#include "rows.h"

namespace nb = nanobind;
using namespace nb::literals;
using rows::Entry;
using rows::kAny;
using rows::Rows;
using rows::Size;

namespace {

// (n, c, c + 1). Levels times `brightness`, `contrast` times as far from half the peak; colors `saturation` times as
// far from gray, turned by `hue`, or left alone where that is None. Of four channels the last is alpha.
nb::object jitter(Size n, Size channels, double peak, nb::handle brightness, nb::handle contrast, nb::handle saturation,
                  nb::handle hue) {
    const bool colors = !saturation.is_none();
    const auto c = static_cast<size_t>(channels), k = c == 4 ? 3 : c;
    if (colors && k != 3) throw nb::value_error("there is color in images of 3 or 4 channels");
    const nb::object still = nb::float_(1.0);
    const Entry bright(brightness, n, "brightness"), spread(contrast, n, "contrast");
    const Entry color(colors ? saturation : nb::handle(still), n, "saturation");
    const Entry turn(colors ? hue : nb::handle(still), n, "hue");
    const auto out = rows::make<double>({n, channels, channels + 1});
    std::vector<double> offset(k);
    for (size_t i = 0; i < static_cast<size_t>(n); ++i) {
        const double gain = bright[i] * spread[i];
        double tinted[9];
        if (colors) augstream::tint(gain, color[i], turn[i], tinted);
        // Gray stays gray whatever the colors do, so the offset of the contrast passes through unchanged.
        std::fill(offset.begin(), offset.end(), (1 - spread[i]) / 2 * peak);
        augstream::color_matrix(gain, colors ? tinted : nullptr, offset.data(), k, c, out.row(i, c * (c + 1)));
    }
    return out.array;
}

bool is_array(nb::handle value, Py_ssize_t axes) {
    return !PyFloat_Check(value.ptr()) && !PyLong_Check(value.ptr()) &&
           nb::cast<Py_ssize_t>(value.attr("ndim")) == axes;
}

// (n, c, c + 1). gain: for all channels. offset: in fractions of the peak, a number for each image, or (n, k) for each
// of its channels. Of four channels the last is alpha.
nb::object color(Size n, Size channels, double peak, nb::handle gain, nb::handle offset) {
    const auto c = static_cast<size_t>(channels), k = c == 4 ? 3 : c;
    const Entry factor(gain, n, "gain");
    const auto out = rows::make<double>({n, channels, channels + 1});
    std::vector<double> added(k);
    const auto fill = [&](const auto& offset_of) {
        for (size_t i = 0; i < static_cast<size_t>(n); ++i) {
            for (size_t j = 0; j < k; ++j) added[j] = offset_of(i, j) * peak;
            augstream::color_matrix(factor[i], nullptr, added.data(), k, c, out.row(i, c * (c + 1)));
        }
    };
    if (is_array(offset, 2)) {
        const Rows<double> each(offset, "offset", {n, static_cast<Size>(k)});
        fill([&](size_t i, size_t j) { return each.row(i, k)[j]; });
    } else {
        const Entry all(offset, n, "offset");
        fill([&](size_t i, size_t) { return all[i]; });
    }
    return out.array;
}

// (matrix, clip) of two colors in a row; a clip may be None.
nb::tuple merge_colors(nb::handle first, nb::handle first_clip, nb::handle second, nb::handle second_clip) {
    const Rows<double> one(first, "first", {kAny, kAny, kAny}),
        two(second, "second", {one.shape(0), one.shape(1), one.shape(2)});
    const Size n = one.shape(0), channels = one.shape(1);
    one.expect({n, channels, channels + 1}, "first");
    const auto c = static_cast<size_t>(channels);
    const auto out = rows::make<double>({n, channels, channels + 1});
    for (size_t i = 0; i < one.n(); ++i)
        augstream::merge_colors(one.row(i, c * (c + 1)), two.row(i, c * (c + 1)), c, out.row(i, c * (c + 1)));
    if (!second_clip.is_none() || first_clip.is_none()) return nb::make_tuple(out.array, nb::borrow(second_clip));
    const Rows<double> clip(first_clip, "clip", {n, channels, 2});
    const auto mapped = rows::make<double>({n, channels, 2});
    for (size_t i = 0; i < one.n(); ++i)
        augstream::map_clip(clip.row(i, 2 * c), two.row(i, c * (c + 1)), c, mapped.row(i, 2 * c));
    return nb::make_tuple(out.array, mapped.array);
}

// (fill (n, 3), lost (n,) or None): where lost, there is no such fill. fill: (n, 1 or 3).
nb::tuple fill_before(nb::handle matrix, nb::handle fill) {
    const Rows<double> color(matrix, "matrix", {kAny, 3, 4}), levels(fill, "fill", {color.shape(0), kAny});
    if (levels.shape(1) != 1) levels.expect({color.shape(0), 3}, "fill");
    const auto width = static_cast<size_t>(levels.shape(1));
    const auto out = rows::make<double>({color.shape(0), 3});
    nb::object lost = nb::none();
    bool* where = nullptr;
    for (size_t i = 0; i < color.n(); ++i) {
        const double* const given = levels.row(i, width);
        const double all[3] = {given[0], given[width == 1 ? 0 : 1], given[width == 1 ? 0 : 2]};
        if (augstream::fill_before(color.row(i, 12), all, out.row(i, 3))) continue;
        if (!where) {
            const auto made = rows::make<bool>({color.shape(0)});
            std::fill_n(made.data, color.n(), false);
            lost = made.array;
            where = made.data;
        }
        where[i] = true;
        std::fill_n(out.row(i, 3), 3, 0.0);
    }
    return nb::make_tuple(out.array, lost);
}

// Levels (n, 1 or c) as the core reads them: (n, c) of float.
nb::object fill_levels(nb::handle fill, Size channels) {
    const Rows<double> levels(fill, "fill", {kAny, kAny});
    const bool one = levels.shape(1) == 1;
    if (!one) levels.expect({levels.shape(0), channels}, "fill");
    const auto c = static_cast<size_t>(channels);
    const auto out = rows::make<float>({levels.shape(0), channels});
    for (size_t i = 0; i < levels.n(); ++i)
        for (size_t j = 0; j < c; ++j)
            out.row(i, c)[j] = static_cast<float>(one ? *levels.row(i, 1) : levels.row(i, c)[j]);
    return out.array;
}

nb::object power_table(nb::handle power, double peak) {
    const Rows<double> powers(power, "power", {kAny});
    const auto out = rows::make<double>({powers.shape(0), static_cast<Size>(augstream::kLevels)});
    for (size_t i = 0; i < powers.n(); ++i)
        augstream::power_table(powers.data()[i], peak, out.row(i, augstream::kLevels));
    return out.array;
}

// (kernels (n, 2 r + 1), reach (n, 2)), r the largest reach.
nb::tuple gaussians(nb::handle sigma) {
    const Rows<double> sigmas(sigma, "sigma", {kAny});
    const auto reach = rows::make<int64_t>({sigmas.shape(0), 2});
    int64_t most = 0;
    for (size_t i = 0; i < sigmas.n(); ++i) {
        if (!(sigmas.data()[i] >= 0 && sigmas.data()[i] <= 1e5)) throw nb::value_error("sigma must be 0 to 1e5");
        std::fill_n(reach.row(i, 2), 2, augstream::gaussian_reach(sigmas.data()[i]));
        most = std::max(most, *reach.row(i, 2));
    }
    const auto side = static_cast<size_t>(2 * most + 1);
    const auto out = rows::make<double>({sigmas.shape(0), static_cast<Size>(side)});
    for (size_t i = 0; i < sigmas.n(); ++i)
        augstream::gaussian_kernel(sigmas.data()[i], *reach.row(i, 2), most, out.row(i, side));
    return nb::make_tuple(out.array, reach.array);
}

}  // namespace

void add_colors(nb::module_& m) {
    m.def("jitter", &jitter, "n"_a, "channels"_a, "peak"_a, "brightness"_a, "contrast"_a, "saturation"_a.none(),
          "hue"_a.none());
    m.def("color", &color, "n"_a, "channels"_a, "peak"_a, "gain"_a, "offset"_a);
    m.def("merge_colors", &merge_colors, "first"_a, "first_clip"_a.none(), "second"_a, "second_clip"_a.none());
    m.def("fill_before", &fill_before, "matrix"_a, "fill"_a);
    m.def("fill_levels", &fill_levels, "fill"_a, "channels"_a);
    m.def("power_table", &power_table, "power"_a, "peak"_a);
    m.def("gaussians", &gaussians, "sigma"_a);
}
