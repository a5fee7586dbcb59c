#include "plan/kinds.h"

#include <stdexcept>
#include <string>

#include "filter/separable.h"
#include "gather/warp.h"
#include "mix/mix.h"
#include "points/color.h"
#include "points/curve.h"
#include "points/impulse.h"
#include "points/noise.h"
#include "points/shapes.h"

namespace augstream {
namespace {

template <typename T>
std::unique_ptr<Point> point(Fields& fields) {
    return std::make_unique<T>(fields);
}

template <typename T>
void head(Fields& fields, size_t, Step& step) {
    step.head = std::make_unique<T>(fields);
}

struct Kind {
    int tag;
    const char* name;
    // One of the two.
    void (*head)(Fields& fields, size_t inputs, Step& step);
    std::unique_ptr<Point> (*point)(Fields& fields);
};

constexpr Kind kKinds[] = {
    {0, "Warp", read_warp, nullptr},     {1, "Color", nullptr, point<Color>},
    {2, "Curve", nullptr, point<Curve>}, {3, "Filter", head<Filter>, nullptr},
    {4, "Noise", nullptr, point<Noise>}, {5, "Shapes", nullptr, point<Shapes>},
    {6, "Mix", read_mix, nullptr},       {20, "Impulse", nullptr, point<Impulse>},
};

const Kind& kind_of(const Wire& op) {
    if (op.kind != Wire::Kind::row || op.row.empty() || op.row[0].kind != Wire::Kind::number)
        throw std::invalid_argument("an op must be (tag, field, ...); got " + text(op));
    for (const Kind& kind : kKinds)
        if (kind.tag == op.row[0].number) return kind;
    throw std::invalid_argument("the core has no op of kind " + number_text(op.row[0].number));
}

}  // namespace

std::unique_ptr<Point> read_point(const Wire& op, size_t rows, size_t channels) {
    const Kind& kind = kind_of(op);
    if (!kind.point) throw std::invalid_argument(std::string("a ") + kind.name + " stands among the points of a step");
    Fields fields(op, kind.name, rows, channels);
    fields.next("tag");
    std::unique_ptr<Point> made = kind.point(fields);
    fields.end();
    return made;
}

void read_head(const Wire& op, size_t rows, size_t channels, size_t inputs, Step& step) {
    const Kind& kind = kind_of(op);
    if (!kind.head) throw std::invalid_argument(std::string("a ") + kind.name + " stands as the head of a step");
    Fields fields(op, kind.name, rows, channels);
    fields.next("tag");
    kind.head(fields, inputs, step);
    fields.end();
}

}  // namespace augstream
