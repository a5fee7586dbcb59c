#include "draw/matrices.h"

#include <algorithm>

#include "rows.h"

namespace nb = nanobind;
using namespace nb::literals;
using rows::Entry;
using rows::kAny;
using rows::Rows;
using rows::Size;

namespace {

using Sizes = Rows<int64_t>;
using Matrices = Rows<double>;

nb::object affine(Size n, nb::handle a, nb::handle b, nb::handle x, nb::handle c, nb::handle d, nb::handle y) {
    const Entry ea(a, n, "a"), eb(b, n, "b"), ex(x, n, "x"), ec(c, n, "c"), ed(d, n, "d"), ey(y, n, "y");
    const auto out = rows::make<double>({n, 3, 3});
    for (size_t i = 0; i < static_cast<size_t>(n); ++i)
        augstream::affine(ea[i], eb[i], ex[i], ec[i], ed[i], ey[i], out.row(i, 9));
    return out.array;
}

nb::object linear(nb::handle size, nb::handle a, nb::handle b, nb::handle c, nb::handle d) {
    const Sizes sizes(size, "size", {kAny, 2});
    const Size n = sizes.shape(0);
    const Entry ea(a, n, "a"), eb(b, n, "b"), ec(c, n, "c"), ed(d, n, "d");
    const auto out = rows::make<double>({n, 3, 3});
    for (size_t i = 0; i < sizes.n(); ++i)
        augstream::linear(sizes.row(i, 2), ea[i], eb[i], ec[i], ed[i], out.row(i, 9));
    return out.array;
}

nb::object rotate(nb::handle size, nb::handle degrees) {
    const Sizes sizes(size, "size", {kAny, 2});
    const Entry angle(degrees, sizes.shape(0), "degrees");
    const auto out = rows::make<double>({sizes.shape(0), 3, 3});
    for (size_t i = 0; i < sizes.n(); ++i) augstream::rotate(sizes.row(i, 2), angle[i], out.row(i, 9));
    return out.array;
}

// Of two numbers for each image.
template <auto kBuild>
nb::object pair(nb::handle size, nb::handle x, nb::handle y) {
    const Sizes sizes(size, "size", {kAny, 2});
    const Entry ex(x, sizes.shape(0), "x"), ey(y, sizes.shape(0), "y");
    const auto out = rows::make<double>({sizes.shape(0), 3, 3});
    for (size_t i = 0; i < sizes.n(); ++i) kBuild(sizes.row(i, 2), ex[i], ey[i], out.row(i, 9));
    return out.array;
}

void shift(const int64_t* size, double x, double y, double* out) {
    augstream::affine(1, 0, -x * static_cast<double>(size[1]), 0, 1, -y * static_cast<double>(size[0]), out);
}

void zoom(const int64_t* size, double x, double y, double* out) { augstream::linear(size, 1 / x, 0, 0, 1 / y, out); }

nb::object perspective(nb::handle size, nb::handle corners) {
    const Sizes sizes(size, "size", {kAny, 2});
    const Rows<double> places(corners, "corners", {sizes.shape(0), 4, 2});
    const auto out = rows::make<double>({sizes.shape(0), 3, 3});
    for (size_t i = 0; i < sizes.n(); ++i) augstream::perspective(sizes.row(i, 2), places.row(i, 8), out.row(i, 9));
    return out.array;
}

nb::object stretch(nb::handle box, nb::handle top, nb::handle left, double height, double width) {
    const Sizes sizes(box, "box", {kAny, 2});
    const Entry y(top, sizes.shape(0), "top"), x(left, sizes.shape(0), "left");
    const auto out = rows::make<double>({sizes.shape(0), 3, 3});
    for (size_t i = 0; i < sizes.n(); ++i) {
        const int64_t* const size = sizes.row(i, 2);
        augstream::affine(static_cast<double>(size[1]) / width, 0, x[i], 0, static_cast<double>(size[0]) / height, y[i],
                          out.row(i, 9));
    }
    return out.array;
}

nb::object then(nb::handle first, nb::handle second) {
    const Matrices one(first, "first", {kAny, 3, 3}), two(second, "second", {one.shape(0), 3, 3});
    const auto out = rows::make<double>({one.shape(0), 3, 3});
    for (size_t i = 0; i < one.n(); ++i) augstream::then(one.row(i, 9), two.row(i, 9), out.row(i, 9));
    return out.array;
}

nb::object matrix_where(nb::handle on, nb::handle matrix) {
    const Rows<bool> which(on, "on", {kAny});
    const Matrices own(matrix, "matrix", {which.shape(0), kAny, kAny});
    const Size height = own.shape(1), width = own.shape(2);
    const auto out = rows::make<double>({which.shape(0), height, width});
    const auto k = static_cast<size_t>(height * width);
    for (size_t i = 0; i < which.n(); ++i) {
        double* const row = out.row(i, k);
        if (which.data()[i]) {
            std::copy_n(own.row(i, k), k, row);
        } else {
            std::fill_n(row, k, 0.0);
            for (Size j = 0; j < std::min(height, width); ++j) row[j * width + j] = 1;
        }
    }
    return out.array;
}

nb::object size_where(nb::handle on, nb::handle size, nb::handle other) {
    const Rows<bool> which(on, "on", {kAny});
    const Sizes own(size, "size", {which.shape(0), 2}), rest(other, "other", {which.shape(0), 2});
    const auto out = rows::make<int64_t>({which.shape(0), 2});
    for (size_t i = 0; i < which.n(); ++i)
        std::copy_n(which.data()[i] ? own.row(i, 2) : rest.row(i, 2), 2, out.row(i, 2));
    return out.array;
}

nb::object identities(nb::handle matrix) {
    const Matrices own(matrix, "matrix", {kAny, kAny, kAny});
    const auto out = rows::make<bool>({own.shape(0)});
    const auto height = static_cast<size_t>(own.shape(1)), width = static_cast<size_t>(own.shape(2));
    for (size_t i = 0; i < own.n(); ++i) {
        const double* const row = own.row(i, height * width);
        bool same = true;
        for (size_t k = 0; k < height * width && same; ++k) same = row[k] == (k / width == k % width ? 1.0 : 0.0);
        out.data[i] = same;
    }
    return out.array;
}

nb::object same_sizes(nb::handle size, nb::handle other) {
    const Sizes one(size, "size", {kAny, 2}), two(other, "other", {one.shape(0), 2});
    const auto out = rows::make<bool>({one.shape(0)});
    for (size_t i = 0; i < one.n(); ++i) out.data[i] = std::equal(one.row(i, 2), one.row(i, 2) + 2, two.row(i, 2));
    return out.array;
}

}  // namespace

void add_matrices(nb::module_& m) {
    m.def("affine", &affine, "n"_a, "a"_a, "b"_a, "x"_a, "c"_a, "d"_a, "y"_a);
    m.def("linear", &linear, "size"_a, "a"_a, "b"_a, "c"_a, "d"_a);
    m.def("rotate", &rotate, "size"_a, "degrees"_a);
    m.def("shift", &pair<shift>, "size"_a, "x"_a, "y"_a);
    m.def("shear", &pair<augstream::shear>, "size"_a, "x"_a, "y"_a);
    m.def("zoom", &pair<zoom>, "size"_a, "x"_a, "y"_a);
    m.def("perspective", &perspective, "size"_a, "corners"_a);
    m.def("stretch", &stretch, "box"_a, "top"_a, "left"_a, "height"_a, "width"_a);
    m.def("then", &then, "first"_a, "second"_a);
    m.def("matrix_where", &matrix_where, "on"_a, "matrix"_a);
    m.def("size_where", &size_where, "on"_a, "size"_a, "other"_a);
    m.def("identities", &identities, "matrix"_a);
    m.def("same_sizes", &same_sizes, "size"_a, "other"_a);
}
