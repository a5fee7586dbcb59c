#include "jpeg/decoder.h"

#include <jerror.h>
#include <jpeglib.h>

#include <algorithm>
#include <csetjmp>
#include <cstdio>
#include <cstring>
#include <tuple>
#include <vector>

#include "jpeg/baseline.h"

namespace augstream {
namespace {

// A progressive file may hold any number of scans, each of which costs a walk over the whole image.
constexpr int kMaxScans = 200;

struct Errors {
    jpeg_error_mgr manager;  // must be first: libjpeg hands back a pointer to it
    std::jmp_buf out;
    char message[JMSG_LENGTH_MAX];
    bool ended_early;
};

[[noreturn]] void on_error(j_common_ptr info) {
    auto* errors = reinterpret_cast<Errors*>(info->err);
    errors->manager.format_message(info, errors->message);
    std::longjmp(errors->out, 1);
}

// libjpeg calls it a warning when data is missing, and makes up gray blocks. Other warnings are harmless oddities. Once
// the first scan of a progressive file is whole, what a later one lacks is detail, and the image is what its writer
// meant.
void on_message(j_common_ptr info, int level) {
    if (level >= 0) return;
    auto* errors = reinterpret_cast<Errors*>(info->err);
    ++errors->manager.num_warnings;
    const int code = errors->manager.msg_code;
    const auto* decoder = reinterpret_cast<j_decompress_ptr>(info);
    const bool detail = decoder->progressive_mode && decoder->input_scan_number > 1;
    if (code == JWRN_JPEG_EOF || (code == JWRN_HIT_MARKER && !detail)) errors->ended_early = true;
}

void on_progress(j_common_ptr info) {
    if (!info->is_decompressor) return;
    if (reinterpret_cast<j_decompress_ptr>(info)->input_scan_number > kMaxScans) {
        auto* errors = reinterpret_cast<Errors*>(info->err);
        std::snprintf(errors->message, sizeof errors->message, "more than %d scans", kMaxScans);
        std::longjmp(errors->out, 1);
    }
}

uint32_t big16(const uint8_t* p) { return static_cast<uint32_t>(p[0]) << 8 | p[1]; }

// The orientation tag of an APP1 segment's first directory (Exif 2.32, 4.6.4), or 1.
int exif_orientation(const uint8_t* p, size_t bytes) {
    if (bytes < 14 || std::memcmp(p, "Exif\0", 6) != 0) return 1;
    p += 6;
    bytes -= 6;
    const bool little = p[0] == 'I';
    if (p[0] != p[1] || (!little && p[0] != 'M')) return 1;
    const auto u16 = [&](size_t at) {
        return little ? static_cast<uint32_t>(p[at]) | static_cast<uint32_t>(p[at + 1]) << 8 : big16(p + at);
    };
    const auto u32 = [&](size_t at) { return little ? u16(at) | u16(at + 2) << 16 : u16(at) << 16 | u16(at + 2); };
    const size_t directory = u32(4);
    if (u16(2) != 42 || directory + 2 > bytes) return 1;
    const size_t entries = u16(directory);
    for (size_t i = 0; i < entries && directory + 2 + 12 * (i + 1) <= bytes; ++i) {
        const size_t entry = directory + 2 + 12 * i;
        if (u16(entry) != 0x0112) continue;
        const uint32_t value = u16(entry + 2) == 4 ? u32(entry + 8) : u16(entry + 8);
        return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
    }
    return 1;
}

// Whether an end-of-image marker stands near the end of the file (some writers pad it).
bool has_end(const uint8_t* data, size_t bytes) {
    const size_t reach = std::min<size_t>(bytes, 4096);
    for (size_t i = 2; i <= reach; ++i)
        if (data[bytes - i] == 0xFF && data[bytes - i + 1] == JPEG_EOI) return true;
    return false;
}

}  // namespace

std::pair<int, int> groups_of(const Groups& groups, const Hint& hint) {
    const int total = (groups.height + groups.lines - 1) / groups.lines;
    // Chroma planes may be a row away from luma's neighborhood, hence a line more on both sides.
    const int scaled_top = hint.top / hint.denominator - 2, scaled_bottom = hint.bottom / hint.denominator + 3;
    const int top = std::clamp(scaled_top / groups.lines, 0, total - 1);
    return {top, std::clamp((scaled_bottom + groups.lines - 1) / groups.lines, top + 1, total)};
}

JpegHeader read_jpeg_header(const uint8_t* data, size_t bytes) {
    JpegHeader header;
    if (bytes < 4 || data[0] != 0xFF || data[1] != 0xD8) return header;
    bool oriented = false;
    for (size_t at = 2; at + 4 <= bytes;) {
        if (data[at] != 0xFF) {
            ++at;  // libjpeg also skips what stands between markers
            continue;
        }
        const int marker = data[at + 1];
        if (marker == 0xFF) {
            ++at;
            continue;
        }
        if (marker == 0 || marker == 0x01 || (marker >= 0xD0 && marker <= 0xD8)) {
            at += 2;
            continue;
        }
        if (marker == JPEG_EOI || marker == 0xDA) break;
        const size_t length = big16(data + at + 2);
        const uint8_t* body = data + at + 4;
        if (length < 2 || at + 2 + length > bytes) break;
        if (marker == JPEG_APP0 + 1 && !oriented && length > 16 && std::memcmp(body, "Exif\0", 6) == 0) {
            header.orientation = exif_orientation(body, length - 2);
            oriented = true;
        }
        const bool frame = marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
        if (frame && length >= 8) {
            header.height = static_cast<int>(big16(body + 1));
            header.width = static_cast<int>(big16(body + 3));
            header.components = body[5];
            const bool coding = marker <= 0xC2 || marker == 0xC9 || marker == 0xCA;
            header.supported = coding && body[0] == 8 && (header.components == 1 || header.components == 3) &&
                               header.width > 0 && header.height > 0;
            return header;
        }
        at += 2 + length;
    }
    return header;
}

struct JpegDecoder::State {
    jpeg_decompress_struct info{};
    jpeg_progress_mgr progress{};
    Errors errors{};
    Buffer buffer[3];
    std::vector<JSAMPROW> rows[3];
    Plane plane[3];
    int components = 0;
    ColorSpace space = ColorSpace::gray;
    Groups groups;
    bool plain = false;
    BaselineDecoder baseline;

