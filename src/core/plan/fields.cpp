#include "plan/fields.h"

#include <cmath>
#include <cstdio>
#include <stdexcept>

namespace augstream {
namespace {

const char* name_of(Scalar scalar) {
    switch (scalar) {
        case Scalar::u8:
            return "uint8";
        case Scalar::u16:
            return "uint16";
        case Scalar::u64:
            return "uint64";
        case Scalar::i64:
            return "int64";
        case Scalar::f16:
            return "float16";
        case Scalar::f32:
            return "float32";
        default:
            return "float64";
    }
}

std::string shape_text(const size_t* shape, size_t axes) {
    std::string text = "(";
    for (size_t k = 0; k < axes; ++k)
        text += (k ? ", " : "") + (shape[k] == Fields::kAny ? "any" : std::to_string(shape[k]));
    return text + (axes == 1 ? ",)" : ")");
}

}  // namespace

std::string number_text(double number) {
    char text[32];
    std::snprintf(text, sizeof text, "%.9g", number);
    return text;
}

std::string text(const Wire& wire) {
    switch (wire.kind) {
        case Wire::Kind::number:
            return number_text(wire.number);
        case Wire::Kind::array:
            return shape_text(wire.array.shape, wire.array.axes) + " of " + name_of(wire.array.scalar);
        case Wire::Kind::row:
            return "a row of " + std::to_string(wire.row.size());
        default:
            return "None";
    }
}

Fields::Fields(const Wire& op, const char* name, size_t n, size_t c) : rows(n), channels(c), op_(op), name_(name) {
    if (op.kind != Wire::Kind::row) fail("", "must be a tuple; got " + text(op));
}

void Fields::fail(const char* field, const std::string& what) const {
    throw std::invalid_argument(std::string("the plan's ") + name_ + (*field ? "." : "") + field + " " + what);
}

const Wire& Fields::next(const char* field) {
    if (at_ == op_.row.size()) fail(field, "is missing");
    return op_.row[at_++];
}

void Fields::end() const {
    if (at_ != op_.row.size())
        fail("", "has " + std::to_string(op_.row.size()) + " fields where " + std::to_string(at_) + " are known");
}

const Array* Fields::checked(const char* field, Scalar scalar, std::initializer_list<size_t> shape, bool optional) {
    const Wire& wire = next(field);
    if (optional && wire.kind == Wire::Kind::none) return nullptr;
    size_t wanted[Array::kMostAxes] = {rows};
    size_t axes = 1;
    for (const size_t n : shape) wanted[axes++] = n;
    bool fits = wire.kind == Wire::Kind::array && wire.array.scalar == scalar && wire.array.axes == axes;
    for (size_t k = 0; fits && k < axes; ++k) fits = wanted[k] == kAny || wanted[k] == wire.array.shape[k];
    if (!fits) fail(field, "must be " + shape_text(wanted, axes) + " of " + name_of(scalar) + "; got " + text(wire));
    return &wire.array;
}

int Fields::integer(const char* field, int low, int high) {
    const Wire& wire = next(field);
    if (wire.kind != Wire::Kind::number || !(wire.number >= low && wire.number <= high) ||
        wire.number != std::floor(wire.number))
        fail(field,
             "must be an integer in " + std::to_string(low) + ".." + std::to_string(high) + "; got " + text(wire));
    return static_cast<int>(wire.number);
}

float Fields::real(const char* field) {
    const Wire& wire = next(field);
    if (wire.kind != Wire::Kind::number || !std::isfinite(wire.number))
        fail(field, "must be a finite number; got " + text(wire));
    return static_cast<float>(wire.number);
}

const std::vector<Wire>& Fields::row(const char* field) {
    const Wire& wire = next(field);
    if (wire.kind != Wire::Kind::row) fail(field, "must be a tuple; got " + text(wire));
    return wire.row;
}

}  // namespace augstream
