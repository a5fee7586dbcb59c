// The head of a step that makes images of whole images: what looks at a neighborhood. (A warp is none of these: it
// reads a JPEG's planes as they come. Nor is a mix, which has several sources.)
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <type_traits>

#include "image/plane.h"

namespace augstream {

struct Size {
    int height = 0, width = 0;
};

// What takes the rows of an image, from the upper one on: y and a line per channel, with room for kRowPad more pixels
// behind each. Whoever takes a row may write to it. A reference to any function, alive as long as that is.
template <typename T>
class EmitOf {
  public:
    template <typename F, typename = std::enable_if_t<!std::is_same_v<std::remove_cvref_t<F>, EmitOf>>>
    EmitOf(F&& take)
        : take_(const_cast<void*>(static_cast<const void*>(std::addressof(take)))),
          call_([](void* f, int y, T* const* rows) { (*static_cast<std::remove_reference_t<F>*>(f))(y, rows); }) {}

    void operator()(int y, T* const* rows) const { call_(take_, y, rows); }

  private:
    void* take_;
    void (*call_)(void*, int, T* const*);
};
using Emit = EmitOf<float>;
using EmitBytes = EmitOf<uint8_t>;

class Head {
  public:
    // Memory of the thread's, for anything.
    using Scratch = std::array<Buffer, 4>;

    virtual ~Head() = default;
    // Whether it leaves this row's image as it is: the step then has no head.
    virtual bool idle(size_t /*row*/) const { return false; }
    virtual Size size(size_t /*row*/, Size in) const { return in; }
    // in: one whole plane per channel, of bytes or floats, all of the image's size. Its first pixel stands at
    // plane.row<T>(0)[0]; memory behind a row's last pixel may be read for kSlack bytes, never written.
    virtual void run(const Planes& in, size_t row, Scratch& scratch, const Emit& emit) const = 0;
    // The same, rounded to bytes (to nearest even, clipped to 0..255). False, and nothing is emitted, where it cannot.
    virtual bool run_bytes(const Planes& /*in*/, size_t /*row*/, Scratch& /*scratch*/, const EmitBytes&) const {
        return false;
    }
    // The same of an image whose channels stand side by side in one plane, as they do in what is emitted.
    virtual bool run_packed(const Planes& /*in*/, size_t /*row*/, Scratch& /*scratch*/, const EmitBytes&) const {
        return false;
    }
};

}  // namespace augstream
