#include "draw/boxes.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <vector>

#include "draw/groups.h"
#include "rows.h"

namespace nb = nanobind;
using namespace nb::literals;
using rows::Entry;
using rows::kAny;
using rows::Rows;
using rows::Size;

namespace {

// (box (n, 2), corner (n, 2), places (n, 2)): the first box that fits, which may have its corner at any of `places`
// from `corner` on; the largest one in the middle where none fits.
nb::tuple crop_boxes(nb::handle size, nb::handle share, nb::handle ratio, double lowest, double highest) {
    const Rows<int64_t> sizes(size, "size", {kAny, 2});
    const Size n = sizes.shape(0);
    const Rows<double> shares(share, "share", {n, kAny}), ratios(ratio, "ratio", {n, shares.shape(1)});
    const auto tries = static_cast<size_t>(shares.shape(1));
    const auto box = rows::make<int64_t>({n, 2}), corner = rows::make<int64_t>({n, 2}),
               places = rows::make<int64_t>({n, 2});
    for (size_t i = 0; i < sizes.n(); ++i) {
        const int64_t* const whole = sizes.row(i, 2);
        augstream::Sides sides{};
        const bool fits = augstream::first_fit(whole, shares.row(i, tries), ratios.row(i, tries), tries, sides);
        if (!fits) sides = augstream::largest(whole, lowest, highest);
        const int64_t own[2] = {static_cast<int64_t>(sides.height), static_cast<int64_t>(sides.width)};
        for (size_t axis = 0; axis < 2; ++axis) {
            const int64_t spare = whole[axis] - own[axis];
            box.row(i, 2)[axis] = own[axis];
            corner.row(i, 2)[axis] = fits ? 0 : spare / 2;
            places.row(i, 2)[axis] = fits ? spare + 1 : 1;
        }
    }
    return nb::make_tuple(box.array, corner.array, places.array);
}

// (n, k, 4) x0 y0 x1 y1 in whole pixels: the first of each image's boxes, as many as it has, that fit; empty where none
// does. share, ratio: (n, k * tries). top, left: (n, k) where each lies of all the places it could, in [0, 1).
nb::object placed_boxes(nb::handle size, nb::handle share, nb::handle ratio, nb::handle top, nb::handle left,
                        nb::handle many) {
    const Rows<int64_t> sizes(size, "size", {kAny, 2});
    const Size n = sizes.shape(0);
    const Rows<double> tops(top, "top", {n, kAny}), lefts(left, "left", {n, tops.shape(1)});
    const Rows<double> shares(share, "share", {n, kAny}), ratios(ratio, "ratio", {n, shares.shape(1)});
    const Entry counts(many, n, "many");
    const Size k = tops.shape(1);
    if (k == 0 || shares.shape(1) % k) throw nb::value_error("share must hold as many numbers for each box");
    const auto each = static_cast<size_t>(k), tries = static_cast<size_t>(shares.shape(1) / k);
    const auto out = rows::make<double>({n, k, 4});
    for (size_t i = 0; i < sizes.n(); ++i) {
        const int64_t* const whole = sizes.row(i, 2);
        for (size_t j = 0; j < each; ++j) {
            double* const box = out.row(i * each + j, 4);
            std::fill_n(box, 4, 0.0);
            augstream::Sides sides{};
            if (static_cast<double>(j) >= counts[i] ||
                !augstream::first_fit(whole, shares.row(i * each + j, tries), ratios.row(i * each + j, tries), tries,
                                      sides))
                continue;
            const double y = std::floor(tops.row(i, each)[j] * (static_cast<double>(whole[0]) - sides.height + 1));
            const double x = std::floor(lefts.row(i, each)[j] * (static_cast<double>(whole[1]) - sides.width + 1));
            const double corners[4] = {x, y, x + sides.width, y + sides.height};
            std::copy_n(corners, 4, box);
        }
    }
    return out.array;
}

// None where all images are alike in all columns, or else the rows of each group.
nb::object groups(Size n, nb::handle columns) {
    if (n < 0) throw nb::value_error("there cannot be fewer than 0 images");
    std::deque<Entry> entries;
    std::vector<augstream::Column> read;
    for (nb::handle column : nb::cast<nb::list>(columns)) {
        entries.emplace_back(column, n, "a column");
        read.push_back(entries.back().column());
    }
    const auto found = augstream::groups(read, static_cast<size_t>(n));
    if (found.size() <= 1) return nb::none();
    nb::list made;
    for (const std::vector<int64_t>& group : found) {
        const auto out = rows::make<int64_t>({static_cast<Size>(group.size())});
        std::copy(group.begin(), group.end(), out.data);
        made.append(out.array);
    }
    return made;
}

// The lowest and the highest of whole numbers; (0, 0) of none.
nb::tuple bounds(nb::handle numbers, Size axes) {
    const rows::View view(numbers, 'q', "numbers");
    if (view.axes() != axes) throw nb::value_error("numbers must have another number of axes");
    size_t n = 1;
    for (Size axis = 0; axis < axes; ++axis) n *= static_cast<size_t>(view.shape(axis));
    const auto* const data = static_cast<const int64_t*>(view.data());
    if (n == 0) return nb::make_tuple(0, 0);
    const auto [low, high] = std::minmax_element(data, data + n);
    return nb::make_tuple(*low, *high);
}

// (n, 2) heights and widths of images (h, w, c).
nb::object sizes(nb::list images) {
    const auto out = rows::make<int64_t>({static_cast<Size>(images.size()), 2});
    for (size_t i = 0; i < images.size(); ++i) {
        Py_buffer view;
        if (PyObject_GetBuffer(images[i].ptr(), &view, PyBUF_STRIDED_RO)) throw nb::python_error();
        const bool right = view.ndim == 3;
        if (right) std::copy_n(view.shape, 2, out.row(i, 2));
        PyBuffer_Release(&view);
        if (!right) throw nb::value_error("an image must be (h, w, c)");
    }
    return out.array;
}

// The first row that is not the same as row 0; 0 where there is none.
size_t first_odd(nb::handle size) {
    const Rows<int64_t> sizes(size, "size", {kAny, 2});
    for (size_t i = 1; i < sizes.n(); ++i)
        if (!std::equal(sizes.data(), sizes.data() + 2, sizes.row(i, 2))) return i;
    return 0;
}

}  // namespace

void add_boxes(nb::module_& m) {
    m.def("crop_boxes", &crop_boxes, "size"_a, "share"_a, "ratio"_a, "lowest"_a, "highest"_a);
    m.def("placed_boxes", &placed_boxes, "size"_a, "share"_a, "ratio"_a, "top"_a, "left"_a, "many"_a);
    m.def("groups", &groups, "n"_a, "columns"_a);
    m.def("bounds", &bounds, "numbers"_a, "axes"_a);
    m.def("sizes", &sizes, "images"_a);
    m.def("first_odd", &first_odd, "size"_a);
}
