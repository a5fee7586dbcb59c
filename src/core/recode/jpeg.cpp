// As Pillow saves and loads it: baseline, chroma at half the size, the accurate integer transform, smooth upsampling.
#include <cstdio>
// libjpeg needs FILE first.
#include <jpeglib.h>

#include <algorithm>
#include <csetjmp>
#include <cstdlib>
#include <stdexcept>
#include <string>

#include "recode/codecs.h"

namespace augstream {
namespace {

struct Errors {
    jpeg_error_mgr manager;  // must be first: libjpeg hands back a pointer to it
    std::jmp_buf out;
    char message[JMSG_LENGTH_MAX];
};

[[noreturn]] void on_error(j_common_ptr info) {
    auto* errors = reinterpret_cast<Errors*>(info->err);
    errors->manager.format_message(info, errors->message);
    std::longjmp(errors->out, 1);
}

void on_message(j_common_ptr, int) {}

// One of libjpeg's two objects, with what it allocates.
template <typename Info>
struct Object {
    Errors errors{};
    Info info{};

    Object() {
        info.err = jpeg_std_error(&errors.manager);
        errors.manager.error_exit = on_error;
        errors.manager.emit_message = on_message;
    }
    ~Object() { jpeg_destroy(reinterpret_cast<j_common_ptr>(&info)); }
    Object(const Object&) = delete;
    Object& operator=(const Object&) = delete;
};

// The file. It fits into the memory it is given; libjpeg would take some of its own otherwise.
struct File {
    uint8_t* const own;
    uint8_t* data;
    unsigned long bytes;  // NOLINT(google-runtime-int): libjpeg's

    File(uint8_t* memory, size_t room) : own(memory), data(memory), bytes(room) {}
    ~File() {
        if (data != own) std::free(data);
    }
    File(const File&) = delete;
    File& operator=(const File&) = delete;
};

// A call of libjpeg for each line would cost a twentieth of all.
constexpr int kLines = 16;

// Nothing with a destructor may be made behind setjmp.
bool encode(Object<jpeg_compress_struct>& object, const Coded& image, int quality, uint8_t** lines, File& file) {
    if (setjmp(object.errors.out)) return false;
    jpeg_compress_struct& info = object.info;
    jpeg_create_compress(&info);
    jpeg_mem_dest(&info, &file.data, &file.bytes);
    info.image_width = static_cast<JDIMENSION>(image.size.width);
    info.image_height = static_cast<JDIMENSION>(image.size.height);
    info.input_components = image.channels;
    info.in_color_space = image.channels == 3 ? JCS_RGB : JCS_GRAYSCALE;
    jpeg_set_defaults(&info);
    jpeg_set_quality(&info, quality, TRUE);
    jpeg_start_compress(&info, TRUE);
    for (int y = 0; y < image.size.height; y += kLines) {
        const int many = std::min(kLines, image.size.height - y);
        for (int k = 0; k < many; ++k) image.read(y + k, lines[k]);
        jpeg_write_scanlines(&info, lines, static_cast<JDIMENSION>(many));
    }
    jpeg_finish_compress(&info);
    return true;
}

bool decode(Object<jpeg_decompress_struct>& object, const Coded& image, const File& file, uint8_t** lines) {
    if (setjmp(object.errors.out)) return false;
    jpeg_decompress_struct& info = object.info;
    jpeg_create_decompress(&info);
    jpeg_mem_src(&info, file.data, file.bytes);
    jpeg_read_header(&info, TRUE);
    jpeg_start_decompress(&info);
    for (int y = 0; y < image.size.height;) {
        const int many = static_cast<int>(jpeg_read_scanlines(&info, lines, kLines));
        for (int k = 0; k < many; ++k) image.write(y + k, lines[k]);
        y += many;
    }
    jpeg_finish_decompress(&info);
    return true;
}

size_t rounded_up(int n) { return (static_cast<size_t>(n) + 15) / 16 * 16; }

}  // namespace

void code_jpeg(const Coded& image, int quality, Head::Scratch& scratch) {
    const auto [height, width] = image.size;
    if (height > JPEG_MAX_DIMENSION || width > JPEG_MAX_DIMENSION)
        throw std::runtime_error("an image of " + std::to_string(height) + " x " + std::to_string(width) +
                                 " pixels does not fit into a JPEG, which holds " + std::to_string(JPEG_MAX_DIMENSION) +
                                 " a side at most");
    // The most that libjpeg-turbo says (tjBufSize) a file may need.
    const size_t room = rounded_up(height) * rounded_up(width) * 3 + 2048;
    File file(scratch[0].take<uint8_t>(room), room);
    const size_t pitch = static_cast<size_t>(width) * static_cast<size_t>(image.channels) + kSlack;
    uint8_t* lines[kLines];
    lines[0] = scratch[1].take<uint8_t>(kLines * pitch);
    for (int k = 1; k < kLines; ++k) lines[k] = lines[k - 1] + pitch;
    Object<jpeg_compress_struct> encoder;
    if (!encode(encoder, image, quality, lines, file))
        throw std::runtime_error(std::string("JPEG: ") + encoder.errors.message);
    Object<jpeg_decompress_struct> decoder;
    if (!decode(decoder, image, file, lines)) throw std::runtime_error(std::string("JPEG: ") + decoder.errors.message);
}

}  // namespace augstream
