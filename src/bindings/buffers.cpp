#include "buffers.h"

#include <cstring>
#include <string>

using augstream::Array;
using augstream::Scalar;
using augstream::Wire;

namespace {

constexpr int kDeepest = 32;  // a mix in a branch of a mix takes six

bool scalar_of(const Py_buffer& view, Scalar& scalar) {
    const char* format = view.format ? view.format : "B";
    if (std::strchr("@=<", *format) && *format) ++format;
    if (std::strlen(format) != 1) return false;
    switch (*format) {
        case 'B':
            scalar = Scalar::u8;
            return true;
        case 'H':
            scalar = Scalar::u16;
            return true;
        case 'L':
        case 'Q':
            scalar = Scalar::u64;
            return view.itemsize == 8;
        case 'l':
        case 'q':
            scalar = Scalar::i64;
            return view.itemsize == 8;
        case 'e':
            scalar = Scalar::f16;
            return true;
        case 'f':
            scalar = Scalar::f32;
            return true;
        case 'd':
            scalar = Scalar::f64;
            return true;
        default:
            return false;
    }
}

[[noreturn]] void refuse(nb::handle value) {
    const std::string type = nb::cast<std::string>(nb::str(value.type()));
    throw nb::type_error(
        ("an array is not C-contiguous or has another dtype or number of axes than the core knows: " + type).c_str());
}

}  // namespace

Array Buffers::array(nb::handle value, bool writable) {
    Py_buffer view;
    if (PyObject_GetBuffer(value.ptr(), &view, PyBUF_C_CONTIGUOUS | PyBUF_FORMAT | (writable ? PyBUF_WRITABLE : 0))) {
        PyErr_Clear();
        refuse(value);
    }
    views_.push_back(view);
    Array array;
    array.data = view.buf;
    array.axes = static_cast<size_t>(view.ndim);
    if (array.axes > Array::kMostAxes || !scalar_of(view, array.scalar)) refuse(value);
    for (size_t k = 0; k < array.axes; ++k) array.shape[k] = static_cast<size_t>(view.shape[k]);
    return array;
}

Wire Buffers::wire(nb::handle value, int depth) {
    PyObject* const p = value.ptr();
    Wire wire;
    if (p == Py_None) return wire;
    if (PyTuple_Check(p) || PyList_Check(p)) {
        if (depth == kDeepest) throw nb::value_error("the plan is nested too deeply");
        wire.kind = Wire::Kind::row;
        const Py_ssize_t n = PySequence_Fast_GET_SIZE(p);
        wire.row.reserve(static_cast<size_t>(n));
        for (Py_ssize_t i = 0; i < n && i < PySequence_Fast_GET_SIZE(p); ++i)
            wire.row.push_back(this->wire(PySequence_Fast_GET_ITEM(p, i), depth + 1));
        return wire;
    }
    wire.kind = Wire::Kind::number;
    if (PyFloat_Check(p)) {
        wire.number = PyFloat_AS_DOUBLE(p);
    } else if (PyLong_Check(p)) {
        wire.number = PyLong_AsDouble(p);
        if (wire.number == -1 && PyErr_Occurred()) {
            PyErr_Clear();
            throw nb::value_error("a number of the plan is too large");
        }
    } else {
        wire.kind = Wire::Kind::array;
        wire.array = array(value);
    }
    return wire;
}
