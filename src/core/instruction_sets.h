// The instruction sets that the core is compiled for. It takes the best that the machine has; tests hold them together.
#pragma once

#include <string>
#include <vector>

namespace augstream {

// Those of this machine, best first.
std::vector<std::string> instruction_sets();

// For tests: from now on every thread uses this one, or, with an empty name, the best again. False where the machine
// lacks it.
bool use_instruction_set(const std::string& name);

}  // namespace augstream
