#include "rows.h"

#include <array>
#include <cstring>

namespace rows {

namespace {

// Never released: the module lives as long as the interpreter.
struct Names {
    PyObject* empty = nullptr;
    PyObject* ascontiguousarray = nullptr;
    std::array<PyObject*, 5> types{};
} names;

constexpr char kCodes[] = "dfqQ?";
constexpr std::array<const char*, 5> kTypes{"float64", "float32", "int64", "uint64", "bool"};

PyObject* type_of(char code) { return names.types[static_cast<size_t>(std::strchr(kCodes, code) - kCodes)]; }

// Whether a buffer holds numbers of this type. NumPy calls 64 bits long or long long.
bool holds(const Py_buffer& view, char code) {
    const char* const format = view.format ? view.format : "B";
    if (format[0] == '\0' || format[1] != '\0') return false;
    if (code == 'q') return (format[0] == 'q' || format[0] == 'l') && view.itemsize == 8;
    if (code == 'Q') return (format[0] == 'Q' || format[0] == 'L') && view.itemsize == 8;
    return format[0] == code;
}

nb::object converted(nb::handle value, char code) {
    const nb::object array = nb::steal(PyObject_CallOneArg(names.ascontiguousarray, value.ptr()));
    if (!array.is_valid()) throw nb::python_error();
    return array.attr("astype")(nb::handle(type_of(code)), nb::arg("casting") = "same_kind", nb::arg("copy") = false);
}

std::string text(std::initializer_list<Size> shape) {
    std::string said;
    for (const Size side : shape)
        said += (said.empty() ? "(" : ", ") + (side == kAny ? std::string("any") : std::to_string(side));
    return said + (shape.size() == 1 ? ",)" : ")");
}

}  // namespace

void start() {
    const nb::object numpy = nb::module_::import_("numpy");
    names.empty = nb::object(numpy.attr("empty")).release().ptr();
    names.ascontiguousarray = nb::object(numpy.attr("ascontiguousarray")).release().ptr();
    for (size_t k = 0; k < kTypes.size(); ++k) names.types[k] = numpy.attr("dtype")(kTypes[k]).release().ptr();
}

View::View(nb::handle value, char code, const char* name) {
    if (take(value, code)) return;
    converted_ = converted(value, code);
    if (!take(converted_, code)) throw nb::type_error((std::string(name) + " must be an array of numbers").c_str());
}

View::~View() { PyBuffer_Release(&view_); }

bool View::take(nb::handle value, char code) {
    if (PyObject_GetBuffer(value.ptr(), &view_, PyBUF_C_CONTIGUOUS | PyBUF_FORMAT)) {
        PyErr_Clear();
        return false;
    }
    if (holds(view_, code)) return true;
    PyBuffer_Release(&view_);
    return false;
}

void View::expect(std::initializer_list<Size> wanted, const char* name) const {
    bool right = static_cast<size_t>(axes()) == wanted.size();
    Size axis = 0;
    for (const Size side : wanted)
        if (right && side != kAny)
            right = shape(axis++) == side;
        else
            ++axis;
    if (right) return;
    std::string got;
    for (axis = 0; axis < axes(); ++axis) got += (got.empty() ? "(" : ", ") + std::to_string(shape(axis));
    throw nb::value_error((std::string(name) + " must have the shape " + text(wanted) + "; got " +
                           (got.empty() ? "(" : got) + (axes() == 1 ? ",)" : ")"))
                              .c_str());
}

Entry::Entry(nb::handle value, Size n, const char* name) {
    PyObject* const p = value.ptr();
    if (PyFloat_Check(p)) {
        column_.value = PyFloat_AS_DOUBLE(p);
    } else if (PyLong_Check(p)) {
        column_.value = PyLong_AsDouble(p);
        if (column_.value == -1 && PyErr_Occurred()) throw nb::python_error();
    } else {
        read(value, n, name);
    }
}

Entry::~Entry() { PyBuffer_Release(&view_); }

void Entry::read(nb::handle value, Size n, const char* name) {
    const auto strided = [&](nb::handle array) {
        if (!PyObject_GetBuffer(array.ptr(), &view_, PyBUF_STRIDED_RO | PyBUF_FORMAT)) {
            if (holds(view_, 'd')) return true;
            if (holds(view_, 'q') || holds(view_, '?')) {
                column_.kind = holds(view_, 'q') ? augstream::Column::Kind::whole : augstream::Column::Kind::truth;
                return true;
            }
            PyBuffer_Release(&view_);
        }
        PyErr_Clear();
        return false;
    };
    if (!strided(value)) {
        converted_ = converted(value, 'd');
        if (!strided(converted_)) throw nb::type_error((std::string(name) + " must be numbers").c_str());
    }
    if (view_.ndim > 1 || (view_.ndim == 1 && view_.shape[0] != n))
        throw nb::value_error((std::string(name) + " must be a number or one for each image").c_str());
    column_.data = static_cast<const char*>(view_.buf);
    column_.stride = view_.ndim == 1 ? view_.strides[0] : 0;
}

nb::object empty(std::initializer_list<Size> shape, char code, void*& data) {
    const nb::object sides = nb::steal(PyTuple_New(static_cast<Size>(shape.size())));
    Size axis = 0;
    for (const Size side : shape) PyTuple_SET_ITEM(sides.ptr(), axis++, PyLong_FromSsize_t(side));
    PyObject* const arguments[2] = {sides.ptr(), type_of(code)};
    nb::object array = nb::steal(PyObject_Vectorcall(names.empty, arguments, 2, nullptr));
    if (!array.is_valid()) throw nb::python_error();
    Py_buffer view;
    if (PyObject_GetBuffer(array.ptr(), &view, PyBUF_WRITABLE)) throw nb::python_error();
    data = view.buf;
    PyBuffer_Release(&view);  // the array keeps its memory where it is
    return array;
}

}  // namespace rows
