#include "draw/groups.h"

#include <map>

namespace augstream {

std::vector<std::vector<int64_t>> groups(const std::vector<Column>& columns, size_t n) {
    std::map<std::vector<double>, std::vector<int64_t>> found;
    std::vector<double> numbers(columns.size());
    for (size_t i = 0; i < n; ++i) {
        for (size_t k = 0; k < columns.size(); ++k) numbers[k] = columns[k][i];
        found[numbers].push_back(static_cast<int64_t>(i));
    }
    std::vector<std::vector<int64_t>> made;
    for (auto& [_, rows] : found) made.push_back(std::move(rows));
    return made;
}

}  // namespace augstream
