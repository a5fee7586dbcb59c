// A plan as it comes over the border to Python: numbers, arrays, and rows of such. What they mean is the business of
// the kinds (kinds.cpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace augstream {

enum class Scalar : uint8_t { u8, u16, u64, i64, f16, f32, f64 };

// Without gaps, the last axis first in memory; the caller keeps it alive.
struct Array {
    static constexpr size_t kMostAxes = 4;
    const void* data = nullptr;
    Scalar scalar = Scalar::f32;
    size_t axes = 0;
    size_t shape[kMostAxes] = {};
};

struct Wire {
    enum class Kind : uint8_t { none, number, array, row } kind = Kind::none;
    double number = 0;
    Array array;
    std::vector<Wire> row;
};

// "(3, 4, 4) of float32"
std::string text(const Wire& wire);
std::string number_text(double number);

}  // namespace augstream
