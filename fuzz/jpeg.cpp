// Any bytes as a JPEG, through both decoders: the plain one and libjpeg. Behind another file it gives what it gives
// alone, a region is a part of the whole, and from the block that a cache keeps come the pixels of the file.

#include <cstdio>
// jpeglib.h needs the one above.
#include <jpeglib.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "jpeg/decoder.h"
#include "view.h"

namespace {

using namespace augstream;
using namespace augstream::fuzz;

constexpr int kMostPixels = 1 << 17;  // more take longer and show no more

// Files that leave tables of their own behind.
std::vector<uint8_t> other_file(bool progressive) {
    jpeg_compress_struct info;
    jpeg_error_mgr errors;
    info.err = jpeg_std_error(&errors);
    jpeg_create_compress(&info);
    uint8_t* memory = nullptr;
    unsigned long bytes = 0;
    jpeg_mem_dest(&info, &memory, &bytes);
    info.image_width = info.image_height = 48;
    info.input_components = 3;
    info.in_color_space = JCS_RGB;
    jpeg_set_defaults(&info);
    jpeg_set_quality(&info, 35, TRUE);
    info.optimize_coding = TRUE;
    if (progressive) jpeg_simple_progression(&info);
    jpeg_start_compress(&info, TRUE);
    Random random(7);
    std::vector<uint8_t> line(3 * info.image_width);
    while (info.next_scanline < info.image_height) {
        for (uint8_t& level : line) level = static_cast<uint8_t>(pick(random, 0, 255));
        uint8_t* row = line.data();
        jpeg_write_scanlines(&info, &row, 1);
    }
    jpeg_finish_compress(&info);
    std::vector<uint8_t> file(memory, memory + bytes);
    jpeg_destroy_compress(&info);
    std::free(memory);
    return file;
}

struct Decoded {
    std::string reason;
    bool plain = false;
    ColorSpace space = ColorSpace::gray;
    std::vector<Plane> plane;
    std::vector<std::vector<uint8_t>> pixels;

    uint8_t at(size_t c, int y, int x) const {
        const Plane& p = plane[c];
        return pixels[c][static_cast<size_t>((y - p.y0) * (p.x1 - p.x0) + x - p.x0)];
    }
};

Decoded decode(JpegDecoder& decoder, const uint8_t* data, size_t size, const Hint& hint, bool luma_only) {
    Decoded decoded;
    Planes planes;
    decoded.reason = decoder.decode(data, size, hint, luma_only, planes, decoded.space);
    if (!decoded.reason.empty()) return decoded;
    decoded.plain = decoder.plain();
    decoded.plane = planes.plane;
    for (const Plane& p : planes.plane) {
        std::vector<uint8_t>& pixels = decoded.pixels.emplace_back();
        for (int y = p.y0; y < p.y1; ++y)
            pixels.insert(pixels.end(), p.row<uint8_t>(y), p.row<uint8_t>(y) + (p.x1 - p.x0));
    }
    return decoded;
}

// Whether all pixels of a region are those of the whole.
bool part_of(const Decoded& part, const Decoded& whole) {
    if (part.space != whole.space || part.plane.size() != whole.plane.size()) return false;
    for (size_t c = 0; c < part.plane.size(); ++c) {
        const Plane &p = part.plane[c], &w = whole.plane[c];
        if (p.x0 < w.x0 || p.y0 < w.y0 || p.x1 > w.x1 || p.y1 > w.y1) return false;
        for (int y = p.y0; y < p.y1; ++y)
            for (int x = p.x0; x < p.x1; ++x)
                if (part.at(c, y, x) != whole.at(c, y, x)) return false;
    }
    return true;
}

void decoders(const uint8_t* data, size_t size, int height, int width, Random& random) {
    static const std::vector<uint8_t> others[] = {other_file(false), other_file(true)};
    const bool luma_only = pick(random, 0, 1);
    const int denominator = 1 << std::max(0, pick(random, -3, 3));
    const Hint all{0, height, 0, width, denominator};
    JpegDecoder fresh, used;
    const Decoded alone = decode(fresh, data, size, all, luma_only);
    const auto same = [&](const char* what) {
        const Decoded again = decode(used, data, size, all, luma_only);
        expect(again.reason == alone.reason && again.plain == alone.plain && part_of(again, alone) &&
                   part_of(alone, again),
               what);
    };
    for (const std::vector<uint8_t>& other : others) {
        decode(used, other.data(), other.size(), {0, 48, 0, 48, denominator}, false);
        same("a file gives the same behind another one");
    }
    decode(used, data, size / 2, all, luma_only);
    same("a file gives the same behind one that is cut off");

    const int top = pick(random, 0, height - 1), left = pick(random, 0, width - 1);
    const Hint hint{top, pick(random, top + 1, height), left, pick(random, left + 1, width), denominator};
    const Decoded part = decode(used, data, size, hint, luma_only);
    if (!alone.reason.empty()) return;
    expect(part.reason.empty(), "a region of a whole file is readable");
    expect(part.plain || !alone.plain, "a region of a plain file is plain");
    if (part.plain == alone.plain) expect(part_of(part, alone), "a region is a part of the whole");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const JpegHeader header = read_jpeg_header(data, size);
    if (!header.supported || int64_t{header.height} * header.width > kMostPixels) return 0;
    Random random = random_of(data, size);
    decoders(data, size, header.height, header.width, random);

    Sample sample;
    sample.data = data;
    sample.bytes = size;
    sample.height = header.height;
    sample.width = header.width;
    Worker worker;
    for (const View& view : views(random, header.height, header.width, pick(random, 0, 1) ? 3 : 1)) {
        const Shown decoded = show(worker, sample, view);
        const Shown keeping = show(worker, sample, view, true);
        expect(decoded.same(keeping), "keeping an image does not change it");
        if (!keeping.block.data) continue;
        Stored stored;
        expect(read_stored(keeping.block.data.get(), keeping.block.bytes, stored), "what is kept is a block");
        Sample kept = sample;
        kept.stored = true;
        kept.data = keeping.block.data.get();
        kept.bytes = keeping.block.bytes;
        expect(decoded.same(show(worker, kept, view)), "a block gives the pixels of its file");
    }
    return 0;
}
