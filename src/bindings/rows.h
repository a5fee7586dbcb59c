// Small arrays with one row for each image, read by the buffer protocol and made by NumPy: a call with a few of them
// costs a fraction of what the general cast of arrays does, and a plan makes dozens.
#pragma once

#include <nanobind/nanobind.h>

#include <initializer_list>
#include <string>

#include "draw/column.h"

namespace rows {

namespace nb = nanobind;

// Looks NumPy's names up, once.
void start();

using Size = Py_ssize_t;
inline constexpr Size kAny = -1;

// What NumPy calls a C++ type.
template <typename T>
inline constexpr char kCode = '\0';
template <>
inline constexpr char kCode<double> = 'd';
template <>
inline constexpr char kCode<float> = 'f';
template <>
inline constexpr char kCode<int64_t> = 'q';
template <>
inline constexpr char kCode<uint64_t> = 'Q';
template <>
inline constexpr char kCode<bool> = '?';

// Memory of an array, while it lasts. Anything that NumPy makes a C-contiguous array of this type of without loss is
// taken.
class View {
  public:
    View(nb::handle value, char code, const char* name);
    View(const View&) = delete;
    View& operator=(const View&) = delete;
    ~View();

    Size axes() const { return view_.ndim; }
    Size shape(Size axis) const { return view_.shape[axis]; }
    const void* data() const { return view_.buf; }
    // Raises a ValueError unless the shape is this one.
    void expect(std::initializer_list<Size> shape, const char* name) const;

  private:
    bool take(nb::handle value, char code);

    Py_buffer view_{};
    nb::object converted_;
};

template <typename T>
class Rows : public View {
  public:
    Rows(nb::handle value, const char* name, std::initializer_list<Size> shape) : View(value, kCode<T>, name) {
        expect(shape, name);
    }
    size_t n() const { return static_cast<size_t>(shape(0)); }
    const T* data() const { return static_cast<const T*>(View::data()); }
    // The numbers of one row, of k each.
    const T* row(size_t i, size_t k) const { return data() + i * k; }
};

// A number, or an array (n,) of them: a slice of another array, too.
class Entry {
  public:
    Entry(nb::handle value, Size n, const char* name);
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;
    ~Entry();

    double operator[](size_t row) const { return column_[row]; }
    const augstream::Column& column() const { return column_; }

  private:
    void read(nb::handle value, Size n, const char* name);

    Py_buffer view_{};
    nb::object converted_;
    augstream::Column column_;
};

// A new array, of any values.
template <typename T>
struct Made {
    nb::object array;
    T* data;

    T* row(size_t i, size_t k) const { return data + i * k; }
};

nb::object empty(std::initializer_list<Size> shape, char code, void*& data);

template <typename T>
Made<T> make(std::initializer_list<Size> shape) {
    void* data = nullptr;
    nb::object array = empty(shape, kCode<T>, data);
    return {std::move(array), static_cast<T*>(data)};
}

}  // namespace rows
