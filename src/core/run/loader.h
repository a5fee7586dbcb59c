// Inputs to planes: no more of them than is looked at.
#pragma once

#include <string>
#include <vector>

#include "image/plane.h"
#include "jpeg/decoder.h"
#include "run/job.h"

namespace augstream {

// The decoder of one thread, and its memory. Never shared.
class Loader {
  public:
    // Of input i, for output `slot`. The planes are valid until the next call, or until the output is done.
    void load(Job& job, size_t slot, size_t i, const Hint& hint, Planes& planes, ColorSpace& space);

    // A file to planes; where they are to be kept, all of them, and then those that the hint asks for. Returns the
    // reason of a failure, or an empty string.
    std::string decode(Job& job, size_t i, const Hint& hint, bool keep, Planes& planes, ColorSpace& space);
    // Whether a file that has just been decoded in part by a larger hint would have gone through the same decoder by
    // any smaller one.
    bool settled(const Sample& sample, const Hint& hint, bool luma_only);
    const Groups& groups() const { return decoder_.groups(); }

  private:
    void unpack(const Sample& sample, const Hint& hint, Planes& planes);

    JpegDecoder decoder_;
    std::vector<Buffer> loaded_;
};

}  // namespace augstream
