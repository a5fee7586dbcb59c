// Where the pixels of a row of output look. Compiled for each instruction set.
#if defined(AUGSTREAM_GATHER_PLACES_TARGET) == defined(HWY_TARGET_TOGGLE)
#ifdef AUGSTREAM_GATHER_PLACES_TARGET
#undef AUGSTREAM_GATHER_PLACES_TARGET
#else
#define AUGSTREAM_GATHER_PLACES_TARGET
#endif

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace augstream {
namespace HWY_NAMESPACE {

// The image place of each output pixel of a row, lane by lane from pixel 0 on; numbers that vary along the row only
// linearly are started in double precision, so that places are exact to a thousandth of a pixel up to 16384 of them.
struct Places {
    using F = hwy::HWY_NAMESPACE::Vec<hwy::HWY_NAMESPACE::ScalableTag<float>>;
    F u0, v0, w0, du, dv, dw;
    bool perspective;

    Places(const double* m, int y) {
        namespace hn = hwy::HWY_NAMESPACE;
        const hn::ScalableTag<float> df;
        const double c = y + 0.5;
        u0 = hn::Set(df, static_cast<float>(m[0] * 0.5 + m[1] * c + m[2]));
        v0 = hn::Set(df, static_cast<float>(m[3] * 0.5 + m[4] * c + m[5]));
        w0 = hn::Set(df, static_cast<float>(m[6] * 0.5 + m[7] * c + m[8]));
        du = hn::Set(df, static_cast<float>(m[0]));
        dv = hn::Set(df, static_cast<float>(m[3]));
        dw = hn::Set(df, static_cast<float>(m[6]));
        perspective = m[6] != 0 || m[7] != 0;
    }

    void at(size_t j, F& u, F& v) const {
        namespace hn = hwy::HWY_NAMESPACE;
        const hn::ScalableTag<float> df;
        const F x = hn::Iota(df, static_cast<float>(j));
        u = hn::MulAdd(x, du, u0);
        v = hn::MulAdd(x, dv, v0);
        if (perspective) ahead(hn::MulAdd(x, dw, w0), u, v);
    }

    // Far outside is what is behind the camera.
    static void ahead(F w, F& u, F& v) {
        namespace hn = hwy::HWY_NAMESPACE;
        const hn::ScalableTag<float> df;
        const auto seen = hn::Gt(w, hn::Set(df, 1e-9f));
        const F far = hn::Set(df, -1e6f);
        u = hn::IfThenElse(seen, hn::Div(u, w), far);
        v = hn::IfThenElse(seen, hn::Div(v, w), far);
    }
};

// The same behind a field, from where it has moved each pixel.
struct BentPlaces {
    using F = Places::F;
    F m[9];
    const float *x, *y;
    bool perspective;

    BentPlaces(const double* matrix, const float* across, const float* down) : x(across), y(down) {
        namespace hn = hwy::HWY_NAMESPACE;
        const hn::ScalableTag<float> df;
        for (int i = 0; i < 9; ++i) m[i] = hn::Set(df, static_cast<float>(matrix[i]));
        perspective = matrix[6] != 0 || matrix[7] != 0;
    }

    void at(size_t j, F& u, F& v) const {
        namespace hn = hwy::HWY_NAMESPACE;
        const hn::ScalableTag<float> df;
        const F px = hn::LoadU(df, x + j), py = hn::LoadU(df, y + j);
        u = hn::MulAdd(m[0], px, hn::MulAdd(m[1], py, m[2]));
        v = hn::MulAdd(m[3], px, hn::MulAdd(m[4], py, m[5]));
        if (perspective) Places::ahead(hn::MulAdd(m[6], px, hn::MulAdd(m[7], py, m[8])), u, v);
    }
};

}  // namespace HWY_NAMESPACE
}  // namespace augstream
HWY_AFTER_NAMESPACE();

#endif
