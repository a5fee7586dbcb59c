// One number for each image, or the same for all: what draws and matrix builders take.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace augstream {

struct Column {
    enum class Kind { real, whole, truth };

    const char* data = nullptr;
    ptrdiff_t stride = 0;
    Kind kind = Kind::real;
    double value = 0;  // of all, where there is no data

    double operator[](size_t row) const {
        if (!data) return value;
        const char* const place = data + static_cast<ptrdiff_t>(row) * stride;
        if (kind == Kind::real) return load<double>(place);
        return kind == Kind::whole ? static_cast<double>(load<int64_t>(place)) : load<uint8_t>(place);
    }

  private:
    template <typename T>
    static T load(const char* place) {
        T number;
        std::memcpy(&number, place, sizeof number);
        return number;
    }
};

}  // namespace augstream
