// As Pillow saves and loads it: lossy, method 4.
#include <webp/decode.h>
#include <webp/encode.h>

#include <stdexcept>
#include <string>

#include "recode/codecs.h"

namespace augstream {
namespace {

struct Picture {
    WebPPicture picture;
    WebPMemoryWriter file;

    Picture() {
        if (!WebPPictureInit(&picture)) throw std::runtime_error("WebP: another version of the library");
        WebPMemoryWriterInit(&file);
        picture.writer = WebPMemoryWrite;
        picture.custom_ptr = &file;
    }
    ~Picture() {
        WebPPictureFree(&picture);
        WebPMemoryWriterClear(&file);
    }
    Picture(const Picture&) = delete;
    Picture& operator=(const Picture&) = delete;
};

// Luma as Pillow's convert("L") has it.
uint8_t gray(const uint8_t* p) {
    return static_cast<uint8_t>((p[0] * 19595 + p[1] * 38470 + p[2] * 7471 + 0x8000) >> 16);
}

}  // namespace

void code_webp(const Coded& image, int quality, Head::Scratch& scratch) {
    const auto [height, width] = image.size;
    if (height > WEBP_MAX_DIMENSION || width > WEBP_MAX_DIMENSION)
        throw std::runtime_error("an image of " + std::to_string(height) + " x " + std::to_string(width) +
                                 " pixels does not fit into a WebP, which holds " + std::to_string(WEBP_MAX_DIMENSION) +
                                 " a side at most");
    const size_t n = static_cast<size_t>(width), pitch = 3 * n + kSlack, rows = static_cast<size_t>(height);
    uint8_t* const pixels = scratch[0].take<uint8_t>(pitch * rows);
    for (int y = 0; y < height; ++y) {
        uint8_t* const line = pixels + static_cast<size_t>(y) * pitch;
        image.read(y, line);
        // WebP has no gray.
        for (size_t x = n; image.channels == 1 && x-- > 0;) line[3 * x] = line[3 * x + 1] = line[3 * x + 2] = line[x];
    }
    WebPConfig config;
    if (!WebPConfigInit(&config)) throw std::runtime_error("WebP: another version of the library");
    config.quality = static_cast<float>(quality);
    Picture coded;
    coded.picture.width = width;
    coded.picture.height = height;
    if (!WebPPictureImportRGB(&coded.picture, pixels, static_cast<int>(pitch)) || !WebPEncode(&config, &coded.picture))
        throw std::runtime_error("WebP: the encoder's error " + std::to_string(coded.picture.error_code));
    if (!WebPDecodeRGBInto(coded.file.mem, coded.file.size, pixels, pitch * rows, static_cast<int>(pitch)))
        throw std::runtime_error("WebP: what was encoded cannot be decoded");
    for (int y = 0; y < height; ++y) {
        uint8_t* const line = pixels + static_cast<size_t>(y) * pitch;
        for (size_t x = 0; image.channels == 1 && x < n; ++x) line[x] = gray(line + 3 * x);
        image.write(y, line);
    }
}

}  // namespace augstream
