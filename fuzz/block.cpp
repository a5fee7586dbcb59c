// Any bytes as a block of a cache: it is refused, or it can be looked at in any way, and its pixels lie within it.

#include <cstdint>
#include <cstring>
#include <exception>
#include <iterator>

#include "stored.h"
#include "view.h"

namespace {

using namespace augstream;
using namespace augstream::fuzz;

void windows(const uint8_t* data, size_t size, const Stored& stored, Random& random) {
    const int last_row = stored.height - 1, top = pick(random, 0, 1) ? last_row : pick(random, 0, last_row);
    const int left = pick(random, 0, stored.width - 1);
    const Hint hint{top, pick(random, top + 1, stored.height), left, pick(random, left + 1, stored.width),
                    static_cast<int>(stored.denominator)};
    Planes planes;
    ColorSpace space;
    try {
        view_stored(data, stored, hint, pick(random, 0, 1), planes, space);
    } catch (const std::exception&) {
        return;
    }
    for (const Plane& p : planes.plane) {
        expect(0 <= p.x0 && p.x0 < p.x1 && p.x1 <= p.width, "a window has columns of its plane");
        expect(0 <= p.y0 && p.y0 < p.y1 && p.y1 <= p.height, "a window has rows of its plane");
        const uint8_t *first = p.row<uint8_t>(p.y0), *last = p.row<uint8_t>(p.y1 - 1) + p.x1 + kSlack;
        expect(data + kStoredFront <= first && last <= data + size, "a window lies within its block");
    }
}

}  // namespace

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t most);

// The front is small among the pixels, and what it holds is what matters: most changes are to its numbers.
extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t most, unsigned seed) {
    constexpr int32_t kNumbers[] = {-1, 0, 1, 2, 3, 8, 16, 255, 1 << 15, 65535, 1 << 16, INT32_MAX};
    constexpr int32_t kScales[] = {0x3FF00000, 0x3FE00000, 0x3FD55555, 0x3FC00000,
                                   0x3F600000};  // 1 to 1/512, as doubles
    Random random(seed);
    if (size < sizeof(Stored) || pick(random, 0, 3) == 0) return LLVMFuzzerMutate(data, size, most);
    for (int count = pick(random, 1, 6); count > 0; --count) {
        const size_t at = sizeof(Stored::magic) + 4 * static_cast<size_t>(pick(random, 0, (sizeof(Stored) - 12) / 4));
        int32_t number = pick(random, 0, 299);
        if (number < 200) number = kNumbers[static_cast<size_t>(number) % std::size(kNumbers)];
        if (number >= 280) number = kScales[static_cast<size_t>(number) % std::size(kScales)];
        std::memcpy(data + at, &number, sizeof number);
    }
    return size;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    Stored stored;
    if (!read_stored(data, size, stored)) return 0;
    Random random = random_of(data, size);
    Source source;  // as the bindings make it
    source.stored = source.encoded = stored.kind == 0;
    source.data = data + (source.stored ? 0 : kStoredFront);
    source.bytes = size;
    source.height = stored.height;
    source.width = stored.width;
    source.channels = static_cast<int>(stored.components);
    if (source.stored) windows(data, size, stored, random);
    const int channels = source.stored ? (pick(random, 0, 1) ? 3 : 1) : source.channels;
    Worker used;
    for (const View& view : views(random, source.height, source.width, channels)) {
        Worker fresh;
        expect(show(used, source, view).same(show(fresh, source, view)), "a block gives the same behind another view");
    }
    return 0;
}