    // No object with a destructor may live in here: longjmp jumps over it.
    bool read(const uint8_t* data, size_t bytes, const Hint& hint, bool luma_only);
    void lay_out(int top_group, int bottom_group);
};

JpegDecoder::JpegDecoder() : state_(std::make_unique<State>()) {
    State& s = *state_;
    s.info.err = jpeg_std_error(&s.errors.manager);
    s.errors.manager.error_exit = on_error;
    s.errors.manager.emit_message = on_message;
    s.progress.progress_monitor = on_progress;
}

JpegDecoder::~JpegDecoder() { jpeg_destroy_decompress(&state_->info); }

// Allocates the planes for groups [top, bottom) of rows (a group is what one call of jpeg_read_raw_data yields).
void JpegDecoder::State::lay_out(int top, int bottom) {
    for (int c = 0; c < components; ++c) {
        const jpeg_component_info& component = info.comp_info[c];
        const int lines = component.v_samp_factor * component.DCT_scaled_size;
        const int stored = (bottom - top) * lines;
        const ptrdiff_t stride = padded_stride(static_cast<int>(component.width_in_blocks) * component.DCT_scaled_size);
        Plane& p = plane[c];
        p.data = buffer[c].take<uint8_t>(static_cast<size_t>(stride) * (static_cast<size_t>(stored) + 2));
        p.element = Element::u8;
        p.stride = stride;
        p.width = static_cast<int>(component.downsampled_width);
        p.height = static_cast<int>(component.downsampled_height);
        p.x0 = 0;
        p.x1 = p.width;
        p.y0 = top * lines;
        p.y1 = std::min(bottom * lines, p.height);
        p.scale_x = component.h_samp_factor * component.DCT_scaled_size / (8.0 * info.max_h_samp_factor);
        p.scale_y = component.v_samp_factor * component.DCT_scaled_size / (8.0 * info.max_v_samp_factor);
        rows[c].resize(static_cast<size_t>(stored));
        for (int y = 0; y < stored; ++y) rows[c][static_cast<size_t>(y)] = static_cast<uint8_t*>(p.data) + y * stride;
    }
}

bool JpegDecoder::State::read(const uint8_t* data, size_t bytes, const Hint& hint, bool luma_only) {
    if (setjmp(errors.out)) {
        jpeg_abort_decompress(&info);
        return false;
    }
    // Anew for each file: a decompressor keeps its tables, and would read a file that has none with those of another.
    jpeg_destroy_decompress(&info);
    jpeg_create_decompress(&info);
    info.progress = &progress;
    errors.ended_early = false;
    errors.manager.num_warnings = 0;
    jpeg_mem_src(&info, data, bytes);
    jpeg_read_header(&info, TRUE);
    components = info.num_components;
    if ((components != 1 && components != 3) || info.data_precision != 8) {
        std::snprintf(errors.message, sizeof errors.message, "JPEG of %d components", components);
        jpeg_abort_decompress(&info);
        return false;
    }
    space = components == 1 ? ColorSpace::gray : info.jpeg_color_space == JCS_RGB ? ColorSpace::rgb : ColorSpace::ycc;
    info.raw_data_out = TRUE;
    info.out_color_space = info.jpeg_color_space;
    info.do_fancy_upsampling = FALSE;
    info.do_block_smoothing = TRUE;  // only takes place where a progressive file leaves out detail
    info.dct_method = JDCT_ISLOW;
    info.scale_num = 1;
    info.scale_denom = static_cast<unsigned>(hint.denominator);
    jpeg_start_decompress(&info);
    if (luma_only && space == ColorSpace::ycc) components = 1;
    const int lines = info.max_v_samp_factor * info.min_DCT_scaled_size;
    groups = {static_cast<int>(info.output_height), lines, {}};
    for (int c = 0; c < components; ++c)
        groups.plane_lines[c] = info.comp_info[c].v_samp_factor * info.comp_info[c].DCT_scaled_size;
    const int total = (groups.height + lines - 1) / lines;
    int top = 0, bottom = 0;
    std::tie(top, bottom) = groups_of(groups, hint);
    lay_out(top, bottom);

    // Rows above the region are only entropy-decoded: libjpeg skips the inverse DCT of a component that is not needed.
    JSAMPROW none = nullptr;
    for (int c = 0; c < info.num_components; ++c) info.comp_info[c].component_needed = FALSE;
    JSAMPROW* unused[3] = {&none, &none, &none};
    for (int group = 0; group < top; ++group) jpeg_read_raw_data(&info, unused, static_cast<JDIMENSION>(lines));
    for (int c = 0; c < components; ++c) info.comp_info[c].component_needed = TRUE;
    for (int group = top; group < bottom; ++group) {
        JSAMPROW* out[3] = {&none, &none, &none};
        for (int c = 0; c < components; ++c) {
            const jpeg_component_info& component = info.comp_info[c];
            out[c] = rows[c].data() + (group - top) * component.v_samp_factor * component.DCT_scaled_size;
        }
        jpeg_read_raw_data(&info, out, static_cast<JDIMENSION>(lines));
    }
    // Below the region nothing need be read, unless only reading tells whether the file is whole.
    if (bottom < total && !has_end(data, bytes)) {
        for (int c = 0; c < info.num_components; ++c) info.comp_info[c].component_needed = FALSE;
        for (; bottom < total; ++bottom) jpeg_read_raw_data(&info, unused, static_cast<JDIMENSION>(lines));
    }
    jpeg_abort_decompress(&info);
    if (errors.ended_early) std::snprintf(errors.message, sizeof errors.message, "the file is truncated");
    return !errors.ended_early;
}

std::string JpegDecoder::decode(const uint8_t* data, size_t bytes, const Hint& hint, bool luma_only, Planes& planes,
                                ColorSpace& space) {
    State& s = *state_;
    if (decode_plain(data, bytes, hint, luma_only, planes, space)) return {};
    if (!s.read(data, bytes, hint, luma_only)) return s.errors.message;
    planes.width = static_cast<int>(s.info.image_width);
    planes.height = static_cast<int>(s.info.image_height);
    planes.plane.assign(s.plane, s.plane + s.components);
    space = s.components == 1 && s.space == ColorSpace::ycc ? ColorSpace::gray : s.space;
    return {};
}

bool JpegDecoder::decode_plain(const uint8_t* data, size_t bytes, const Hint& hint, bool luma_only, Planes& planes,
                               ColorSpace& space) {
    State& s = *state_;
    s.plain = hint.denominator == 1 && s.baseline.decode(data, bytes, hint, luma_only, planes, space, s.groups);
    return s.plain;
}

const Groups& JpegDecoder::groups() const { return state_->groups; }

bool JpegDecoder::plain() const { return state_->plain; }

}  // namespace augstream
