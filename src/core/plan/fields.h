// The fields of one op, read in their order; whatever is wrong with one is said in words.
#pragma once

#include <cstddef>
#include <initializer_list>

#include "plan/wire.h"

namespace augstream {

// An array of a known type: one row per image of its program. Null where None was allowed, and given.
template <typename T>
struct Rows {
    const T* data = nullptr;
    size_t shape[Array::kMostAxes] = {};
    size_t step = 0;  // elements per row

    explicit operator bool() const { return data != nullptr; }
    const T* operator[](size_t row) const { return data + row * step; }
};

class Fields {
  public:
    static constexpr size_t kAny = ~size_t{0};  // an axis of any length

    // name: of the op, or of what else stands in such a row, for messages.
    Fields(const Wire& op, const char* name, size_t rows, size_t channels);

    // The length of the first axis of every array, and the channels of the images.
    const size_t rows, channels;

    // An array (rows, shape...).
    template <typename T>
    Rows<T> array(const char* field, std::initializer_list<size_t> shape) {
        return read<T>(field, shape, false);
    }
    template <typename T>
    Rows<T> array_or_none(const char* field, std::initializer_list<size_t> shape) {
        return read<T>(field, shape, true);
    }
    int integer(const char* field, int low, int high);
    bool flag(const char* field) { return integer(field, 0, 1) == 1; }
    float real(const char* field);  // a finite number
    // A row of anything.
    const std::vector<Wire>& row(const char* field);
    // The field as it is.
    const Wire& next(const char* field);
    // Whether there is a further field; and that there is none.
    bool more() const { return at_ < op_.row.size(); }
    void end() const;

    [[noreturn]] void fail(const char* field, const std::string& what) const;

  private:
    template <typename T>
    Rows<T> read(const char* field, std::initializer_list<size_t> shape, bool optional) {
        const Array* array = checked(field, scalar_of(T{}), shape, optional);
        Rows<T> found;
        if (!array) return found;
        found.data = static_cast<const T*>(array->data);
        found.step = 1;
        for (size_t k = 0; k < array->axes; ++k) {
            found.shape[k] = array->shape[k];
            if (k > 0) found.step *= array->shape[k];
        }
        return found;
    }
    const Array* checked(const char* field, Scalar scalar, std::initializer_list<size_t> shape, bool optional);

    static Scalar scalar_of(float) { return Scalar::f32; }
    static Scalar scalar_of(double) { return Scalar::f64; }
    static Scalar scalar_of(int64_t) { return Scalar::i64; }
    static Scalar scalar_of(uint64_t) { return Scalar::u64; }
    static Scalar scalar_of(uint8_t) { return Scalar::u8; }

    const Wire& op_;
    const char* name_;
    size_t at_ = 0;
};

}  // namespace augstream
