// Inputs that several rows of a batch read: decoded once, by whichever thread comes first, and kept until the last of
// them has run. Each row sees the very pixels that it would have decoded for itself.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

#include "run/job.h"
#include "run/loader.h"

namespace augstream {

inline int64_t since(std::chrono::steady_clock::time_point begin) {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now() - begin).count();
}

class Sharing {
  public:
    // Null where nothing is shared. An input that is read at several scales is not kept.
    static std::unique_ptr<Sharing> of(Job& job);

    // Input i as output `slot` reads it; false where it is not shared, or where what a row gets would depend on the
    // others, so that it has to decode for itself.
    bool view(Job& job, size_t slot, size_t i, const Hint& hint, Loader& loader, Planes& planes, ColorSpace& space);
    bool shared(size_t i) const { return shared_[i]; }
    // Output `slot` is done with all that it has read.
    void done(size_t slot);

  private:
    // One input at one scale.
    struct Decoded {
        size_t input = 0;
        Hint hint;  // all that is looked at
        size_t users = 0;

        std::mutex mutex;
        std::condition_variable decoded;
        enum class State : uint8_t { none, decoding, ready, useless } state = State::none;
        Planes planes;
        ColorSpace space = ColorSpace::rgb;
        Groups groups;
        std::vector<Buffer> memory;
    };

    void add(size_t slot, size_t input, const Hint& hint);
    static bool decode(Job& job, Decoded& image, Loader& loader);

    std::vector<uint8_t> shared_;  // by input
    std::deque<Decoded> decoded_;
    std::vector<std::vector<Decoded*>> scales_;  // by input
    std::vector<std::vector<Decoded*>> users_;   // by output, one entry each time it reads one
};

}  // namespace augstream
