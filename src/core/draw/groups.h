// Images in groups of those that are alike.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "column.h"

namespace augstream {

// The rows of each group of those that have the same numbers in all columns, in the order of these numbers.
std::vector<std::vector<int64_t>> groups(const std::vector<Column>& columns, size_t n);

}  // namespace augstream
