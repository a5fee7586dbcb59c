// Arrays of Python, by the buffer protocol: several times as fast as the general cast where a call brings many of them.
#pragma once

#include <vector>

#include "parts.h"
#include "plan/wire.h"

// Keeps the memory of arrays alive, and where it is, until the call is over. Destroyed with the GIL held.
class Buffers {
  public:
    Buffers() = default;
    ~Buffers() {
        for (Py_buffer& view : views_) PyBuffer_Release(&view);
    }
    Buffers(const Buffers&) = delete;
    Buffers& operator=(const Buffers&) = delete;

    // The array itself, never a converted copy of it. A TypeError if it has gaps, or a type that the core does not
    // know.
    augstream::Array array(nb::handle value, bool writable = false);
    // Numbers, arrays, and tuples or lists of such.
    augstream::Wire wire(nb::handle value, int depth = 0);

  private:
    std::vector<Py_buffer> views_;
};
