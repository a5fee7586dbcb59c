// One row through its steps: decode, then step by step, each of which gathers, looks around or blends, and ends in
// points.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "gather/sampler.h"
#include "plan/leaves.h"
#include "points/bytes.h"
#include "run/conversion.h"
#include "run/job.h"
#include "run/loader.h"

namespace augstream {

// Where the rows of the last step go.
struct Sink {
    Size size;                         // of the whole image
    Part part;                         // what of it is wanted; the lines begin at part.x0
    Emit take;                         // y of the whole image
    const EmitBytes* bytes = nullptr;  // where it ends as bytes
    // Where it ends as bytes, with all of a pixel's channels side by side in one line.
    const EmitBytes* packed = nullptr;
};

// The memory of one thread for this. Never shared.
class Chain {
  public:
    void run(Job& job, size_t slot, const Way& way, const Sink& sink) { steps({job, slot, way}, sink, 0); }
    // The input that was looked at last, or -1: whose fault an exception is.
    int64_t at_hand() const { return at_hand_; }
    void forget() { at_hand_ = -1; }

  private:
    struct Row {
        Job& job;
        size_t slot;
        const Way& way;
    };
    struct Image {
        Size size;
        bool loaded = false;  // planes are there, of channels
        Planes planes;
    };
    using Points = std::vector<const Point*>;

    void steps(const Row& at, const Sink& sink, size_t depth);
    void step(const Row& at, const Step& step, Image& image, const Sink& sink);
    void gather(const Row& at, const Step& step, const Points& points, Image& image, const Sink& sink);
    bool gather_bytes(const Row& at, const Points& points, const Levels& levels, const Sink& sink);
    void look(const Row& at, const Step& step, const Points& points, Image& image, const Sink& sink);
    void to_bytes(const Row& at, Image& image);
    bool look_packed(const Row& at, const Head& head, const Sink& sink);
    void blend(const Row& at, const Mix& mix, Image& image, size_t depth);
    Levels load(const Row& at, const Mapping& mapping, Image& image, const Color* color);

    Loader loader_;
    Sampler sampler_;
    Conversion conversion_;
    BytePoints byte_points_;
    Head::Scratch scratch_;
    std::vector<Buffer> results_[2], bytes_;
    std::deque<std::vector<Buffer>> blends_;  // by depth
    int64_t at_hand_ = -1;
};

}  // namespace augstream
