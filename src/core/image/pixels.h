// Arrays of pixels as they come in and go out, and the kernels that go between them and planes.
#pragma once

#include <cstddef>
#include <cstdint>

namespace augstream {

enum class Layout : uint8_t { nhwc, nchw };
enum class Type : uint8_t { u8, u16, f16, bf16, f32 };
inline size_t element_size(Type type) { return type == Type::u8 ? 1 : type == Type::f32 ? 4 : 2; }

// Pixels [x0, x1) of one interleaved row to planes of u8 or, for other types, floats.
void unpack_row(const void* row, Type type, int channels, int x0, int x1, void* const* out);
// n values of an image that nothing is done to; false where these types have to go the long way.
// Floats are written past the cache: flush_pixels() comes before another thread may look.
bool copy_pixels(const void* in, Type from, size_t n, Type to, void* out);
void flush_pixels();

}  // namespace augstream
