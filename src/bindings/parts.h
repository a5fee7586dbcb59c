// What the parts of the module share: each adds its names to it.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/string.h>

#include <memory>

namespace nb = nanobind;
using namespace nb::literals;

void add_boxes(nb::module_& m);
void add_colors(nb::module_& m);
void add_draw(nb::module_& m);
void add_draws(nb::module_& m);
void add_matrices(nb::module_& m);
void add_samples(nb::module_& m);
void add_slots(nb::module_& m);
void add_run(nb::module_& m);

// A NumPy array over memory that is freed with it.
template <typename T, typename... Size>
auto own(std::unique_ptr<T[]> data, Size... size) {
    nb::capsule owner(data.get(), [](void* p) noexcept { delete[] static_cast<T*>(p); });
    return nb::ndarray<nb::numpy, T, nb::ndim<sizeof...(Size)>>(data.release(), {size...}, owner);
}

inline void expect(bool right, const char* what) {
    if (!right) throw nb::value_error(what);
}
