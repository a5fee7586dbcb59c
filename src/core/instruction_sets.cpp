#include "instruction_sets.h"

#include <hwy/highway.h>

namespace augstream {

std::vector<std::string> instruction_sets() {
    std::vector<std::string> names;
    for (const int64_t target : hwy::SupportedAndGeneratedTargets()) names.emplace_back(hwy::TargetName(target));
    return names;
}

bool use_instruction_set(const std::string& name) {
    for (const int64_t target : hwy::SupportedAndGeneratedTargets()) {
        if (name != hwy::TargetName(target)) continue;
        hwy::GetChosenTarget().Update(target);
        return true;
    }
    if (name.empty()) hwy::GetChosenTarget().Update(hwy::SupportedTargets());
    return name.empty();
}

}  // namespace augstream
