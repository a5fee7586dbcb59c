#include "draw/draws.h"

#include <vector>

#include "rows.h"

namespace nb = nanobind;
using namespace nb::literals;
using augstream::Stream;
using rows::Entry;
using rows::Rows;
using rows::Size;

namespace {

using Index = Rows<int64_t>;

Index indices(nb::handle index) { return {index, "index", {rows::kAny}}; }

Stream stream_of(uint64_t key, uint32_t epoch, const Index& index) { return {key, epoch, index.data(), index.n()}; }

// k numbers for each image, (n, k); (n,) where k is None.
nb::object uniform(uint64_t key, uint32_t epoch, nb::handle index, nb::handle k, nb::handle low, nb::handle high) {
    const Index rows = indices(index);
    const Size n = rows.shape(0);
    const Entry from(low, n, "low"), to(high, n, "high");
    const size_t many = k.is_none() ? 1 : nb::cast<size_t>(k);
    const auto out = k.is_none() ? rows::make<double>({n}) : rows::make<double>({n, static_cast<Size>(many)});
    augstream::uniform(stream_of(key, epoch, rows), many, from.column(), to.column(), out.data);
    return out.array;
}

nb::object normal(uint64_t key, uint32_t epoch, nb::handle index) {
    const Index rows = indices(index);
    const auto out = rows::make<double>({rows.shape(0)});
    augstream::normal(stream_of(key, epoch, rows), out.data);
    return out.array;
}

nb::object chance(uint64_t key, uint32_t epoch, nb::handle index, double p) {
    const Index rows = indices(index);
    const auto out = rows::make<bool>({rows.shape(0)});
    augstream::chance(stream_of(key, epoch, rows), p, out.data);
    return out.array;
}

nb::object integers(uint64_t key, uint32_t epoch, nb::handle index, nb::handle count, nb::handle low) {
    const Index rows = indices(index);
    const Entry many(count, rows.shape(0), "n"), from(low, rows.shape(0), "low");
    const auto out = rows::make<int64_t>({rows.shape(0)});
    augstream::integers(stream_of(key, epoch, rows), many.column(), from.column(), out.data);
    return out.array;
}

nb::object choice(uint64_t key, uint32_t epoch, nb::handle index, nb::handle weights) {
    const Index rows = indices(index);
    const Rows<double> given(weights, "weights", {rows::kAny});
    if (given.n() == 0) throw nb::value_error("weights must hold a number");
    const auto out = rows::make<int64_t>({rows.shape(0)});
    augstream::choice(stream_of(key, epoch, rows), {given.data(), given.data() + given.n()}, out.data);
    return out.array;
}

nb::object order(uint64_t key, uint32_t epoch, nb::handle index, size_t k) {
    const Index rows = indices(index);
    const auto out = rows::make<int64_t>({rows.shape(0), static_cast<Size>(k)});
    augstream::order(stream_of(key, epoch, rows), k, out.data);
    return out.array;
}

nb::object keys(uint64_t key, uint32_t epoch, nb::handle index) {
    const Index rows = indices(index);
    const auto out = rows::make<uint64_t>({rows.shape(0)});
    augstream::keys(stream_of(key, epoch, rows), out.data);
    return out.array;
}

}  // namespace

void add_draws(nb::module_& m) {
    m.def("uniform", &uniform, "key"_a, "epoch"_a, "index"_a, "k"_a.none(), "low"_a, "high"_a);
    m.def("normal", &normal, "key"_a, "epoch"_a, "index"_a);
    m.def("chance", &chance, "key"_a, "epoch"_a, "index"_a, "p"_a);
    m.def("integers", &integers, "key"_a, "epoch"_a, "index"_a, "n"_a, "low"_a);
    m.def("choice", &choice, "key"_a, "epoch"_a, "index"_a, "weights"_a);
    m.def("order", &order, "key"_a, "epoch"_a, "index"_a, "k"_a);
    m.def("keys", &keys, "key"_a, "epoch"_a, "index"_a);
}
